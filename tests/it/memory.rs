//! `--memory` is a promise: what ARCHITECTURE.md says of it, by the peak of commands over inputs that grow in one direction
//! each. Before they were bounded, each of these took several times what is allowed here.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::warehouse::Site;

/// The least that can be set, and what a command with it may take: a fifth more, as allocators round up.
const MEMORY: &str = "256MiB";
const MOST_MIB: u64 = 300;
/// What a few new lines may take, however much is there already.
const MOST_NEW_MIB: u64 = 160;

/// A line of a play whose key is this number.
fn play(number: u64, more: &str) -> String {
    let (session, ts) = (1 + number / 50, 1_541_106_106_796 + number * 1000);
    format!(
        "{{\"ts\":{ts},\"userId\":\"{}\",\"sessionId\":{session},\"itemInSession\":{},\"page\":\"NextSong\",\"level\":\"free\",\"song\":\"S\",\"artist\":\"A\"{more}}}\n",
        1 + session % 90,
        number % 50,
    )
}

fn plays(count: u64, more: impl Fn(u64) -> String) -> String {
    (0..count).map(|number| play(number, &more(number))).collect()
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(text).unwrap();
    packer.finish().unwrap()
}

#[test]
fn many_small_files() {
    let site = Site::new();
    for number in 0..6_000 {
        site.put(&format!("log_data/{}/{number}.json", number % 50), play(number, ""));
    }
    let loaded = site.load_peak(&["--json", "--memory", MEMORY]).expect(0, MOST_MIB).json();
    assert_eq!((loaded["files_loaded"].as_u64(), loaded["accepted"].as_u64()), (Some(6_000), Some(6_000)));
}

#[test]
fn one_long_file_before_many_others() {
    let site = Site::new();
    site.put("log_data/1.json", plays(150_000, |_| String::new()));
    for file in 1..10 {
        let others: String = (0..40_000).map(|number| play(file * 1_000_000 + number, "")).collect();
        site.put(&format!("log_data/2-{file}.json.gz"), packed(others.as_bytes()));
    }
    let loaded = site.load_peak(&["--json", "--memory", MEMORY, "--threads", "4"]).expect(0, MOST_MIB).json();
    assert_eq!(loaded["accepted"].as_u64(), Some(510_000));
}

#[test]
fn rejects_without_end_in_small_packed_files() {
    let site = Site::new();
    // Three bytes each, a hundred in memory.
    site.put("log_data/1.json.gz", packed("1\n".repeat(1_500_000).as_bytes()));
    site.put("song_data/1.json.gz", packed("{}\n".repeat(1_000_000).as_bytes()));
    let loaded = site.load_peak(&["--json", "--memory", MEMORY, "--max-rejects", "100%"]).expect(3, MOST_MIB).json();
    assert_eq!((loaded["rejected"].as_u64(), loaded["songs_rejected"].as_u64()), (Some(1_500_000), Some(1_000_000)));
    assert_eq!(site.number("select count(*) from load_rejects"), 2_500_000);
}

#[test]
fn a_hopeless_load_ends_early_and_says_why() {
    let site = Site::new();
    site.put("song_data/1.json", plays(200_000, |_| String::new()));
    site.put("log_data/1.json", plays(1_000, |_| String::new()));
    for limit in ["10", "1%", "1% or 10"] {
        let refused = site.load_peak(&["--memory", MEMORY, "--max-rejects", limit]).expect(1, MOST_MIB);
        let message = refused.stderr.split_once(" of the first ").unwrap_or_else(|| panic!("{}", refused.stderr)).1;
        let seen: u64 = message.split_once(' ').unwrap().0.parse().unwrap();
        assert!(seen < 100_000, "{limit}: {}", refused.stderr);
        let limit = limit.replace(" or 10", " or 10 (the larger counts)");
        assert!(message.contains(&format!("over the limit of {limit}, whatever follows")), "{}", refused.stderr);
        assert!(message.contains("× song: artist_id is missing"), "{}", refused.stderr);
    }
    assert_eq!(site.number("select count(*) from load_rejects"), 0);
    assert_eq!(site.load(&["--max-rejects", "200000"]).code, 3);
}

#[test]
fn conflicts_on_every_line_and_their_replay() {
    let site = Site::new();
    let long = "x".repeat(8_000);
    let lines = |length: u64| plays(16_000, |_| format!(",\"length\":{length},\"note\":\"{long}\""));
    site.put_at("log_data/1.json", lines(1), 1_600_000_000);
    site.load(&[]).expect(0);
    site.put_at("log_data/1.json", lines(2), 1_700_000_000);
    // They do not count against the limit, so that nothing bounds their number.
    let again = site.load_peak(&["--json", "--memory", MEMORY, "--max-rejects", "0"]).expect(3, MOST_MIB).json();
    assert_eq!((again["rejected"].as_u64(), again["conflicts"].as_u64()), (Some(16_000), Some(16_000)));
    let found = site.sql("select count(distinct line) as lines, min(raw_length) as shortest, count(distinct byte_offset) as places from load_rejects");
    assert_eq!((found[0]["lines"].as_u64(), found[0]["places"].as_u64()), (Some(16_000), Some(16_000)));
    assert!(found[0]["shortest"].as_u64() > Some(8_000));

    // As long as the events are there, the lines stay; without them, they load.
    let replay = ["rejects", "replay", "--json", "--memory", MEMORY, "--warehouse", "w.duckdb"];
    let tried = site.peak(&replay).expect(3, MOST_MIB).json();
    assert_eq!((tried["lines"].as_u64(), tried["rejected"].as_u64()), (Some(16_000), Some(16_000)));
}

#[test]
fn a_line_without_end() {
    let site = Site::new();
    let mut line = Vec::new();
    let mut packer = GzEncoder::new(&mut line, Compression::fast());
    let part = vec![b'x'; 1 << 20];
    for _ in 0..600 {
        packer.write_all(&part).unwrap();
    }
    packer.finish().unwrap();
    site.put("log_data/1.json.gz", &line);
    site.put("log_data/2.json.zst", zstd::encode_all(&vec![b'{'; 300 << 20][..], 1).unwrap());
    site.put("song_data/1.json.gz", &line);
    let loaded = site.load_peak(&["--json", "--memory", MEMORY, "--max-rejects", "100%"]).expect(3, MOST_MIB).json();
    assert_eq!(loaded["rejected"].as_u64(), Some(2));
}

#[test]
fn keys_and_texts_that_never_come_twice() {
    let site = Site::new();
    let mut lines =
        plays(60_000, |number| format!(",\"key {number}\":1,\"userAgent\":\"agent {number}\",\"location\":\"place {number}\""));
    for number in 0..50 {
        let _ = write!(lines, "{}", play(100_000 + number, &format!(",\"{number}{}\":1", "k".repeat(1 << 20))));
    }
    site.put("log_data/1.json", lines);
    let loaded = site.load_peak(&["--json", "--memory", MEMORY]).expect(0, MOST_MIB).json();
    assert_eq!(loaded["accepted"].as_u64(), Some(60_050));
    let keys = site.number("select length(unknown_keys) from load_runs");
    assert!(keys < 100_000, "{keys}");
}

#[test]
fn songs_in_one_file_and_in_many() {
    let site = Site::new();
    let song = |number: u64| {
        format!(
            "{{\"song_id\":\"SO{number:016}\",\"title\":\"Title {number}\",\"artist_id\":\"AR{:016}\",\"artist_name\":\"Artist {}\"}}\n",
            number % 999,
            number % 999
        )
    };
    site.put("song_data/all.json", (0..200_000).map(song).collect::<String>());
    for number in 0..3_000 {
        site.put(&format!("song_data/{}/{number}.json", number % 50), song(1_000_000 + number));
    }
    let loaded = site.load_peak(&["--json", "--memory", MEMORY]).expect(0, MOST_MIB).json();
    assert_eq!((loaded["song_records"].as_u64(), loaded["songs"].as_u64()), (Some(203_000), Some(203_000)));
    let file = fs::metadata(site.path("w.duckdb")).unwrap().len();
    assert!(file > 1 << 20);
}

/// A text of this number, as long as few titles are.
fn long_text(number: u64) -> String {
    format!("{number} {}", "of a long title ".repeat(12))
}

#[test]
fn new_lines_into_a_warehouse_of_many_tracks_and_songs() {
    let site = Site::new();
    let named = |number: u64, song: &str, artist: &str| {
        play(number, "").replacen("\"song\":\"S\",\"artist\":\"A\"", &format!("\"song\":{song},\"artist\":{artist}"), 1)
    };
    let titled = |number: u64| named(number, &format!("\"{}\"", long_text(number)), "\"A\"");
    let song = |number: u64| {
        let id = format!("{number:016}");
        format!("{{\"song_id\":\"SO{id}\",\"title\":\"{}\",\"artist_id\":\"AR{id}\",\"artist_name\":\"A\"}}\n", long_text(number))
    };
    site.put("song_data/1.json", (0..150_000).map(song).collect::<String>());
    site.put("log_data/1.json", (100_000..300_000).map(titled).collect::<String>());
    site.load_peak(&["--memory", MEMORY]).expect(0, MOST_MIB);

    // One that is there and in the catalogue, one that is there, new ones, one of them twice, and what has no name.
    let names = [titled(100_001), titled(299_999), titled(7), named(0, "\"New\"", "\"A\""), named(0, "null", "\"A\"")];
    let again = (0..9).map(|copy| names[copy % 5].replacen("\"ts\":154", &format!("\"ts\":16{copy}"), 1));
    site.put("log_data/2.json", again.collect::<String>());
    site.load_peak(&["--memory", MEMORY]).expect(0, MOST_NEW_MIB);
    let found = site.sql(
        "select count(*) as tracks, count(distinct (song, artist)) as names, max(track_no) as last_no,
                (select count(*) from songplays where start_time > timestamp '2019-01-01' and song_id is not null) as matched,
                (select count(*) from songplays join tracks using (track_no)
                 where coalesce(songplays.song, '') = tracks.song and songplays.artist = tracks.artist) as plays
         from tracks",
    );
    let number = |name: &str| found[0][name].as_u64().unwrap();
    assert_eq!([number("tracks"), number("names"), number("last_no")], [200_003; 3]);
    assert_eq!((number("plays"), number("matched")), (200_009, 4));
}

/// Allocates and frees in a process of its own what the variable says that it may use, and says what stays resident.
#[test]
#[ignore = "another test starts it"]
fn heap_of_its_own() {
    let Ok(memory) = std::env::var("HEAP_OF_ITS_OWN") else { return };
    sparkify::heap::bound(memory.parse().unwrap());
    let resident_mib = || {
        let pages = fs::read_to_string("/proc/self/statm").unwrap();
        pages.split(' ').nth(1).unwrap().parse::<i64>().unwrap() >> 8
    };
    // The first large piece that is freed changes where glibc takes the next from.
    drop(std::hint::black_box(vec![1_u8; 4 << 20]));
    let before = resident_mib();
    let both = (0..400).map(|_| (vec![1_u8; 256 << 10], vec![1_u8; 600]));
    let (pieces, lasting): (Vec<_>, Vec<_>) = both.unzip();
    drop(std::hint::black_box(pieces));
    println!("\nkept {} MiB", resident_mib() - before);
    drop(std::hint::black_box(lasting));
}

#[test]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn what_is_freed_goes_back_to_the_system_where_memory_is_little() {
    let kept = |memory: u64| -> i64 {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "memory::heap_of_its_own", "--ignored", "--nocapture"]);
        let output = child.env("HEAP_OF_ITS_OWN", memory.to_string()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let number = text.lines().find_map(|line| line.strip_prefix("kept ")?.strip_suffix(" MiB"));
        number.unwrap_or_else(|| panic!("{text}")).parse().unwrap()
    };
    assert!(kept(1 << 30) < 10, "{} MiB", kept(1 << 30));
    // Where there is more, pieces of DuckDB's size stay in the heap, which is quicker.
    assert!(kept(2 << 30) > 60, "{} MiB", kept(2 << 30));
}
