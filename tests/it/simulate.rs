//! `sparkify simulate`: the same bytes whatever the threads, shards that make a whole, both forms, buckets, bad input.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use sparkify::simulate::{Format, Plan, Shard, parse_time};
use sparkify::source::Compression;

use crate::support::eventsim_configs;
use crate::support::fields::{SORTED, STREAM};
use crate::support::s3::{Fault, S3Server};
use crate::support::simulated::{contents, joined, simulated};
use crate::support::warehouse::{Answer, Site, files_below};

/// The keys of a line in their order.
fn keys(line: &str) -> Vec<String> {
    struct Keys(Vec<String>);
    impl<'de> serde::Deserialize<'de> for Keys {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Keys;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                    let mut keys = Vec::new();
                    while let Some((key, _)) = map.next_entry::<String, serde::de::IgnoredAny>()? {
                        keys.push(key);
                    }
                    Ok(Keys(keys))
                }
            }
            deserializer.deserialize_map(Visitor)
        }
    }
    serde_json::from_str::<Keys>(line).unwrap().0
}

fn growing(users: u64) -> Plan {
    let mut plan = Plan::new().unwrap();
    (plan.users, plan.growth_rate, plan.songs) = (users, 3.0, 50);
    plan
}

#[test]
fn the_same_plan_gives_the_same_bytes_whatever_the_threads() {
    for (compression, users, faults) in [
        (Compression::None, 900, None),
        (Compression::Gzip, 100, Some("late=5%,duplicate=5%,truncated=3")),
        (Compression::Zstd, 100, None),
    ] {
        let mut plan = growing(users);
        plan.compression = compression;
        plan.faults = faults.map(|spec| sparkify::simulate::Faults::parse(spec).unwrap());
        let mut worlds: Vec<Vec<(String, Vec<u8>)>> = Vec::new();
        for threads in [1, 2, 4, 2] {
            plan.threads = threads;
            worlds.push(contents(simulated(&plan).path()));
        }
        assert!(worlds[0].len() > 70, "{} files", worlds[0].len());
        assert!(worlds.iter().all(|world| *world == worlds[0]), "{compression:?}");
        plan.seed += 1;
        assert_ne!(contents(simulated(&plan).path()), worlds[0], "another seed, another world");
    }
}

/// The lines of all files, each as an object.
fn lines(folder: &std::path::Path) -> Vec<Value> {
    joined(folder).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn shards_make_the_whole_and_share_no_ids() {
    let whole = simulated(&growing(200));
    let without_session = |mut line: Value| {
        let session = line["sessionId"].take().as_u64().unwrap();
        (line.to_string(), session)
    };
    let mut all: Vec<String> = lines(&whole.path().join("log_data")).into_iter().map(|l| without_session(l).0).collect();
    let (mut users, mut sessions, mut parts) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for index in 0..3 {
        let mut plan = growing(200);
        plan.shard = Shard { index, of: 3 };
        let part = simulated(&plan);
        assert_eq!(part.path().join("song_data").exists(), index == 0, "the first writes the songs");
        for line in lines(&part.path().join("log_data")) {
            let user = line["userId"].as_str().unwrap().to_owned();
            let (line, session) = without_session(line);
            if !user.is_empty() {
                assert_eq!(*users.entry(user.clone()).or_insert(index), index, "user {user}");
            }
            assert_eq!(*sessions.entry(session).or_insert(index), index, "session {session}");
            parts.push(line);
        }
        let names: Vec<String> = files_below(&part.path().join("log_data")).into_iter().map(|file| file.url).collect();
        assert!(names.iter().all(|name| name.ends_with(&format!("-{}-of-3.json", index + 1))), "{names:?}");
    }
    assert!(users.len() > 200 && users.values().collect::<BTreeSet<_>>().len() == 3);
    all.sort();
    parts.sort();
    assert!(all == parts, "the parts together are the whole, but for the numbers of sessions");
}

#[test]
fn a_file_a_day_has_all_keys_sorted() {
    let site = Site::new();
    let said = site
        .run(&["simulate", "--out", "d", "--from", "2018-11-01", "--to", "2018-11-04", "-n", "400", "--json"])
        .expect(0)
        .json();
    assert_eq!((said["log_files"].as_u64(), said["songs"].as_u64()), (Some(3), Some(1000)));
    let mut seen = 0;
    let mut last = 0;
    for day in 1..=3 {
        let text = std::fs::read_to_string(site.path(&format!("d/log_data/2018/11/2018-11-0{day}-events.json"))).unwrap();
        for line in text.lines() {
            assert_eq!(keys(line), SORTED);
            assert!(!line.contains("</") && line.is_ascii());
            let value: Value = serde_json::from_str(line).unwrap();
            let ts = value["ts"].as_i64().unwrap();
            assert!(ts >= last && ts / 86_400_000 == 17_836 + day - 1, "in order, and of its day: {line}");
            last = ts;
            assert_eq!(value["page"] == "NextSong", !value["song"].is_null());
            if value["auth"] == "Logged In" || value["auth"] == "Cancelled" {
                assert!(
                    value["userId"].as_str().unwrap().parse::<u64>().is_ok()
                        && value["registration"].as_f64().unwrap() < ts as f64
                );
                assert!(line.contains(".0,\"sessionId\""), "{line}");
            } else {
                assert!(value["userId"] == "" && value["firstName"].is_null() && value["registration"].is_null(), "{line}");
            }
            seen += 1;
        }
        assert!(text.ends_with('\n'));
    }
    assert_eq!(said["events"].as_u64(), Some(seen));
    for song in files_below(&site.path("d/song_data")) {
        let value: Value = serde_json::from_slice(&song.bytes).unwrap();
        assert_eq!(value.as_object().unwrap().len(), 10);
        let name = std::path::Path::new(&song.url);
        let id = name.file_stem().unwrap().to_str().unwrap();
        let folders: String = [&id[2..3], "/", &id[3..4], "/", &id[4..5], "/"].concat();
        assert!(song.url.contains(&format!("song_data/{folders}TR")), "{}", song.url);
    }
    // Nothing is refused, and what is of the catalogue matches.
    let said = site
        .run(&["load", "--logs", "d/log_data", "--songs", "d/song_data", "--json", "--warehouse", "w.duckdb"])
        .expect(0)
        .json();
    assert_eq!(
        (said["accepted"].as_u64(), said["rejected"].as_u64(), said["duplicates"].as_u64()),
        (Some(seen), Some(0), Some(0))
    );
    let share = said["matched"].as_f64().unwrap() / said["songplays_added"].as_f64().unwrap();
    assert!((0.2..0.4).contains(&share), "{share}");

    // What is there is not mixed with another world.
    let refused = site.run(&["simulate", "--out", "d"]).expect(2);
    assert!(refused.stderr.contains("d holds a folder log_data already"), "{}", refused.stderr);

    // The songs that are there can be played in another world.
    site.run(&["simulate", "--out", "e", "--catalogue", "d/song_data", "--seed", "5", "--tag", "blue"]).expect(0);
    assert!(!site.path("e/song_data").exists());
    let said = site
        .run(&["load", "--logs", "e/log_data", "--songs", "d/song_data", "--json", "--warehouse", "v.duckdb"])
        .expect(0)
        .json();
    assert_eq!((said["matched"].clone(), said["rejected"].as_u64()), (said["songplays_added"].clone(), Some(0)));
    assert!(joined(&site.path("e/log_data")).lines().all(|line| line.contains(",\"tag\":\"blue\",\"ts\":")));
}

#[test]
fn a_stream_has_eventsims_order_without_what_is_absent() {
    let site = Site::new();
    let arguments = ["simulate", "--format", "eventsim", "--users", "60", "--seed", "9"];
    let streamed = site.run(&arguments).expect(0);
    let mut kinds = BTreeSet::new();
    let mut order: Vec<&str> = Vec::new();
    for line in streamed.stdout.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        let (shown, plays) = (value["auth"] == "Logged In" || value["auth"] == "Cancelled", value["page"] == "NextSong");
        order.clear();
        order.extend(STREAM.always);
        order.extend(if shown { STREAM.of_users } else { &[] });
        order.extend(if plays { STREAM.of_plays } else { &[] });
        assert_eq!(keys(line), order, "{line}");
        assert!(value["userId"].is_string() && (!shown || value["registration"].is_i64()), "{line}");
        kinds.insert((shown, plays));
    }
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    assert!(!streamed.stdout.is_ascii() && !streamed.stdout.contains("\\/"), "texts as they are");
    site.run(&[&arguments[..], &["--out", "x/y.json"]].concat()).expect(0);
    assert_eq!(std::fs::read_to_string(site.path("x/y.json")).unwrap(), streamed.stdout);
    let refused = site.run(&[&arguments[..], &["--out", "x/y.json"]].concat()).expect(2);
    assert!(refused.stderr.contains("x/y.json exists already"), "{}", refused.stderr);
    let said = site.run(&["load", "--logs", "x/y.json", "--json", "--warehouse", "w.duckdb"]).expect(0).json();
    assert_eq!((said["accepted"].as_u64(), said["rejected"].as_u64()), (Some(streamed.stdout.lines().count() as u64), Some(0)));
}

#[test]
fn eventsims_configurations_run() {
    let Some(folder) = eventsim_configs() else { return };
    let site = Site::new();
    for name in ["example", "Accordion", "Nagara"] {
        let path = folder.join(format!("{name}-config.json"));
        let config = path.to_str().unwrap();
        let said = site
            .run(&[
                "simulate",
                "--config",
                config,
                "--out",
                name,
                "--users",
                "300",
                "--growth-rate",
                "1",
                "--json",
                "--from",
                "2026-01-01",
            ])
            .expect(0);
        assert!(!said.stderr.contains("unknown key"), "{}", said.stderr);
        let said = said.json();
        assert!(said["events"].as_u64().unwrap() > 10_000 && said["users_ever"].as_u64().unwrap() > 310, "{said}");
        let logs = format!("{name}/log_data");
        let loaded = site.run(&["load", "--logs", &logs, "--json", "--warehouse", &format!("{name}.duckdb")]).expect(0).json();
        assert_eq!((&loaded["accepted"], loaded["rejected"].as_u64()), (&said["events"], Some(0)));
    }
}

/// A configuration, of which a test changes one thing.
const CONFIG: &str = r#"{
  "seed": 7, "alpha": 60.0, "start-date": "2020-02-01", "end-date": "2020-02-08T12:00:00", "n-users": 40, "first-user-id": 500,
  "growth-rate": 0.5, "new-user-auth": "In", "new-user-level": "free",
  "levels": [{"level": "free", "weight": 1}], "auths": [{"auth": "In", "weight": 1}],
  "new-session": [{"page": "Home", "method": "GET", "status": 200, "auth": "In", "level": "free", "weight": 10}],
  "show-user-details": [{"auth": "In", "show": true}],
  "transitions": [
    {"source": {"page": "Home", "method": "GET", "status": 200, "auth": "In", "level": "free"},
     "dest": {"page": "NextSong", "method": "PUT", "status": 200, "auth": "In", "level": "free"}, "p": 0.9},
    {"source": {"page": "NextSong", "method": "PUT", "status": 200, "auth": "In", "level": "free"},
     "dest": {"page": "NextSong", "method": "PUT", "status": 200, "auth": "In", "level": "free"}, "p": 0.8}
  ]
}"#;

#[test]
fn a_bad_configuration_is_refused_with_the_place_and_the_reason() {
    let site = Site::new();
    for (from, to, said) in [
        ("\"p\": 0.9", "\"p\": 1.5", "transitions[0].p is 1.5, not from 0 to 1"),
        (
            "\"p\": 0.8}",
            "\"p\": 0.8},{\"source\":{\"page\":\"NextSong\",\"method\":\"PUT\",\"status\":200,\"auth\":\"In\",\"level\":\"free\"},\"dest\":{\"page\":\"Home\",\"method\":\"GET\",\"status\":200,\"auth\":\"In\",\"level\":\"free\"},\"p\":0.21}",
            "transitions[2].p brings the probabilities out of NextSong (PUT 200, In, free) to 1.01",
        ),
        (
            "\"new-session\": [{\"page\": \"Home\"",
            "\"new-session\": [{\"page\": \"Hame\"",
            "new-session[0] begins in the state Hame (GET 200, In, free), which no transition has",
        ),
        ("\"alpha\": 60.0", "\"alpha\": \"soon\"", "alpha is \"soon\", not a number"),
        ("\"alpha\": 60.0", "\"alpha\": -1", "alpha is -1, not above 0"),
        (
            "\"status\": 200, \"auth\": \"In\", \"level\": \"free\", \"weight\": 10",
            "\"auth\": \"In\", \"level\": \"free\"",
            "new-session[0] has no status",
        ),
        (
            "\"auth\": \"In\", \"weight\": 1}]",
            "\"auth\": \"Out\", \"weight\": 1}]",
            "new-session has no entry for the users who are Out and free at first",
        ),
        ("2020-02-01", "February", "start-date is `February`: expected a date"),
        ("\"transitions\"", "\"transmissions\"", "transitions is missing"),
        ("\"seed\": 7,", "\"seed\": 7", "is not JSON: line 2"),
    ] {
        let text = CONFIG.replacen(from, to, 1);
        assert_ne!(text, CONFIG, "{from}");
        site.put("c.json", text);
        let refused = site.run(&["simulate", "--config", "c.json", "--out", "x"]).expect(2);
        assert!(refused.stderr.contains(&format!("c.json: {said}")), "wanted {said}\n{}", refused.stderr);
        assert!(!site.path("x").exists());
    }
    site.put("c.json", CONFIG.replacen("\"seed\"", "\"sead\": 3, \"seed\"", 1));
    let warned = site.run(&["simulate", "--config", "c.json", "--out", "x", "--json"]).expect(0);
    assert!(warned.stderr.contains("unknown key sead"), "{}", warned.stderr);
    let said = warned.json();
    assert_eq!((said["from"].as_str(), said["to"].as_str()), (Some("2020-02-01"), Some("2020-02-08T12:00:00")));
    assert_eq!((said["seed"].as_u64(), said["users_at_first"].as_u64()), (Some(7), Some(40)));
    let ids: BTreeSet<u64> =
        lines(&site.path("x/log_data")).iter().map(|line| line["userId"].as_str().unwrap().parse().unwrap()).collect();
    assert!(ids.first().unwrap() >= &500 && ids.first().unwrap() < &510, "{ids:?}");
}

#[test]
fn flags_count_more_than_the_configuration_but_not_for_eventsim() {
    let site = Site::new();
    site.put("c.json", CONFIG);
    let run = |out: &str, more: &[&str]| {
        let arguments =
            ["simulate", "--config", "c.json", "--json", "--users", "9", "--seed", "3", "--first-user-id", "70", "--out", out];
        site.run(&[&arguments, more].concat()).expect(0).json()
    };
    let said = run("a", &[]);
    assert_eq!(
        (said["users_at_first"].as_u64(), said["seed"].as_u64(), said["from"].as_str()),
        (Some(9), Some(3), Some("2020-02-01"))
    );
    let said = run("b", &["--compat"]);
    assert_eq!(
        (said["users_at_first"].as_u64(), said["seed"].as_u64()),
        (Some(40), Some(3)),
        "the configuration's users, the flag's seed"
    );
    assert_ne!(said["from"].as_str(), Some("2020-02-01"), "dates of the configuration are not heeded");
    let ids = lines(&site.path("b/log_data")).iter().map(|line| line["userId"].as_str().unwrap().parse::<u64>().unwrap()).min();
    assert!(ids.unwrap() > 500, "the first id is one higher: {ids:?}");
    assert!(joined(&site.path("b/log_data")).contains("\\u00c3\\u0083\\u00c2"), "names read as Latin-1, twice");
    assert!(!joined(&site.path("a/log_data")).contains("\\u00c3\\u0083\\u00c2"));
}

#[test]
fn flags_that_make_no_sense_are_refused() {
    let site = Site::new();
    for (arguments, said) in [
        (&["simulate"][..], "--out is missing"),
        (&["simulate", "--out", "x", "--users", "0"], "there are no users"),
        (&["simulate", "--out", "x", "--from", "soon"], "--from is `soon`"),
        (
            &["simulate", "--out", "x", "--from", "2020-02-02", "--to", "2020-02-01"],
            "it would end (2020-02-01) before it begins (2020-02-02)",
        ),
        (&["simulate", "--out", "x", "--shard", "0/4"], "--shard is `0/4`"),
        (&["simulate", "--out", "x", "--shard", "5/4"], "--shard is `5/4`"),
        (&["simulate", "--out", "x", "--unmatched", "2"], "--unmatched is 2"),
        (&["simulate", "--out", "x", "--growth-rate=-1"], "--growth-rate is -1"),
        (&["simulate", "--out", "x", "--continuous"], "--continuous writes one stream"),
        (&["simulate", "--format", "eventsim", "--json"], "standard output carries the log"),
        (&["simulate", "--out", "x/", "--format", "eventsim"], "does not name a file"),
        (&["simulate", "--out", "gs://x/y"], "not supported"),
    ] {
        let refused = site.run(arguments).expect(2);
        assert!(refused.stderr.contains(said), "wanted {said}\n{}", refused.stderr);
    }
    site.run(&["simulate", "--out", "x", "--catalogue", "nowhere"]).expect(1);
    assert!(!site.path("x").exists());
}

#[test]
fn interrupted_it_leaves_whole_files_only() {
    let site = Site::new();
    let mut command = site.command(&["simulate", "--out", "d", "--users", "200000", "--songs", "10"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    for _ in 0..400 {
        std::thread::sleep(Duration::from_millis(10));
        if site.path("d/log_data/2026/09/2026-09-01-events.json").exists() {
            break;
        }
    }
    // SAFETY: the process is ours and not yet waited for.
    unsafe { libc::kill(child.id() as i32, libc::SIGINT) };
    let answer = Answer::of(&child.wait_with_output().unwrap()).expect(130);
    assert!(answer.stderr.contains("interrupted; the files that are there are whole"), "{}", answer.stderr);
    let files = files_below(&site.path("d/log_data"));
    assert!(!files.is_empty());
    for file in files {
        assert!(file.url.ends_with("-events.json") && file.bytes.ends_with(b"\"}\n"), "{}", file.url);
    }
}

#[test]
fn events_come_when_their_time_has_come() {
    let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
    let site = Site::new();
    let begun = now();
    let from = sparkify::simulate::show_time((begun / 1000 - 120) * 1000);
    let flags = ["--format", "eventsim", "--users", "150000", "--songs", "10", "--from", &from];
    let mut command = site.command(&[&["simulate", "--continuous"], &flags[..]].concat());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
    // At first what happened since then, at once; later what happens while it runs. That many users do something every
    // second, even at night.
    let (mut before, mut last) = (0, 0);
    while last < begun {
        let at = serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap()["ts"].as_i64().unwrap();
        assert!(at >= last && at >= begun - 121_000 && at <= now(), "{at} after {last}");
        before += usize::from(at < begun);
        last = at;
    }
    assert!(before > 10, "{before}");
    // SAFETY: the process is ours and not yet waited for.
    unsafe { libc::kill(child.id() as i32, libc::SIGINT) };
    drop(lines);
    Answer::of(&child.wait_with_output().unwrap()).expect(0);
}

#[test]
fn a_bucket_gets_what_a_folder_gets_whatever_goes_wrong_for_a_while() {
    let site = Site::new();
    std::fs::create_dir_all(site.path("store/music")).unwrap();
    let server = S3Server::start(&site.path("store"));
    let faults = server.faults();
    faults.add(3, "PUT /music/sim/song_data", Fault::Status(503, "SlowDown"));
    faults.add(2, "PUT /music/sim/log_data", Fault::Status(500, "InternalError"));
    let flags = ["--users", "14000", "--songs", "60", "--from", "2026-09-02", "--to", "2026-09-04", "--faults", "unknown-key=1%"];
    let simulate = |out: &str, more: &[&str]| {
        let mut command = site.command(&[&["simulate", "--out", out], &flags[..], more].concat());
        Answer::of(&command.envs(server.env()).output().unwrap())
    };
    simulate("s3://music/sim", &[]).expect(0);
    simulate("disk", &[]).expect(0);
    let disk = contents(&site.path("disk"));
    assert!(disk.iter().any(|(_, bytes)| bytes.len() > 17 << 20), "one is so large that it goes in parts");
    assert!(faults.requests().iter().any(|request| request.contains("partNumber=2")), "in parts");
    assert!(contents(&site.path("store/music/sim")) == disk);
    let refused = simulate("s3://music/sim", &[]).expect(2);
    assert!(refused.stderr.contains("s3://music/sim holds a folder log_data already"), "{}", refused.stderr);
    faults.add(100, "PUT /music/other", Fault::Status(403, "AccessDenied"));
    let refused = simulate("s3://music/other", &[]).expect(1);
    assert!(refused.stderr.contains("no right to write s3://music/other/song_data") && refused.stderr.contains("s3:PutObject"));
    assert!(!refused.stderr.contains(server.secret_key));
}

#[test]
fn a_plan_is_followed_to_the_millisecond() {
    let mut plan = growing(300);
    (plan.from_ms, plan.to_ms) = (parse_time("2026-05-01T10:00:00.250").unwrap(), parse_time("2026-05-02T09:30:00").unwrap());
    plan.format = Format::Eventsim;
    "x.json".clone_into(&mut plan.file);
    let lines = lines(simulated(&plan).path());
    assert!(lines.len() > 300);
    for line in lines {
        let ts = line["ts"].as_i64().unwrap();
        assert!(ts % 1000 == 250 && ts >= plan.from_ms && ts < plan.to_ms, "{ts}");
    }
}
