//! One policy for what cannot be loaded.

use serde_json::{Value, json};
use sparkify::warehouse::sql::{MIGRATIONS, TABLES};
use sparkify::warehouse::{SCHEMA_VERSION, Statement};

use super::NewSite;
use super::answers::demo_month;
use crate::support::fields::PAYLOAD;
use crate::support::generate::{Event, content};
use crate::support::warehouse::Site;

fn good(count: u8) -> String {
    content((0..count).map(|item| Event { user: 1, session: 1, item, instant: item, variant: 0 }.line()))
}

fn rejected(site: &Site) -> serde_json::Value {
    site.sql("select line, byte_offset, reason, raw_length from load_rejects order by url, line")
}

pub fn bad_lines_are_kept_with_their_reason(new_site: NewSite<'_>) {
    let site = new_site();
    let mut bytes = good(3).into_bytes();
    let offset = bytes.len();
    let bad: [&[u8]; 5] = [
        b"{\"ts\":\"soon\"}",
        b"no JSON",
        b"{\"song\":\"\xff\xfe\"}",
        b"{\"page\":\"NextSong\0\"}",
        b"{\"ts\":1541106106796,\"userId\":\"x\",\"sessionId\":1,\"itemInSession\":0,\"page\":\"Home\"}",
    ];
    bytes.extend(bad.join(&b'\n'));
    site.put("log_data/1.json", &bytes);
    let answer = site.load(&["--json", "--max-rejects", "5"]).expect(3);
    assert_eq!((&answer.json()["accepted"], &answer.json()["rejected"]), (&json!(3), &json!(5)));
    let rows = rejected(&site);
    assert_eq!(rows.as_array().unwrap().len(), 5);
    assert_eq!((&rows[0]["line"], &rows[0]["byte_offset"]), (&json!(4), &json!(offset)));
    for (row, line) in rows.as_array().unwrap().iter().zip(bad) {
        assert_eq!(row["raw_length"], line.len(), "{row}");
        assert!(!row["reason"].as_str().unwrap().is_empty());
    }
    // The same words as everywhere.
    let reference = Site::new();
    reference.put("log_data/1.json", &bytes);
    reference.load(&["--max-rejects", "5"]).expect(3);
    assert_eq!(rejected(&reference), rows);
    // What is no text is kept byte by byte, for another try.
    let shown = site.run(&["rejects", "--json", "--warehouse", &site.warehouse]).expect(0).json();
    assert_eq!(shown.as_array().unwrap().len(), 5);
    site.check_invariants();
}

pub fn over_the_limit_nothing_is_committed(new_site: NewSite<'_>) {
    let site = new_site();
    site.put("log_data/1.json", good(5));
    site.load(&[]).expect(0);
    let state = || (site.digest(), site.number("select count(*) from load_files"), site.number("select count(*) from load_runs"));
    let before = state();
    site.put(
        "log_data/2.json",
        format!("{}nonsense\nmore of it\n", content([Event { user: 2, session: 2, item: 0, instant: 1, variant: 0 }.line()])),
    );
    let refused = site.load(&["--max-rejects", "1"]).expect(1);
    assert!(refused.stderr.contains("--max-rejects"), "{}", refused.stderr);
    assert_eq!(state(), before);
    assert_eq!(site.number("select count(*) from load_rejects"), 0);
    site.load(&["--max-rejects", "2"]).expect(3);
    assert_eq!(site.number("select count(*) from load_rejects"), 2);
    site.check_invariants();
}

/// A file that was written again is sound, however many of its lines say something else than before; what is no event is not.
pub fn conflicts_and_duplicates_do_not_count_against_the_limit(new_site: NewSite<'_>) {
    let site = new_site();
    let events = |variant| content((0..40).map(|item| Event { user: 1, session: 1, item, instant: item, variant }.line()));
    site.put_at("log_data/1.json", events(0), 1_600_000_000);
    site.load(&[]).expect(0);
    // In conflict with what is there, and within the file.
    site.put("log_data/2.json", [events(0), events(1), events(2)].concat());
    let report = site.load(&["--json", "--max-rejects", "0"]).expect(3).json();
    let counts = ["lines", "accepted", "duplicates", "rejected", "conflicts"].map(|key| report[key].as_u64().unwrap());
    assert_eq!(counts, [120, 0, 40, 80, 80], "{report}");
    assert_eq!(report["status"], "incomplete");
    let kept = "select count(*) from load_rejects where reason = 'conflict: same event key, another payload'";
    assert_eq!(site.number(kept), 80);
    site.check_invariants();

    // What is over the limit is so beside conflicts too, and they are not named among its reasons.
    site.put("log_data/3.json", format!("{}nonsense\n", events(3)));
    let refused = site.load(&["--max-rejects", "0"]).expect(1).stderr;
    assert!(refused.contains("1 of 41 records were rejected, over the limit of 0") && !refused.contains("conflict"), "{refused}");
    let answer = site.load(&[]).expect(3);
    assert!(answer.stdout.contains("  rejected    40 × conflict: same event key, another payload\n"), "{}", answer.stdout);
    let replay = site.run(&["rejects", "replay", "--json", "--warehouse", &site.warehouse]).expect(3).json();
    assert_eq!((&replay["rejected"], &replay["conflicts"]), (&json!(121), &json!(120)), "{replay}");
}

/// However small a load, ten bad lines do not stop it; a share or a number that was asked for does.
pub fn by_default_ten_lines_may_be_bad_or_one_in_a_hundred(new_site: NewSite<'_>) {
    let site = new_site();
    let bad = |count| format!("{}{}", good(5), "nonsense\n".repeat(count));
    site.put("log_data/1.json", bad(11));
    let refused = site.load(&[]).expect(1).stderr;
    assert!(refused.contains("11 of 16 records were rejected, over the limit of 1% or 10 (the larger counts)"), "{refused}");
    site.put("log_data/1.json", bad(10));
    for (limit, shown) in [("1%", "1%"), ("9", "9"), ("50% or 9", "50% or 9 (the larger counts)")] {
        let refused = site.load(&["--max-rejects", limit]).expect(1).stderr;
        assert!(refused.contains(&format!("10 of 15 records were rejected, over the limit of {shown}; ")), "{refused}");
    }
    // Songs that are refused count with them.
    site.put("song_data/1.json", "{}\n");
    site.load(&[]).expect(1);
    site.put("song_data/1.json", crate::support::generate::Song { id: 1, variant: 1 }.line());
    assert_eq!(site.load(&["--json"]).expect(3).json()["rejected"], 10);
    site.check_invariants();
}

pub fn a_refresh_that_fails_leaves_what_was(new_site: NewSite<'_>) {
    let site = new_site();
    site.put("log_data/1.json", good(5));
    site.put("song_data/1.json", crate::support::generate::Song { id: 1, variant: 1 }.line());
    site.load(&[]).expect(0);
    let state =
        || (site.digest(), site.sql("select url, file_no from load_files order by url"), site.sql("select * from load_runs"));
    let before = state();
    site.put("log_data/1.json", format!("{}nonsense\nmore of it\n", good(3)));
    site.load(&["--full-refresh", "--max-rejects", "1"]).expect(1);
    assert_eq!(state(), before, "what a refresh deletes comes back when it fails");
    site.put("log_data/1.json", good(6));
    site.load(&["--full-refresh"]).expect(0);
    assert_eq!(site.number("select accepted from load_files where url like '%log_data/1.json'"), 6);
    site.check_invariants();
}

pub fn lines_are_tried_again(new_site: NewSite<'_>) {
    let site = new_site();
    let event = |variant| Event { user: 1, session: 1, item: 0, instant: 1, variant };
    // A conflict, until what it conflicts with is gone.
    site.put("log_data/1.json", content([event(0).line()]));
    site.load(&[]).expect(0);
    site.put("log_data/2.json", content([event(1).line(), "nonsense".to_owned()]));
    site.load(&["--max-rejects", "2"]).expect(3);
    let replay = || site.run(&["rejects", "replay", "--json", "--warehouse", &site.warehouse]);
    let report = replay().expect(3).json();
    assert_eq!((&report["accepted"], &report["rejected"]), (&json!(0), &json!(2)));
    std::fs::remove_file(site.path("log_data/1.json")).unwrap();
    let reload = site.load(&["--full-refresh", "--forget-missing", "--max-rejects", "1"]).expect(3);
    assert!(reload.stdout.contains("1 accepted"), "{}", reload.stdout);
    assert_eq!(site.number("select count(*) from load_rejects"), 1);
    assert_eq!(replay().expect(3).json()["rejected"], 1);

    // Lines that load now: put there as an older version would have left them.
    let site = new_site();
    site.put("log_data/1.json", format!("{}nonsense\n", good(4)));
    site.load(&["--max-rejects", "1"]).expect(3);
    let line = Event { user: 3, session: 9, item: 9, instant: 9, variant: 0 }.line();
    let raw = line.replace('\'', "''");
    change(&site, &format!("update load_rejects set raw = '{raw}', raw_length = {}", line.len()));
    let report = site.run(&["rejects", "replay", "--json", "--warehouse", &site.warehouse]).expect(0).json();
    assert_eq!((&report["accepted"], &report["rejected"]), (&json!(1), &json!(0)));
    assert_eq!(site.number("select count(*) from load_rejects"), 0);
    assert_eq!(site.number("select accepted from load_files"), 5);
    assert_eq!(site.number("select count(*) from load_runs where kind = 'replay'"), 1);
    site.check_invariants();
}

/// Changes the warehouse behind sparkify's back.
pub fn change(site: &Site, sql: &str) {
    if site.warehouse.starts_with("redshift://") {
        crate::redshift::change(site, sql);
    } else if site.warehouse.contains("://") {
        let (_, database) = site.warehouse.rsplit_once('/').unwrap();
        crate::support::postgres::Postgres::shared().run_sql(database, sql);
    } else {
        duckdb::Connection::open(site.path(&site.warehouse)).unwrap().execute_batch(sql).unwrap();
    }
}

pub fn a_file_that_cannot_be_read_is_left_out(new_site: NewSite<'_>) {
    let site = new_site();
    site.put("log_data/1.json", good(5));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &good(200).into_bytes()).unwrap();
    let mut packed = packed.finish().unwrap();
    packed.truncate(packed.len() / 2);
    site.put("log_data/2.json.gz", packed);
    let refused = site.load(&[]).expect(1);
    assert!(refused.stderr.contains("2.json.gz") && refused.stderr.contains("--skip-bad-files"), "{}", refused.stderr);
    assert_eq!(site.number("select count(*) from load_files"), 0);
    site.load(&["--skip-bad-files"]).expect(3);
    assert_eq!(site.number("select count(*) from load_files"), 1);
    assert_eq!(site.number("select (select count(*) from songplays) + (select count(*) from page_views)"), 5);
    site.check_invariants();
}

pub fn tables_of_another_version_are_refused(new_site: NewSite<'_>) {
    let site = new_site();
    site.put("log_data/1.json", good(5));
    site.load(&[]).expect(0);
    change(&site, "update sparkify_schema set version = 99");
    site.put("log_data/2.json", good(6));
    for arguments in [&site.load_arguments(&[])[..], &["runs", "--warehouse", &site.warehouse]] {
        let refused = site.run(arguments).expect(1);
        assert!(refused.stderr.contains("version 99") && refused.stderr.contains("newer sparkify"), "{}", refused.stderr);
    }
    change(&site, &format!("update sparkify_schema set version = {SCHEMA_VERSION}"));
    assert_eq!(site.number("select count(*) from load_files"), 1);
    site.load(&[]).expect(0);
}

/// The columns of the facts in the first version of the tables.
const FIRST_FACTS: [(Statement, &str); 2] = [
    (
        Statement::CreateSongplays,
        "songplay_id start_time user_id level song_id artist_id session_id location user_agent item_in_session song artist \
         length match_method text_repair payload_hash",
    ),
    (
        Statement::CreatePageViews,
        "view_id start_time user_id level session_id item_in_session page method status auth location user_agent payload_hash",
    ),
];

/// The table and the column that a statement adds, if it adds one.
fn added_column(statement: Statement) -> Option<(&'static str, &'static str)> {
    let code = statement.text().lines().filter(|line| !line.starts_with("--"));
    match code.flat_map(str::split_whitespace).collect::<Vec<_>>()[..] {
        ["alter", "table", table, "add", "column", column, ..] => Some((table, column)),
        _ => None,
    }
}

fn added_columns() -> impl Iterator<Item = (&'static str, &'static str)> {
    MIGRATIONS.iter().flat_map(|step| step.statements).copied().filter_map(added_column)
}

#[test]
fn steps_add_what_the_first_version_lacks() {
    for (create, first) in FIRST_FACTS {
        let (table, _) = TABLES.into_iter().find(|(_, statement)| *statement == create).unwrap();
        let added = added_columns().filter(|(of, _)| *of == table).map(|(_, column)| column);
        let columns = create.text().lines().filter_map(|line| line.strip_prefix("    ")?.split(' ').next());
        assert_eq!(columns.collect::<Vec<_>>(), first.split(' ').chain(added).collect::<Vec<_>>(), "{table}");
    }
}

/// Makes the tables those of an older version.
fn take_back(site: &Site, version: i32) {
    for statement in MIGRATIONS.iter().filter(|step| step.to > version).rev().flat_map(|step| step.statements.iter().rev()) {
        if let Some((table, column)) = added_column(*statement) {
            change(site, &format!("alter table {table} drop column {column}"));
        } else if let Some((table, _)) = TABLES.iter().find(|(_, create)| create == statement) {
            change(site, &format!("drop table {table}"));
        }
    }
    change(site, &format!("update sparkify_schema set version = {version}"));
}

pub fn tables_of_an_older_version_are_brought_forward(new_site: NewSite<'_>) {
    let site = new_site();
    demo_month(&site);
    site.load(&[]).expect(0);
    // What only the lines say, no step can bring back.
    for (table, column) in added_columns().filter(|(_, column)| PAYLOAD.iter().any(|(_, field, _)| field == column)) {
        change(&site, &format!("update {table} set {column} = null"));
    }
    let tables = site.tables();
    for version in (2..SCHEMA_VERSION).rev() {
        take_back(&site, version);
        site.load(&[]).expect(0);
        assert_eq!(site.tables(), tables);
        site.check_invariants();
    }
    take_back(&site, 1);
    let out = site.path("report.html").display().to_string();
    for verb in [&["insights"][..], &["check"], &["report", "--out", &out]] {
        let refused = site.run(&[verb, &["--warehouse", &site.warehouse]].concat()).expect(1);
        assert!(
            refused.stderr.contains("version 1") && refused.stderr.contains("`sparkify tables create` migrates"),
            "{}",
            refused.stderr
        );
    }
    assert_eq!(site.run(&["runs", "--json", "--warehouse", &site.warehouse]).expect(0).json().as_array().unwrap().len(), 1);
    for arguments in [vec!["tables", "create", "--dry-run", "--warehouse", &site.warehouse], site.load_arguments(&["--dry-run"])]
    {
        let script = site.run(&arguments).expect(0).stdout;
        assert!(script.contains("alter table songplays add column next_event_time timestamp;"), "{script}");
    }
    let nothing_new = site.load(&[]).expect(0);
    assert!(nothing_new.stdout.starts_with("0 new files"), "{}", nothing_new.stdout);
    assert_eq!(site.tables(), tables);
    assert_eq!(site.number("select version from sparkify_schema"), i64::from(SCHEMA_VERSION));
    site.check_invariants();
}

pub fn a_check_that_cannot_be_run_fails_and_the_others_run(new_site: NewSite<'_>) {
    let site = new_site();
    site.put("log_data/1.json", good(5));
    site.load(&[]).expect(0);
    change(&site, "drop table user_levels");
    let json = site.run(&["check", "--json", "--warehouse", &site.warehouse]).expect(4).json();
    assert_eq!(json["status"], "failed");
    let checks = json["checks"].as_array().unwrap();
    let (broken, run): (Vec<_>, Vec<_>) = checks.iter().partition(|check| !check["error"].is_null());
    assert_eq!(broken.len() + run.len(), 47);
    assert!(broken.len() >= 3, "{broken:?}");
    for check in broken {
        assert_eq!((&check["status"], &check["rows"]), (&json!("failed"), &Value::Null), "{check}");
        assert!(check["query"].as_str().unwrap().contains("user_levels"), "{check}");
        assert!(check["error"].as_str().unwrap().contains("does not exist"), "{check}");
    }
    assert!(run.iter().all(|check| check["status"] != "failed"), "{run:?}");
    let text = site.run(&["check", "--warehouse", &site.warehouse]).expect(4).stdout;
    assert!(text.contains("level_stays (blocking): cannot be run: "), "{text}");
}

pub fn tables_of_someone_else_are_refused(new_site: NewSite<'_>) {
    let site = new_site();
    site.put("log_data/1.json", good(5));
    change(&site, "create table songs (mine integer); insert into songs values (5)");
    let refused = site.load(&[]).expect(1);
    assert!(refused.stderr.contains("has a table songs that sparkify did not create"), "{}", refused.stderr);
    assert_eq!(site.sql("select mine from songs"), json!([{"mine": 5}]));
    let asked = site.run(&["check", "--warehouse", &site.warehouse]).expect(1);
    assert!(asked.stderr.contains("no sparkify tables"), "{}", asked.stderr);
}

pub fn tables_are_dropped_and_made_anew(new_site: NewSite<'_>) {
    let site = new_site();
    site.put("log_data/1.json", good(5));
    let tables = |action: &str| site.run(&["tables", action, "--yes", "--warehouse", &site.warehouse]).expect(0);
    tables("create");
    assert_eq!(site.number("select count(*) from load_runs"), 0);
    site.load(&[]).expect(0);
    tables("reset");
    assert_eq!(site.number("select count(*) from load_files"), 0);
    site.load(&[]).expect(0);
    tables("drop");
    site.run(&["digest", "--warehouse", &site.warehouse]).expect(1);
    site.load(&[]).expect(0);
    assert_eq!(site.number("select count(*) from load_files"), 1);
}
