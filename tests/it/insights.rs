//! Insights on the command line: answers worked out by hand on small data made to be tricky, and every kind of question
//! that has no good answer.

use chrono::DateTime;
use serde_json::{Value, json};
use sparkify::insights::catalogue::{self, Insight, Parameter, ParameterKind};

use crate::support::docs::assert_page_has;
use crate::support::warehouse::Site;

/// Lines of one session: when (UTC), then the events behind each other with their distance in seconds.
pub struct Session {
    user: u32,
    id: u32,
    at: &'static str,
    level: &'static str,
    more: &'static str,
}

impl Session {
    /// Events are `song/artist/length` or a page, each with the seconds since the session's begin.
    pub fn lines(&self, events: &[(i64, &str)]) -> String {
        let begin = DateTime::parse_from_rfc3339(self.at).unwrap().timestamp_millis();
        let line = |(item, (after, what)): (usize, &(i64, &str))| {
            let what = match what.split('/').collect::<Vec<_>>()[..] {
                [song, artist, length] => {
                    format!("\"page\":\"NextSong\",\"song\":\"{song}\",\"artist\":\"{artist}\",\"length\":{length}")
                }
                _ => format!("\"page\":\"{what}\""),
            };
            format!(
                "{{\"ts\":{},\"userId\":\"{}\",\"sessionId\":{},\"itemInSession\":{item},\"level\":\"{}\",\"auth\":\"Logged In\",{what}{}}}\n",
                begin + after * 1000,
                self.user,
                self.id,
                self.level,
                self.more
            )
        };
        events.iter().enumerate().map(line).collect()
    }
}

pub fn session(user: u32, id: u32, at: &'static str, level: &'static str) -> Session {
    Session { user, id, at, level, more: "" }
}

pub fn site_of(lines: &str, songs: &str) -> Site {
    let site = Site::new();
    site.put("log_data/1.json", lines);
    if !songs.is_empty() {
        site.put("song_data/1.json", songs);
    }
    site.load(&[]).expect(0);
    site
}

pub fn ask(site: &Site, arguments: &[&str]) -> Value {
    let all = [&["insights", "--format", "json", "--warehouse", "w.duckdb"], arguments].concat();
    site.run(&all).expect(0).json()[0].take()
}

/// The rows of an answer, these columns only.
pub fn rows(answer: &Value, columns: &[&str]) -> Value {
    let row = |row: &Value| Value::Array(columns.iter().map(|column| row[column].clone()).collect());
    Value::Array(answer["rows"].as_array().unwrap().iter().map(row).collect())
}

pub const NEW_YEAR: &str = "2018-12-31T10:00:00Z";

fn song(id: &str, title: &str, artist_id: &str, artist: &str, year: i64) -> String {
    format!(
        "{{\"song_id\":\"{id}\",\"title\":\"{title}\",\"artist_id\":\"{artist_id}\",\"artist_name\":\"{artist}\",\"duration\":100.0,\"year\":{year}}}\n"
    )
}

#[test]
fn every_file_says_what_a_reader_needs() {
    let all = catalogue::all();
    assert!(all.len() >= 28);
    for insight in all {
        let name = insight.name;
        assert!(insight.title != name && !insight.title.is_empty(), "{name}");
        assert!(insight.answers.ends_with('?') && !insight.grain.is_empty() && !insight.unit.is_empty(), "{name}");
        assert!(insight.columns.len() > 2 && insight.columns.iter().all(|column| !column.meaning.is_empty()), "{name}");
        assert!(insight.notes.iter().all(|note| note.ends_with('.')), "{name}: {:?}", insight.notes);
        let described = insight.text.lines().filter(|line| line.starts_with("-- column: ")).count();
        assert_eq!(insight.columns.len(), described, "{name}: a column's line cannot be read");
        for column in &insight.chart.columns {
            assert!(insight.column(column).is_some(), "{name} draws {column}, which it does not have");
        }
        for parameter in &insight.parameters {
            assert!(insight.sql().contains(&format!("${}", parameter.name)), "{name} does not use ${}", parameter.name);
        }
        assert!(insight.takes("since") && insight.takes("until"), "{name}");
    }
}

#[test]
fn the_page_lists_every_insight() {
    let set = |parameter: &Parameter| match (parameter.kind, parameter.name) {
        (ParameterKind::Common, "level") => Some("`level`".to_owned()),
        (ParameterKind::Common, _) => None,
        (ParameterKind::Integer { default, .. }, name) => Some(format!("`{name}` {default}")),
        (ParameterKind::Text, name) => Some(format!("`{name}`")),
    };
    let row = |insight: Insight| {
        let set: Vec<String> = insight.parameters.iter().filter_map(set).collect();
        format!("| `{}` | {} | {} | {} |\n", insight.name, insight.answers, insight.grain, set.join(", "))
    };
    let table: String = catalogue::all().into_iter().map(row).collect();
    let head = "| insight | answers | a row is | set |\n| --- | --- | --- | --- |\n";
    assert_page_has("docs/insights.md", "insights", &format!("{head}{table}"));
}

#[test]
fn ties_share_a_rank_and_are_all_shown() {
    let lines = session(1, 1, NEW_YEAR, "free").lines(&[(0, "b/X/10"), (20, "a/X/10"), (40, "c/Y/10"), (60, "c/Y/10")])
        + &session(2, 2, NEW_YEAR, "paid").lines(&[(0, "b/X/10"), (20, "a/X/10"), (40, "d/Y/10"), (60, "d/Y/10")]);
    let site = site_of(&lines, &song("S1", "a", "AX", "X", 1987));
    // All have two plays; a and b have two listeners, c and d one. a is matched.
    let top = ask(&site, &["top_songs", "--top", "3"]);
    let columns = ["rank", "song", "song_id", "plays", "listeners", "plays_per_listener", "share"];
    assert_eq!(
        rows(&top, &columns),
        json!([
            [1, "a", "S1", 2, 2, 1.0, 0.25],
            [1, "b", null, 2, 2, 1.0, 0.25],
            [3, "c", null, 2, 1, 2.0, 0.25],
            [3, "d", null, 2, 1, 2.0, 0.25]
        ])
    );
    assert_eq!(rows(&ask(&site, &["top_songs", "--top", "1"]), &["song"]), json!([["a"], ["b"]]));
    assert_eq!(rows(&ask(&site, &["top_songs", "--level", "paid"]), &["song", "plays"]), json!([["d", 2], ["a", 1], ["b", 1]]));
    // b is not in the catalogue, but its artist is, by name.
    let columns = ["rank", "artist", "artist_id", "plays", "matched_plays", "listeners", "songs"];
    assert_eq!(rows(&ask(&site, &["top_artists"]), &columns), json!([[1, "X", "AX", 4, 2, 2, 2], [1, "Y", null, 4, 0, 2, 2]]));
    assert_eq!(rows(&ask(&site, &["top_artists", "--set", "min_plays=5"]), &["rank"]), json!([]));
    let columns = ["era", "plays", "songs", "listeners", "share", "share_of_dated"];
    assert_eq!(
        rows(&ask(&site, &["era_mix"]), &columns),
        json!([["1980s", 2, 1, 2, 0.25, 1.0], ["not in the catalogue", 6, 0, 2, 0.75, null]])
    );
    let columns = ["kind", "items", "plays", "top_1_share", "gini", "hhi", "played_once"];
    assert_eq!(
        rows(&ask(&site, &["concentration"]), &columns),
        json!([["songs", 4, 8, 0.25, 0.0, 0.25, 0], ["artists", 2, 8, 0.5, 0.0, 0.5, 0]])
    );
    let columns = ["day", "plays", "matched", "match_rate", "songs_so_far", "coverage_so_far"];
    assert_eq!(rows(&ask(&site, &["catalogue_coverage"]), &columns), json!([["2018-12-31", 8, 2, 0.25, 1, 1.0]]));
}

#[test]
fn weeks_are_named_by_their_iso_year_and_unfinished_ones_left_out() {
    let lines = session(1, 1, "2018-12-31T23:59:59Z", "free").lines(&[(0, "a/X/10")])
        + &session(2, 2, "2018-12-30T23:59:59Z", "free").lines(&[(0, "a/X/10"), (1, "a/X/10")])
        + &session(2, 3, "2019-01-09T00:00:00Z", "free").lines(&[(0, "a/X/10")])
        + &session(1, 4, "2019-01-14T12:00:00Z", "free").lines(&[(0, "a/X/10")]);
    let site = site_of(&lines, "");
    let columns = ["cohort", "iso_year", "iso_week", "users", "week_after", "active", "active_or_later_share"];
    assert_eq!(
        rows(&ask(&site, &["cohort_retention"]), &columns),
        json!([
            ["2018-12-24", 2018, 52, 1, 0, 1, 1.0],
            ["2018-12-24", 2018, 52, 1, 1, 1, 1.0],
            ["2018-12-24", 2018, 52, 1, 2, 1, 1.0],
            ["2018-12-31", 2019, 1, 1, 0, 1, 1.0],
            ["2018-12-31", 2019, 1, 1, 1, 0, 1.0]
        ])
    );
    // The window's end is outside it: a play at midnight is the next day's.
    let inside = ask(&site, &["level_mix", "--from", "2019-01-08", "--to", "2019-01-10"]);
    assert_eq!(rows(&inside, &["day", "plays_free", "paid_share"]), json!([["2019-01-08", 0, null], ["2019-01-09", 1, 0.0]]));
    assert_eq!(
        (&inside["footing"]["plays"], &inside["from"], &inside["to"]),
        (&json!(1), &json!("2019-01-08"), &json!("2019-01-10"))
    );
}

#[test]
fn sessions_with_an_end_that_is_not_known_stay_out_of_the_means() {
    let lines = session(1, 1, "2019-01-01T10:00:00Z", "free").lines(&[(0, "Home"), (30, "a/X/100"), (130, "b/X/100"), (150, "Logout")])
        + &session(1, 2, "2019-01-01T20:00:00Z", "free").lines(&[(0, "Home")])
        + &session(2, 3, "2019-01-01T23:59:00Z", "paid").lines(&[(0, "a/X/100"), (100, "b/X/100")])
        + &session(3, 4, "2019-01-02T12:00:00Z", "paid").lines(&[(0, "a/X/100")])
        // The data ends while this one plays.
        + &session(4, 5, "2019-01-03T12:00:00Z", "paid").lines(&[(0, "About"), (70, "a/X/100")]);
    let site = site_of(&lines, "");
    let columns =
        ["began_at", "sessions", "cut_off", "plays_per_session", "mean_minutes", "median_minutes", "bounce_rate", "caution"];
    let few = "fewer than 20 whole sessions";
    assert_eq!(
        rows(&ask(&site, &["session_stats"]), &columns),
        json!([
            ["all", 5, 1, 1.3, 1.9, 2.1, 0.5, few],
            ["free", 2, 0, 1.0, 1.3, 1.3, 0.5, few],
            ["paid", 3, 1, 1.5, 2.5, 2.5, 0.5, few]
        ])
    );
    // Of the first day's window, session 3 goes on behind it.
    let day = ask(&site, &["session_stats", "--to", "2019-01-02"]);
    assert_eq!(rows(&day, &["began_at", "sessions", "cut_off"]), json!([["all", 3, 1], ["free", 2, 0], ["paid", 1, 1]]));
    assert_eq!((&day["footing"]["sessions"], &day["footing"]["censored_sessions"]), (&json!(3), &json!(1)));
    // b is heard for 20 s of its 100: then the user logs out. The last plays' ends are not known.
    let power = ask(&site, &["power_users"]);
    let columns = ["rank", "user_id", "plays", "listen_hours", "last_plays"];
    assert_eq!(rows(&power, &columns), json!([[1, 1, 2, 0.03, 0], [1, 2, 2, 0.06, 1], [3, 3, 1, 0.03, 1], [3, 4, 1, 0.03, 1]]));
    let start = rows(&ask(&site, &["session_start_profile"]), &["dimension", "value", "sessions", "share", "play_within_60_s"]);
    assert_eq!(start[0], json!(["page", "Home", 2, 0.4, 0.5]));
    assert_eq!(start[1], json!(["page", "NextSong", 2, 0.4, 1.0]));
    assert_eq!(start[2], json!(["page", "About", 1, 0.2, 0.0]));
    assert_eq!(
        rows(&ask(&site, &["skip_rate"]), &["level", "eligible", "skipped"]),
        json!([["all", 2, 0], ["free", 1, 0], ["paid", 1, 0]])
    );
}

#[test]
fn changes_of_level_are_dated_by_the_first_event_at_the_new_one() {
    // User 1 asks for it at free, is paid with the next event, and goes back a day later; user 2 asks in vain.
    let lines = session(1, 1, "2019-01-01T10:00:00Z", "free").lines(&[
        (0, "a/X/3600"),
        (3600, "Roll Advert"),
        (3610, "Upgrade"),
        (3620, "Submit Upgrade"),
    ]) + &session(1, 2, "2019-01-01T12:00:00Z", "paid").lines(&[
        (0, "Home"),
        (10, "a/X/100"),
        (200, "Downgrade"),
        (210, "Submit Downgrade"),
    ]) + &session(1, 3, "2019-01-03T10:00:00Z", "free").lines(&[(0, "Home"), (10, "a/X/100")])
        + &session(2, 4, "2019-01-01T10:00:00Z", "free").lines(&[(0, "Upgrade"), (10, "Submit Upgrade"), (90_000, "Home")])
        + &session(3, 5, "2019-01-01T10:00:00Z", "free").lines(&[(0, "Upgrade")]);
    let site = site_of(&lines, "");
    let few = "fewer than 5 users";
    let columns = ["change", "changes", "users", "users_with_several", "timed_users", "median_days", "caution"];
    assert_eq!(
        rows(&ask(&site, &["level_transitions"]), &columns),
        json!([["free to paid", 1, 1, 0, 1, 0.1, few], ["paid to free", 1, 1, 0, 1, 2.0, few], ["any", 2, 1, 1, 1, 0.1, few]])
    );
    let columns = ["funnel", "users", "share_of_first", "share_of_step_before", "adverts_per_free_hour"];
    assert_eq!(
        rows(&ask(&site, &["upgrade_funnel"]), &columns),
        json!([
            ["upgrade", 3, 1.0, null, null],
            ["upgrade", 2, 0.666_667, 0.666_667, null],
            ["upgrade", 1, 0.333_333, 0.5, 1.0],
            ["downgrade", 1, 1.0, null, null],
            ["downgrade", 1, 1.0, 1.0, null],
            // The first free event is two days later.
            ["downgrade", 0, 0.0, 0.0, null]
        ])
    );
    let columns = ["day", "users_free", "users_paid", "free_at_end", "paid_at_end"];
    assert_eq!(
        rows(&ask(&site, &["level_mix"]), &columns),
        json!([["2019-01-01", 1, 1, 2, 1], ["2019-01-02", 0, 0, 2, 1], ["2019-01-03", 1, 0, 3, 0]])
    );
}

#[test]
fn users_who_cancel_leave_in_their_week() {
    let leave = Session { more: ",\"status\":200", ..session(1, 2, "2019-01-09T10:00:00Z", "free") };
    let lines = session(1, 1, "2019-01-01T10:00:00Z", "free").lines(&[(0, "a/X/10"), (20, "Thumbs Down"), (30, "Error")])
        + &leave.lines(&[(0, "Cancellation Confirmation")])
        + &session(2, 3, "2019-01-01T10:00:00Z", "free").lines(&[(0, "a/X/10"), (20, "a/X/10")])
        + &session(2, 4, "2019-01-22T11:00:00Z", "free").lines(&[(0, "Home")]);
    let site = site_of(&lines, "");
    let columns = ["section", "item", "at_risk", "left_users", "hazard", "mean_of_left", "mean_of_stayed"];
    assert_eq!(
        rows(&ask(&site, &["churn"]), &columns),
        json!([
            ["hazard", "0", 2, 0, 0.0, null, null],
            ["hazard", "1", 2, 1, 0.5, null, null],
            ["hazard", "2", 1, 0, 0.0, null, null],
            ["predictors", "thumbs down per 100 plays", null, 1, null, 100.0, 0.0],
            ["predictors", "errors per 100 plays", null, 1, null, 100.0, 0.0],
            ["predictors", "adverts per 100 plays", null, 1, null, 0.0, 0.0],
            ["predictors", "days since the last play", null, 1, null, 8.0, 21.041]
        ])
    );
}

#[test]
fn places_and_devices_are_read_from_their_texts() {
    let agents = [
        ("Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko", "New York-Newark, NY-NJ-PA"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 7_1_2 like Mac OS X) Version/7.0 Mobile/11D257 Safari/9537.53", "Tampa, FL"),
        ("Mozilla/5.0 (X11; Linux x86_64) Ubuntu Chromium/36.0 Chrome/36.0.1985.125 Safari/537.36", "Nowhere"),
    ];
    let lines: String = (1u32..)
        .zip(agents)
        .map(|(user, (agent, place))| {
            let more = format!(",\"userAgent\":\"\\\"{agent}\\\"\",\"location\":\"{place}\"");
            Session { more: more.leak(), ..session(user, user, NEW_YEAR, "free") }.lines(&[
                (0, "a/X/10"),
                (20, "Error"),
                (30, "a/X/10"),
                (50, "a/X/10"),
            ])
        })
        .collect();
    let site = site_of(&lines, "");
    let columns = ["kind", "place", "states", "plays", "users"];
    assert_eq!(
        rows(&ask(&site, &["geo"]), &columns),
        json!([
            ["metro", "New York-Newark", "NY-NJ-PA", 3.0, 1.0],
            ["metro", "Nowhere", "", 3.0, 1.0],
            ["metro", "Tampa", "FL", 3.0, 1.0],
            ["state", "FL", null, 3.0, 1.0],
            ["state", "NJ", null, 1.0, 0.3],
            ["state", "NY", null, 1.0, 0.3],
            ["state", "PA", null, 1.0, 0.3]
        ])
    );
    let found = rows(&ask(&site, &["devices"]), &["dimension", "value", "plays", "sessions", "error_rate"]);
    let wanted: Vec<Value> = [
        ("os", ["Linux", "Windows", "iOS"]),
        ("browser", ["Chrome 36", "Internet Explorer 11", "Safari 7"]),
        ("form", ["computer", "phone", ""]),
    ]
    .iter()
    .flat_map(|(dimension, values)| values.iter().filter(|value| !value.is_empty()).map(move |value| (*dimension, *value)))
    .map(|(dimension, value)| {
        let n = if value == "computer" { 2 } else { 1 };
        json!([dimension, value, 3 * n, n, 0.25])
    })
    .collect();
    assert_eq!(found, Value::Array(wanted));
}

#[test]
fn a_session_counts_once_for_each_kind_of_device_that_it_was_heard_on() {
    let heard = |user: u32, id: u32, at: &'static str, level: &'static str, agent: &str| {
        let more = if agent.is_empty() { String::new() } else { format!(",\"userAgent\":\"{agent}\"") };
        Session { more: more.leak(), ..session(user, id, at, level) }.lines(&[(0, "a/X/10"), (20, "a/X/10")])
    };
    let (chrome, newer) = ("Windows NT 6.1 Chrome/35.0", "Windows NT 6.1 Chrome/36.0");
    let (firefox, phone) = ("Windows NT 6.1 Firefox/31.0", "iPhone Version/7.0 Mobile Safari/1");
    // User 1 changes browsers within a session, and the device with the next, for which the log has no agent once. User 2
    // has one agent for both sessions, and one session's number is the other user's too.
    let lines = heard(1, 1, "2019-01-01T10:00:00Z", "free", chrome)
        + &heard(1, 1, "2019-01-01T11:00:00Z", "free", firefox)
        + &heard(1, 1, "2019-01-01T12:00:00Z", "paid", newer)
        + &heard(1, 2, "2019-01-01T13:00:00Z", "paid", phone)
        + &heard(1, 2, "2019-01-02T08:00:00Z", "paid", chrome)
        + &heard(1, 5, "2019-01-02T09:00:00Z", "paid", "")
        + &heard(2, 1, "2019-01-01T10:00:00Z", "free", chrome)
        + &heard(2, 4, "2019-01-02T10:00:00Z", "paid", chrome);
    let site = site_of(&lines, "");
    let devices = |question: &[&str]| {
        rows(
            &ask(&site, &[&["devices"], question].concat()),
            &["dimension", "value", "plays", "users", "sessions", "plays_per_session"],
        )
    };
    assert_eq!(
        devices(&[]),
        json!([
            ["os", "Windows", 12, 2, 4, 3.0],
            ["os", "iOS", 2, 1, 1, 2.0],
            ["os", "unknown", 2, 1, 1, 2.0],
            ["browser", "Chrome 35", 8, 2, 4, 2.0],
            ["browser", "Chrome 36", 2, 1, 1, 2.0],
            ["browser", "Firefox 31", 2, 1, 1, 2.0],
            ["browser", "Safari 7", 2, 1, 1, 2.0],
            ["browser", "unknown", 2, 1, 1, 2.0],
            ["form", "computer", 12, 2, 4, 3.0],
            ["form", "phone", 2, 1, 1, 2.0],
            ["form", "unknown", 2, 1, 1, 2.0]
        ])
    );
    // What counts is the window and the level: with several agents, and with one.
    assert_eq!(
        devices(&["--to", "2019-01-02", "--level", "free"]),
        json!([
            ["os", "Windows", 6, 2, 2, 3.0],
            ["browser", "Chrome 35", 4, 2, 2, 2.0],
            ["browser", "Firefox 31", 2, 1, 1, 2.0],
            ["form", "computer", 6, 2, 2, 3.0]
        ])
    );
    assert_eq!(
        devices(&["--from", "2019-01-02"]),
        json!([
            ["os", "Windows", 4, 2, 2, 2.0],
            ["os", "unknown", 2, 1, 1, 2.0],
            ["browser", "Chrome 35", 4, 2, 2, 2.0],
            ["browser", "unknown", 2, 1, 1, 2.0],
            ["form", "computer", 4, 2, 2, 2.0],
            ["form", "unknown", 2, 1, 1, 2.0]
        ])
    );
}

#[test]
fn trends_and_neighbours_are_counted_by_hand() {
    let day = |n: u32, id: u32, events: &[(i64, &str)]| {
        let at = format!("2019-01-{n:02}T00:00:00Z");
        session(id, id, at.leak(), "free").lines(events)
    };
    // Blocks of two days before the 9th: a has 1, 0 and 3 plays, then 4; b is new; c too rare.
    let a = "a/X/10";
    let lines = day(1, 1, &[(0, a)])
        + &day(5, 2, &[(0, a), (20, a), (40, a)])
        + &day(7, 3, &[(0, a), (20, "b/Y/10"), (40, a), (60, "b/Y/10"), (80, a), (100, "b/Y/10")])
        + &day(8, 4, &[(0, "c/Z/10"), (20, a)]);
    let site = site_of(&lines, "");
    let trend = ask(&site, &["trending", "--set", "days=2", "--set", "blocks=5", "--set", "min_plays=2"]);
    let columns =
        ["kind", "rank", "song", "recent_plays", "listeners", "blocks_before", "mean_before", "ratio", "ratio_low", "ratio_high"];
    // Byar: 4 × (1 - 1/36 - 1.96/6)³ = 1.08 and 5 × (1 - 1/45 + 1.96/(3√5))³ = 10.24, by 4/3.
    assert_eq!(
        rows(&trend, &columns),
        json!([["rising", 1, "a", 4, 2, 3, 1.33, 3.0, 0.81, 7.68], ["new", 1, "b", 3, 1, 3, 0.0, null, null, null]])
    );
    // Of 8 transitions 3 are X to Y and 2 Y to X; from X go 5, to Y 3; from Y 2, to X 5.
    let pairs = ask(&site, &["artist_affinity", "--set", "min_support=2"]);
    let columns = ["rank", "artist", "next_artist", "transitions", "expected", "lift", "confidence"];
    assert_eq!(rows(&pairs, &columns), json!([[1, "X", "Y", 3, 1.9, 1.6, 0.6], [2, "Y", "X", 2, 1.3, 1.6, 1.0]]));
    let audience = ask(&site, &["artist_audience", "--set", "artist=Y"]);
    let columns = ["artist", "dimension", "value", "plays", "share", "overall_share", "lift"];
    assert_eq!(rows(&audience, &columns)[1], json!(["Y", "level", "free", 3, 1.0, 1.0, 1.0]));
    // One day in eight is a Saturday, one a Sunday; both without plays but the 5th.
    let seasons = rows(&ask(&site, &["seasonality"]), &["period", "days", "plays", "plays_per_day", "ratio"]);
    assert_eq!(seasons[7], json!(["Mon-Fri", 6, 9, 1.5, null]));
    assert_eq!(seasons[8], json!(["Sat-Sun", 2, 3, 1.5, null]));
    assert_eq!(seasons[9], json!(["Sat-Sun / Mon-Fri", null, null, null, 1.0]));
}

// ------------------------------------------------------------------------------------------------ no good answer

pub fn all(site: &Site, arguments: &[&str]) -> Vec<Value> {
    let arguments = [&["insights", "--format", "json", "--warehouse", "w.duckdb"], arguments].concat();
    let answers = site.run(&arguments).expect(0).json();
    let answers = answers.as_array().unwrap().clone();
    assert_eq!(answers.len(), catalogue::all().len());
    for format in ["table", "markdown"] {
        let arguments = [&["insights", "--chart", "--format", format, "--warehouse", "w.duckdb"], &arguments[5..]].concat();
        let text = site.run(&arguments).expect(0).stdout;
        assert!(!text.contains("NaN") && !text.contains("inf "), "{text}");
    }
    answers
}

#[test]
fn an_answer_about_nothing_says_so() {
    let site = Site::new();
    site.run(&["tables", "create", "--warehouse", "w.duckdb"]).expect(0);
    for answer in all(&site, &[]) {
        assert_eq!(answer["rows"], json!([]), "{}", answer["name"]);
        assert_eq!(answer["remarks"][0], "the warehouse holds no events yet; `sparkify load` brings them");
        assert_eq!(answer["footing"]["data_through"], Value::Null);
    }
    site.run(&["report", "--warehouse", "w.duckdb"]).expect(0);

    let one = site_of(&session(1, 1, NEW_YEAR, "free").lines(&[(0, "a/X/10")]), "");
    for answer in all(&one, &[]) {
        assert!(answer["remarks"].as_array().unwrap().len() <= 1, "{answer}");
        assert_eq!(answer["footing"]["plays"], 1);
    }
    for answer in all(&one, &["--from", "2030-01-01"]) {
        assert_eq!(
            answer["remarks"][0],
            "the window holds none of the data, which is from 2018-12-31 10:00 to 2018-12-31 10:00 UTC"
        );
    }
    for window in [["2019-06-01", "2019-06-08"], ["2000-01-01", "2000-01-02"], ["0001-01-01", "1000-01-01"]] {
        for answer in all(&one, &["--from", window[0], "--to", window[1]]) {
            assert_eq!((&answer["rows"], &answer["from"], &answer["to"]), (&json!([]), &json!(window[0]), &json!(window[1])));
            assert!(answer["remarks"][0].as_str().unwrap().starts_with("the window holds none of the data, which is from"));
        }
    }
    let never = session(2, 2, "9999-12-31T10:00:00Z", "free").lines(&[(0, "a/X/10")]);
    let never = site_of(&never, "");
    for answer in all(&never, &[]) {
        assert!(answer["remarks"][0].as_str().unwrap().starts_with("the window holds none of the data"), "{answer}");
    }
    one.run(&["report", "--warehouse", "w.duckdb", "--from", "2019-06-01", "--to", "2019-06-08"]).expect(0);

    let views = site_of(&session(1, 1, NEW_YEAR, "free").lines(&[(0, "Home")]), "");
    for answer in all(&views, &[]) {
        assert_eq!(answer["footing"]["match_rate"], Value::Null);
    }
}

/// Whoever asks what follows what then finds the rows nearly sorted.
#[test]
fn the_facts_of_a_file_are_stored_by_session() {
    let events = |id| session(id, id, NEW_YEAR, "free").lines(&[(0, "a/X/10"), (10, "b/X/10"), (20, "Home"), (30, "About")]);
    let lines = [5, 3, 4, 1, 2].map(events);
    let mixed: String =
        (0..4).flat_map(|i| lines.iter().map(move |text| text.lines().nth(i).unwrap().to_owned() + "\n")).collect();
    let site = site_of(&mixed, "");
    for facts in ["songplays", "page_views"] {
        let rows = site.sql(&format!("select session_id, item_in_session from {facts} order by rowid"));
        let stored: Vec<(i64, i64)> = rows
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (row["session_id"].as_i64().unwrap(), row["item_in_session"].as_i64().unwrap()))
            .collect();
        assert!(stored.len() == 10 && stored.is_sorted(), "{facts}: {stored:?}");
    }
}

#[test]
fn an_insight_says_the_same_alone_as_among_others() {
    let site = Site::new();
    let simulated = ["simulate", "--out", ".", "--from", "2018-11-01", "--to", "2018-12-09", "--users", "60", "--seed", "4"];
    site.run(&simulated).expect(0);
    let skips = session(9001, 9001, "2018-11-03T10:00:00Z", "paid").lines(&[
        (0, "a/X/100"),
        (20, "Home"),
        (30, "b/X/100"),
        (130, "c/Y/100"),
        (170, "Help"),
    ]);
    site.put("log_data/2018/11/more.json", skips);
    site.load(&[]).expect(0);
    for window in [&[][..], &["--from", "2018-11-03", "--to", "2018-11-05", "--level", "paid", "--top", "3"]] {
        let mut answered = 0;
        let together = all(&site, window);
        let skipped = together.iter().find(|answer| answer["name"] == "skip_rate").unwrap();
        assert_eq!(skipped["rows"][0]["skipped"], 1, "{skipped}");
        for answer in together {
            let name = answer["name"].as_str().unwrap();
            // What an insight does not take it refuses when it is asked alone.
            let insight = catalogue::all().into_iter().find(|insight| insight.name == name).unwrap();
            let flags = window.chunks(2).filter(|flag| ["--from", "--to"].contains(&flag[0]) || insight.takes(&flag[0][2..]));
            let asked = [&[name], flags.flatten().copied().collect::<Vec<_>>().as_slice()].concat();
            let alone = ask(&site, &asked);
            answered += usize::from(!alone["rows"].as_array().unwrap().is_empty());
            assert_eq!(alone["rows"], answer["rows"], "{name}");
        }
        assert!(answered >= 20, "only {answered} have an answer");
    }
}

#[test]
fn questions_that_make_no_sense_are_told_what_would() {
    let site = site_of(&session(1, 1, NEW_YEAR, "free").lines(&[(0, "a/X/10")]), "");
    let cases: [(&[&str], &str, &str); 15] = [
        (&["top_song"], "there is no insight `top_song`", "did you mean `top_songs`?"),
        (&["retention"], "there is no insight `retention`", "did you mean `cohort_retention`?"),
        (&["\u{1b}[2J"], "there is no insight `\\u{1b}[2J`", "`sparkify insights --list` shows all"),
        (&["--from", "2018-13-01"], "--from `2018-13-01` is not a date: expected YYYY-MM-DD, such as 2018-11-30", ""),
        (&["--from", "2019-01-02", "--to", "2019-01-02"], "the window from 2019-01-02 to 2019-01-02 is empty", ""),
        (&["--to", "9999-12-31"], "--to `9999-12-31` is out of range: days run from 0001-01-01 to 9999-12-30", ""),
        (&["top_songs", "--top", "0"], "top of top_songs must be a whole number from 1 to 100000", ""),
        (&["trending", "--set", "days=x"], "days of trending must be a whole number from 1 to 1000", ""),
        (&["top_songs", "--set", "days=3"], "none of these insights has a parameter `days`", ""),
        (&["skip_rate", "--level", "paid"], "skip_rate is not by level", ""),
        (&["churn", "skip_rate", "--level", "paid"], "none of churn, skip_rate is by level", ""),
        (&["hour_profile", "--top", "5"], "hour_profile is not by rank, so --top has no effect", ""),
        (&["top_songs", "--top", "5", "--set", "top=3"], "`top` is set twice", ""),
        (&["trending", "--set", "days=5", "--set", "days=6"], "`days` is set twice", ""),
        (&["--format", "csv"], "CSV holds one table: name one insight", ""),
    ];
    for (arguments, message, hint) in cases {
        let refused = site.run(&[&["insights", "--warehouse", "w.duckdb"], arguments].concat()).expect(2);
        assert!(refused.stderr.contains(message) && refused.stderr.contains(hint), "{arguments:?}: {}", refused.stderr);
        assert_eq!(refused.stdout, "", "{arguments:?}");
    }
    let missing = site.run(&["insights", "--warehouse", "other.duckdb"]).expect(1);
    assert!(missing.stderr.contains("there is no warehouse at other.duckdb"));
    let list = site.run(&["insights", "--list", "--format", "json"]).expect(0).json();
    assert_eq!(list.as_array().unwrap().len(), catalogue::all().len());
}

#[test]
fn text_from_the_logs_is_only_ever_text() {
    let evil = r"x\u001b[2J|<script>alert(1)<\/script>\u202e'; drop table songplays; --";
    let lines = session(1, 1, NEW_YEAR, "free").lines(&[(0, &format!("{evil}/{evil}/10").replace("<\\/", "<\\u002f"))]);
    let site = site_of(&lines, "");
    let table = site.run(&["insights", "top_songs", "--warehouse", "w.duckdb"]).expect(0).stdout;
    assert!(!table.contains(['\u{1b}', '\u{202e}']) && table.contains("\\u{1b}[2J|<script>"), "{table}");
    let markdown = site.run(&["insights", "top_songs", "--format", "markdown", "--warehouse", "w.duckdb"]).expect(0).stdout;
    assert!(markdown.contains("\\|&lt;script>") && !markdown.contains("<script"), "{markdown}");
    let csv = site.run(&["insights", "top_songs", "--format", "csv", "--warehouse", "w.duckdb"]).expect(0).stdout;
    assert!(csv.starts_with("rank,song,artist,"), "{csv}");
    let json = site.run(&["insights", "top_songs", "--format", "json", "--warehouse", "w.duckdb"]).expect(0);
    assert!(!json.stdout.contains('\u{202e}') && json.json()[0]["rows"][0]["song"].as_str().unwrap().contains('\u{202e}'));
    let artist = "artist='; drop table songplays; --";
    let nobody = ask(&site, &["artist_audience", "--set", artist]);
    assert_eq!(nobody["rows"], json!([]));
    assert!(nobody["remarks"][0].as_str().unwrap().starts_with("no play in the window is by an artist whom"), "{nobody}");
    assert_eq!(site.number("select count(*) from songplays"), 1);
}
