//! The binary against the oracle: on simulated data, on hostile lines, on the real data.

use crate::support::fields::SORTED;
use crate::support::generate::Random;
use crate::support::oracle::{File, Oracle};
use crate::support::real_data;
use crate::support::warehouse::{Cell, Site, assert_same, files_below, tables_of};

/// The file as the oracle takes it, named as `Site` has it.
fn file(site: &Site, name: &str, modified: i64, bytes: &[u8]) -> File {
    File { url: site.path(name).display().to_string(), modified, bytes: bytes.to_vec() }
}

#[test]
fn simulated_data_as_the_demo_loads_it() {
    let site = Site::new();
    site.run(&["demo", "--out", "demo"]).expect(0);
    let (logs, songs) = (files_below(&site.path("demo/log_data")), files_below(&site.path("demo/song_data")));
    let mut oracle = Oracle::default();
    let counts = oracle.load(&logs, &songs);
    assert!(counts.accepted > 6_000 && counts.rejected == 0 && logs.len() >= 28 && songs.len() > 20, "{counts:?}");
    let wanted = oracle.tables();
    assert_same(&tables_of(site.root(), &site.path("demo/sparkify.duckdb")), &wanted, "demo");
    let matched = |method: &str| wanted["songplays"].iter().filter(|row| row[12] == Cell::Text(method.to_owned())).count();
    assert!(
        matched("exact") > 100 && matched("repaired") > 100,
        "it matches both ways: {} {}",
        matched("exact"),
        matched("repaired")
    );

    // Once more as one file, gzipped, newest line first.
    let mut lines: Vec<&[u8]> = logs.iter().flat_map(|f| f.bytes.split(|&b| b == b'\n')).collect();
    lines.reverse();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gz, &lines.join(&b'\n')).unwrap();
    site.put("log_data/all.jsonl.gz", gz.finish().unwrap());
    std::fs::rename(site.path("demo/song_data"), site.path("song_data")).unwrap();
    let report = site.load(&["--json"]).expect(0).json();
    assert_eq!((report["lines"].as_u64(), report["accepted"].as_u64()), (Some(counts.lines), Some(counts.accepted)));
    assert_same(&site.tables(), &wanted, "one file, backwards");
    site.check_invariants();
}

#[test]
fn the_real_data_and_its_known_answers() {
    let Some(folder) = real_data() else { return };
    let site = Site::new();
    let (log_data, song_data) = (folder.join("log_data"), folder.join("song_data"));
    let mut arguments = vec!["load", "--json", "--warehouse", "w.duckdb", "--logs", log_data.to_str().unwrap()];
    arguments.extend(["--songs", song_data.to_str().unwrap()]);
    let report = site.run(&arguments).expect(0).json();
    for (key, want) in [
        ("files_listed", 101),
        ("files_loaded", 101),
        ("lines", 8056),
        ("accepted", 8056),
        ("duplicates", 0),
        ("rejected", 0),
        ("songplays_added", 6820),
        ("page_views_added", 1236),
        ("users", 97),
        ("songs", 71),
        ("artists", 69),
        ("matched", 1),
        ("song_records", 71),
        ("songs_rejected", 0),
    ] {
        assert_eq!(report[key], want, "{key}");
    }
    for (query, want) in [
        ("select count(*) from songplays", 6820),
        ("select count(*) from page_views", 1236),
        ("select count(*) from users", 97),
        ("select count(distinct user_id) from songplays", 96),
        ("select count(*) from songplays where user_id = 21", 0),
        ("select count(*) from users where user_id = 21", 1),
        ("select count(*) from songs", 71),
        ("select count(*) from artists", 69),
        ("select count(*) from time", 6813),
        ("select count(*) from users where level = 'free'", 75),
        ("select count(*) from users where level = 'paid'", 22),
        ("select count(*) from songplays where song_id is not null", 1),
        ("select count(*) from songplays where match_method is not null", 1),
    ] {
        assert_eq!(site.number(query), want, "{query}");
    }
    let changers = site.sql("select list(user_id order by user_id) as ids from (select user_id from user_levels group by user_id having count(*) > 1)");
    assert_eq!(changers[0]["ids"], serde_json::json!([15, 16, 29, 36, 49, 80, 85, 88]));
    site.check_invariants();

    let mut oracle = Oracle::default();
    let counts = oracle.load(&files_below(&log_data), &files_below(&song_data));
    assert_eq!((counts.accepted, counts.duplicates, counts.rejected), (8056, 0, 0));
    assert_same(&site.tables(), &oracle.tables(), "the real data");

    let again = site.run(&arguments).expect(0).json();
    assert_eq!((again["status"].as_str(), again["files_loaded"].as_u64()), (Some("nothing_new"), Some(0)));
}

/// Spellings of values that a line may meet, good and bad.
const HOSTILE: &[&str] = &[
    "null",
    "\"\"",
    "0",
    "-0",
    "-0.0",
    "39",
    "\"39\"",
    "\"39.0\"",
    "39.0",
    "3.9e1",
    "39.5",
    "\" 39\"",
    "true",
    "[]",
    "{}",
    "[1,{\"a\":null}]",
    "\"NextSong\"",
    "\"Home\"",
    "\"free\"",
    "\"paid\"",
    "\"\\u0000\"",
    "\"a\\u0000b\"",
    "\"\\ud83c\\udfb5\"",
    "\"\\ud83c\"",
    "\"Bj\\u00c3\\u00b6rk\"",
    "\"Bj\\u00c3\\u0083\\u00c2\\u00b6rk\"",
    "\"Björk\"",
    "\"\\\"quoted\\\"\"",
    "\"\\\"\"",
    "\"\\\"\\\"\"",
    "1e400",
    "1e-400",
    "99999999999999999999",
    "9223372036854775807",
    "-9223372036854775808",
    "2147483648",
    "-2147483648",
    "32768",
    "1541106106796",
    "\"1541106106796.0\"",
    "253402300800000",
    "-62135596800000",
    "NaN",
    "01",
    "1.",
    "'x'",
    "\"\\x\"",
    "\"\u{7f}\"",
    "\"tab\tinside\"",
    "\"漢字\"",
];

/// A key that no field has, and a field's key in another spelling.
const OTHER_KEYS: [&str; 2] = ["tag", "user\\u0049d"];

pub fn hostile_log(random: &mut Random, lines: usize) -> Vec<u8> {
    let keys = [SORTED, &OTHER_KEYS].concat();
    let mut bytes: Vec<u8> = Vec::new();
    for _ in 0..lines {
        if random.one_in(8) {
            // A line once more.
            let earlier: Vec<&[u8]> = bytes.split(|&b| b == b'\n').collect();
            let again = [earlier[random.below(earlier.len())], b"\n"].concat();
            bytes.extend_from_slice(&again);
            continue;
        }
        let mut pairs: Vec<(String, String)> = Vec::new();
        let mut put = |key: &str, value: String| pairs.push((key.to_owned(), value));
        put("ts", format!("{}", 1_541_106_000_000 + random.below(40) as i64 * 250));
        put("sessionId", random.below(3).to_string());
        put("itemInSession", random.below(3).to_string());
        put("page", format!("\"{}\"", random.pick(&["NextSong", "NextSong", "Home"])));
        put("userId", format!("\"{}\"", random.below(4) + 1));
        put("level", format!("\"{}\"", random.pick(&["free", "paid"])));
        put("song", format!("\"{}\"", random.pick(&["One", "Bj\\u00c3\\u00b6rk", "Two"])));
        put("artist", format!("\"{}\"", random.pick(&["A", "Ã©", "é"])));
        put("length", format!("{}.5", random.below(4) * 100));
        for _ in 0..random.below(3) {
            put(random.pick(&keys), random.pick(HOSTILE).to_owned());
        }
        if random.one_in(4) {
            let at = random.below(pairs.len());
            pairs.remove(at);
        }
        for i in (1..pairs.len()).rev() {
            if random.one_in(3) {
                pairs.swap(i, random.below(i + 1));
            }
        }
        let space = random.pick(&["", "", " ", "\t"]);
        let fields: Vec<String> = pairs.iter().map(|(key, value)| format!("\"{key}\"{space}:{space}{value}{space}")).collect();
        let line = format!("{space}{{{}}}{}", fields.join(","), random.pick(&["", "", "", " ", "\r", "x", "}"]));
        bytes.extend_from_slice(line.as_bytes());
        if random.one_in(40) {
            let at = bytes.len() - 1 - random.below(line.len() - 1);
            bytes[at] = random.below(256) as u8;
        }
        bytes.extend_from_slice(random.pick(&["\n", "\n", "\n", "\r\n", "\n\n", "\n  \n"]).as_bytes());
    }
    if random.one_in(2) {
        bytes.pop();
    }
    if random.one_in(3) { [b"\xEF\xBB\xBF".to_vec(), bytes].concat() } else { bytes }
}

pub fn hostile_songs(random: &mut Random, lines: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..lines {
        let mut pairs: Vec<(&str, String)> = vec![
            ("song_id", format!("\"SO{}\"", random.below(8))),
            ("artist_id", format!("\"AR{}\"", random.below(3))),
            ("title", format!("\"{}\"", random.pick(&["One", "Björk", "Bj\\u00c3\\u00b6rk", "Two"]))),
            ("artist_name", format!("\"{}\"", random.pick(&["A", "Ã©", "é", "AA"]))),
            ("artist_location", format!("\"{}\"", random.pick(&["", "Here", "There"]))),
            ("artist_latitude", random.pick(&["null", "1.5", "-3e1", "\"2.5\""]).to_owned()),
            ("artist_longitude", random.pick(&["null", "7"]).to_owned()),
            ("duration", format!("{}", random.below(4) * 100)),
            ("year", random.pick(&["0", "1999", "\"2001\""]).to_owned()),
        ];
        if random.one_in(4) {
            let (at, value) = (random.below(pairs.len()), random.pick(HOSTILE));
            value.clone_into(&mut pairs[at].1);
        }
        let fields: Vec<String> = pairs.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
        bytes.extend_from_slice(format!("{{{}}}\n", fields.join(", ")).as_bytes());
    }
    bytes
}

#[test]
fn hostile_lines_run_by_run() {
    let (mut accepted, mut rejected, mut duplicates) = (0, 0, 0);
    for seed in 0..12 {
        let mut random = Random::new(seed);
        let site = Site::new();
        let mut oracle = Oracle::default();
        for run in 0..3 {
            let (mut logs, mut songs) = (Vec::new(), Vec::new());
            for number in 0..=random.below(3) {
                // Later runs bring earlier and later names, and files read again.
                let name = format!("log_data/{:02}-{number}.json", random.below(20));
                if site.path(&name).exists() {
                    continue;
                }
                let lines = 1 + random.below(150);
                let bytes = hostile_log(&mut random, lines);
                site.put(&name, &bytes);
                logs.push(file(&site, &name, 0, &bytes));
            }
            for _ in 0..random.below(3) {
                let name = format!("song_data/{}.json", random.below(5));
                let modified = 1_600_000_000 + run * 1000 + random.below(3) as i64;
                let lines = 1 + random.below(8);
                let bytes = hostile_songs(&mut random, lines);
                site.put_at(&name, &bytes, modified);
                songs.retain(|f: &File| !f.url.ends_with(&name));
                songs.push(file(&site, &name, modified, &bytes));
            }
            if !site.path("log_data").exists() && !site.path("song_data").exists() {
                continue;
            }
            let answer = site.load(&["--json", "--max-rejects", "100%"]);
            assert!(matches!(answer.code, 0 | 3), "seed {seed}: {}", answer.stderr);
            let report = answer.json();
            let counts = oracle.load(&logs, &songs);
            for (key, want) in [
                ("lines", counts.lines),
                ("accepted", counts.accepted),
                ("duplicates", counts.duplicates),
                ("rejected", counts.rejected),
                ("song_records", counts.song_records),
                ("songs_rejected", counts.songs_rejected),
                ("songs_differing", counts.songs_differing),
            ] {
                assert_eq!(report[key], want, "seed {seed}, run {run}: {key}");
            }
            assert_eq!(answer.code == 3, counts.rejected + counts.songs_rejected > 0, "seed {seed}, run {run}");
            assert_same(&site.tables(), &oracle.tables(), &format!("seed {seed}, run {run}"));
            site.check_invariants();
            accepted += counts.accepted;
            rejected += counts.rejected;
            duplicates += counts.duplicates;
        }
    }
    assert!(accepted > 500 && rejected > 500 && duplicates > 50, "{accepted} {duplicates} {rejected}: too tame");
}
