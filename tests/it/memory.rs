//! `--memory` is a promise: what ARCHITECTURE.md says of it, by the peak of commands over inputs that grow in one direction
//! each. Before they were bounded, each of these took several times what is allowed here.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::warehouse::Site;

/// The least that can be set, and what a command with it may take: a fifth more, as allocators round up.
const MEMORY: &str = "256MiB";
const MOST_MIB: u64 = 300;

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

#[test]
fn a_new_line_into_a_warehouse_of_many_tracks() {
    let site = Site::new();
    site.put(
        "log_data/1.json",
        plays(400_000, |_| String::new())
            .lines()
            .enumerate()
            .map(|(number, line)| {
                line.replacen("\"song\":\"S\"", &format!("\"song\":\"A title of some length {number}\""), 1) + "\n"
            })
            .collect::<String>(),
    );
    site.load_peak(&["--memory", MEMORY]).expect(0, MOST_MIB);
    site.put("log_data/2.json", play(5_000_000, ""));
    site.load_peak(&["--memory", MEMORY]).expect(0, MOST_MIB);
    assert_eq!(site.number("select count(*) from tracks"), 400_001);
}
