//! Which days, and which level, an answer stands on.

use serde_json::{Value, json};

use crate::insights::{self, NEW_YEAR, all, ask, rows, session, site_of};
use crate::support::warehouse::Site;

#[test]
fn trends_look_back_over_whole_blocks_and_before_the_window() {
    let plays = |at: &'static str, id: u32, count: i64| {
        let events: Vec<(i64, &str)> = (0..count).map(|n| (n * 20, "a/X/10")).collect();
        session(id, id, at, "free").lines(&events)
    };
    // The data begins in the evening of the 1st, which is not a whole day.
    let lines = plays("2019-01-01T20:00:00Z", 1, 9)
        + &plays("2019-01-03T10:00:00Z", 2, 2)
        + &plays("2019-01-06T10:00:00Z", 3, 1)
        + &plays("2019-01-07T10:00:00Z", 4, 3);
    let site = site_of(&lines, "");
    let columns = ["song", "recent_plays", "blocks_before", "mean_before", "ratio"];
    let set = ["trending", "--set", "days=2", "--set", "blocks=9", "--set", "min_plays=1"];
    let ask = |window: &[&str]| ask(&site, &[&set, window].concat());
    // From the end: the 6th and 7th, then 4th and 5th, then 2nd and 3rd; the nine plays of the 1st are in no whole block.
    assert_eq!(rows(&ask(&[]), &columns), json!([["a", 4, 2, 1.0, 4.0]]));
    // What lies before the window counts, and a window of one day has one last day.
    assert_eq!(rows(&ask(&["--from", "2019-01-06"]), &columns), json!([["a", 4, 2, 1.0, 4.0]]));
    assert_eq!(rows(&ask(&["--from", "2019-01-07"]), &columns), json!([["a", 3, 5, 0.6, 5.0]]));
    let none = ask(&["--to", "2019-01-04"]);
    assert_eq!(none["rows"], json!([]));
    assert!(none["remarks"][0].as_str().unwrap().starts_with("no whole block of days is before the last days"), "{none}");
    // Views are data too.
    let view = session(7, 7, "2018-12-31T00:10:00Z", "free").lines(&[(0, "Home")]);
    let seen = site_of(&(lines.clone() + &view), "");
    assert_eq!(rows(&insights::ask(&seen, &set), &columns), json!([["a", 4, 3, 3.67, 1.09]]));
    // From its first hour on a day is whole.
    let site = site_of(&(lines + &plays("2019-01-01T00:59:00Z", 9, 1)), "");
    let set = ["trending", "--set", "days=3", "--set", "min_plays=1", "--to", "2019-01-07"];
    assert_eq!(rows(&insights::ask(&site, &set), &columns), json!([["a", 1, 1, 12.0, 0.08]]));
}

#[test]
fn days_before_and_behind_the_data_are_no_quiet_days() {
    let lines = session(1, 1, "2019-01-02T10:00:00Z", "free").lines(&[(0, "a/X/10"), (20, "b/X/10")])
        + &session(2, 2, "2019-01-04T10:00:00Z", "paid").lines(&[(0, "a/X/10")]);
    let site = site_of(&lines, "");
    let whole = all(&site, &[]);
    for (answer, wide) in whole.iter().zip(all(&site, &["--from", "2018-01-01", "--to", "2031-01-01"])) {
        assert_eq!((&answer["rows"], &answer["from"], &answer["to"]), (&wide["rows"], &wide["from"], &wide["to"]), "{wide}");
    }
    let text = site.run(&["insights", "top_songs", "--warehouse", "w.duckdb", "--from", "2019-01-04", "--to", "2020-01-01"]);
    let text = text.expect(0).stdout;
    assert!(text.contains("2019-01-04 to 2019-01-05 (asked: 2019-01-04 to 2020-01-01) · 1 plays"), "{text}");
    let wide = ask(&site, &["top_songs", "--from", "2018-12-30", "--to", "2019-01-04"]);
    let ends = ["from", "to", "asked_from", "asked_to"].map(|end| wide[end].clone());
    assert_eq!(json!(ends), json!(["2019-01-02", "2019-01-04", "2018-12-30", "2019-01-04"]));
    assert_eq!(whole[0]["asked_from"], Value::Null);
    let quiet = ask(&site, &["top_songs", "--from", "2019-01-03", "--to", "2019-01-04"]);
    assert_eq!(quiet["remarks"][0], "no plays in the window; the data is from 2019-01-02 10:00 to 2019-01-04 10:00 UTC");
    // In between they are.
    let days = ask(&site, &["level_mix", "--from", "2019-01-03", "--to", "2019-01-05"]);
    assert_eq!(rows(&days, &["day", "plays_paid"]), json!([["2019-01-03", 0], ["2019-01-04", 1]]));
}

/// Two plays of a New Year, one of the last year that there is, one of the first.
fn far_apart() -> Site {
    let lines = session(1, 1, NEW_YEAR, "free").lines(&[(0, "a/X/10"), (20, "b/X/10")])
        + &session(2, 2, "9999-06-01T00:00:00Z", "free").lines(&[(0, "a/X/10")])
        + &session(3, 3, "0001-01-01T00:00:00Z", "free").lines(&[(0, "a/X/10")]);
    site_of(&lines, "")
}

#[test]
fn events_of_other_ages_are_outside_the_window_and_named() {
    let site = far_apart();
    let alone = site_of(&session(1, 1, NEW_YEAR, "free").lines(&[(0, "a/X/10"), (20, "b/X/10")]), "");
    for (answer, wanted) in all(&site, &[]).iter().zip(all(&alone, &[])) {
        assert_eq!((&answer["from"], &answer["to"]), (&wanted["from"], &wanted["to"]), "{answer}");
        assert_eq!(answer["footing"]["plays"], wanted["footing"]["plays"], "{answer}");
        let outside = json!({"events": 2, "from": "0001-01-01T00:00:00.000Z", "through": "9999-06-01T00:00:00.000Z"});
        assert_eq!(answer["footing"]["outside"], outside);
        assert_eq!(wanted["footing"]["outside"], Value::Null);
    }
    let text = site.run(&["insights", "top_songs", "--warehouse", "w.duckdb"]).expect(0).stdout;
    let said = "data through 2018-12-31 10:00 UTC, and 2 events far from it (as of 0001-01-01 and 9999-06-01), which --from and --to reach";
    assert!(text.contains(said), "{text}");
    site.run(&["report", "--warehouse", "w.duckdb"]).expect(0);
    let page = std::fs::read_to_string(site.path("report.html")).unwrap();
    assert!(page.contains("2 events far from it") && page.len() < 6 << 20, "{}", page.len());

    // Who asks for them gets them.
    let far = ask(&site, &["top_songs", "--from", "9999-01-01"]);
    assert_eq!((&far["from"], &far["to"], &far["footing"]["plays"]), (&json!("9999-01-01"), &json!("9999-06-02"), &json!(1)));
    let far = ask(&site, &["top_songs", "--to", "0002-01-01"]);
    assert_eq!((&far["from"], &far["to"], &far["footing"]["plays"]), (&json!("0001-01-01"), &json!("0002-01-01"), &json!(1)));
    for verb in ["insights", "report"] {
        let refused = site.run(&[verb, "--warehouse", "w.duckdb", "--from", "2018-01-01", "--to", "9999-06-02"]).expect(2);
        for text in ["more than 100,000; the data is from 0001-01-01 to 9999-06-01", "`sparkify check event_times` shows events"]
        {
            assert!(refused.stderr.contains(text), "{}", refused.stderr);
        }
    }
}

#[test]
fn an_answer_says_at_which_level_it_stands() {
    let lines = session(1, 1, NEW_YEAR, "free").lines(&[(0, "a/X/10"), (20, "b/X/10")])
        + &session(2, 2, "2019-01-01T10:00:00Z", "paid").lines(&[(0, "Home"), (20, "a/X/10")]);
    let site = site_of(&lines, "");
    for answer in all(&site, &["--level", "paid"]) {
        let by_level = !answer["remarks"].as_array().unwrap().iter().any(|r| r.as_str().unwrap().contains("not by level"));
        let (plays, level) = if by_level { (1, json!("paid")) } else { (3, Value::Null) };
        assert_eq!((&answer["footing"]["plays"], &answer["parameters"]["level"]), (&json!(plays), &level), "{answer}");
    }
    let text = |arguments: &[&str]| site.run(&[&["insights", "--warehouse", "w.duckdb"], arguments].concat()).expect(0).stdout;
    let profile = text(&["hour_profile", "--level", "paid"]);
    assert!(profile.contains("  level paid\n") && profile.contains("1 plays at level paid by 1 listeners"), "{profile}");
    assert!(profile.contains("of 2 sessions of all levels end with a play"), "{profile}");
    // That the level has no plays is not that there are none.
    let day = text(&["top_songs", "skip_rate", "--level", "paid", "--to", "2019-01-01"]);
    assert!(day.contains("! no plays at level paid in the window; at other levels: 2"), "{day}");
    assert!(!day.contains("no plays in the window"), "{day}");
}

#[test]
fn a_character_of_several_days_shows_the_most_that_ran_at_once() {
    let lines = session(1, 1, "2019-01-01T10:00:00Z", "free").lines(&[(0, "a/X/600")])
        + &session(2, 2, "2019-01-01T10:00:00Z", "free").lines(&[(0, "a/X/600")])
        + &session(1, 3, "2019-12-01T10:00:00Z", "free").lines(&[(0, "a/X/600")]);
    let site = site_of(&lines, "");
    let chart = site.run(&["insights", "concurrency_peak", "--chart", "--warehouse", "w.duckdb"]).expect(0).stdout;
    assert!(chart.contains("the most of 4 days a character") && chart.contains("  2 │█"), "{chart}");
}

#[test]
fn a_play_that_ends_as_a_minute_begins_is_not_in_that_minute() {
    let play = |user: u32, ts: &str, length: f64| {
        let ts = chrono::DateTime::parse_from_rfc3339(ts).unwrap().timestamp_millis();
        format!(
            "{{\"ts\":{ts},\"userId\":\"{user}\",\"sessionId\":{user},\"itemInSession\":{},\"level\":\"free\",\"auth\":\"Logged In\",\
             \"page\":\"NextSong\",\"song\":\"a\",\"artist\":\"X\",\"length\":{length}}}\n",
            ts % 1_000_000
        )
    };
    // In seconds since the first day this play begins at 137311.607, for which there is no exact floating-point number.
    let lines = play(9, "2020-03-03T00:00:00Z", 10.0)
        + &play(1, "2020-03-04T14:08:31.607Z", 10000.0)
        + &play(1, "2020-03-04T16:00:00Z", 0.0)
        + &play(2, "2020-03-04T16:00:00Z", 60.0)
        // To the minute, and a millisecond beyond it.
        + &play(3, "2020-03-04T20:00:30.5Z", 89.5)
        + &play(4, "2020-03-04T20:02:10Z", 30.0)
        + &play(5, "2020-03-04T22:00:30.5Z", 89.501)
        + &play(6, "2020-03-04T22:02:10Z", 30.0);
    let concurrency = ask(&site_of(&lines, ""), &["concurrency_peak"]);
    // At 16:00 a play that is not heard at all is in no minute.
    assert_eq!(
        rows(&concurrency, &["day", "peak", "peak_at"]),
        json!([["2020-03-03", 1, "2020-03-03 00:00:00"], ["2020-03-04", 2, "2020-03-04 22:02:00"]])
    );
}

#[test]
fn what_plays_on_is_open_when_the_next_days_begin() {
    let lines = session(1, 1, "2019-01-01T23:00:00Z", "free").lines(&[(0, "a/X/200000")])
        + &session(2, 2, "2019-01-01T23:59:30Z", "free").lines(&[(0, "b/X/60")])
        + &session(3, 3, "2019-01-04T12:00:00Z", "free").lines(&[(0, "c/X/60")]);
    let site = site_of(&lines, "");
    let peaks = |window: &[&str]| rows(&ask(&site, &[&["concurrency_peak"], window].concat()), &["day", "peak", "peak_at"]);
    // The long play ends on the 4th at 06:33:20.
    assert_eq!(
        peaks(&[]),
        json!([
            ["2019-01-01", 2, "2019-01-01 23:59:00"],
            ["2019-01-02", 2, "2019-01-02 00:00:00"],
            ["2019-01-03", 1, "2019-01-03 00:00:00"],
            ["2019-01-04", 1, "2019-01-04 00:00:00"]
        ])
    );
    // Only plays that begin in the window count.
    assert_eq!(peaks(&["--from", "2019-01-03"]), json!([["2019-01-03", 0, null], ["2019-01-04", 1, "2019-01-04 12:00:00"]]));
}

#[test]
fn the_busiest_60_minutes_begin_with_a_play_and_days_without_any_count() {
    let lines = session(1, 1, "2019-01-01T00:05:00Z", "free").lines(&[(0, "a/X/10"), (3590, "a/X/10"), (3600, "a/X/10")])
        + &session(2, 2, "2019-01-15T23:30:00Z", "free").lines(&[(0, "a/X/10"), (2400, "a/X/10")]);
    let busiest = ask(&site_of(&lines, ""), &["busiest_periods", "--top", "2"]);
    // The plays of the 1st are an hour apart from the first to the last, so no 60 minutes have all three. Sixty minutes
    // may reach into the next day. Of three Tuesdays the middle one has no play, of three Wednesdays only the last has.
    assert_eq!(
        rows(&busiest, &["kind", "rank", "begins", "weekday", "plays", "usual"]),
        json!([
            ["day", 1, "2019-01-01 00:00:00", 2, 3, 1.3],
            ["day", 2, "2019-01-15 00:00:00", 2, 1, 1.3],
            ["day", 2, "2019-01-16 00:00:00", 3, 1, 0.3],
            ["hour", 1, "2019-01-01 00:05:00", 2, 2, 1.3],
            ["hour", 1, "2019-01-15 23:30:00", 2, 2, 1.3]
        ])
    );
}

#[test]
fn a_session_counts_where_it_has_an_event_and_begins_at_the_level_of_its_first() {
    // Sessions 1 and 2 reach over the window; only 2 has events in it, and it goes from free to paid on the way.
    let lines = session(1, 1, "2019-01-01T10:00:00Z", "free").lines(&[(0, "Home"), (864_000, "a/X/10")])
        + &session(2, 2, "2019-01-01T10:00:00Z", "free").lines(&[(0, "Home"), (172_800, "Home"), (200_000, "Submit Upgrade")])
        + &session(2, 2, "2019-01-09T10:00:00Z", "paid").lines(&[(0, "a/X/10"), (60, "b/X/10")])
        // User 1 has a session 2 too: of one event, within.
        + &session(1, 2, "2019-01-03T15:00:00Z", "paid").lines(&[(0, "Home")])
        // A level of its own; none; and two at one instant, where the lower number of the session comes first.
        + &session(3, 3, "2019-01-03T10:00:00Z", "trial").lines(&[(0, "a/X/10"), (60, "Logout")])
        + &session(5, 5, "2019-01-03T16:00:00Z", "paid").lines(&[(0, "Home")]).replace(",\"level\":\"paid\"", "")
        + &session(4, 4, "2019-01-03T12:00:00Z", "paid").lines(&[(0, "Home"), (60, "Home")])
        + &session(4, 4, "2019-01-03T11:59:59Z", "free").lines(&[(60, "Logout"), (1, "Settings"), (1, "Help")])
        // The first event in time has the higher number. The session begins before the window and ends in it.
        + &session(6, 6, "2019-01-02T23:00:00Z", "paid").lines(&[(7200, "Home"), (0, "Home")]).replacen("paid", "free", 1);
    let site = site_of(&lines, "");
    let stats = |window: &[&str]| rows(&ask(&site, &[&["session_stats"], window].concat()), &["began_at", "sessions", "cut_off"]);
    assert_eq!(
        stats(&["--from", "2019-01-03", "--to", "2019-01-05"]),
        json!([["all", 6, 2], ["free", 1, 1], ["paid", 3, 1], ["trial", 1, 0], ["unknown", 1, 0]])
    );
    assert_eq!(stats(&["--from", "2019-01-05", "--to", "2019-01-08"]), json!([]));
    assert_eq!(stats(&[]), json!([["all", 7, 1], ["free", 2, 1], ["paid", 3, 0], ["trial", 1, 0], ["unknown", 1, 0]]));
}

#[test]
fn a_session_starts_with_its_number_0_if_nothing_came_before() {
    let lines = session(1, 1, "2019-01-01T10:00:00Z", "free").lines(&[(0, "Home"), (60, "a/X/10")])
        + &session(2, 2, "2019-01-01T11:00:00Z", "free").lines(&[(0, "a/X/10"), (30, "Home")])
        // User 2 has a session 1 too, which the other's earlier play is no part of.
        + &session(2, 1, "2019-01-01T14:00:00Z", "free").lines(&[(0, "About"), (61, "a/X/10")])
        // Its number 1 has the earlier time.
        + &session(3, 3, "2019-01-01T12:00:00Z", "free").lines(&[(30, "Home"), (0, "a/X/10")])
        // Number 0 is there twice; a session that begins with 0 is one all the same. A visitor's is none.
        + &session(4, 4, "2019-01-01T13:00:00Z", "free").lines(&[(0, "About")])
        + &session(4, 4, "2019-01-01T13:00:00Z", "free").lines(&[(3600, "a/X/10")])
        + &session(5, 5, "2019-01-01T15:00:00Z", "free").lines(&[(0, "Help")]).replace("\"userId\":\"5\"", "\"userId\":\"\"")
        + &session(6, 6, "2019-01-02T10:00:00Z", "free").lines(&[(0, "Home")]);
    let site = site_of(&lines, "");
    let starts = |window: &[&str]| {
        rows(
            &ask(&site, &[&["session_start_profile"], window].concat()),
            &["dimension", "value", "sessions", "share", "play_within_60_s"],
        )
    };
    assert_eq!(
        starts(&["--to", "2019-01-02"]),
        json!([
            ["page", "About", 2, 0.5, 0.0],
            ["page", "Home", 1, 0.25, 1.0],
            ["page", "NextSong", 1, 0.25, 1.0],
            ["hour", "10", 1, 0.25, 1.0],
            ["hour", "11", 1, 0.25, 1.0],
            ["hour", "13", 1, 0.25, 0.0],
            ["hour", "14", 1, 0.25, 0.0]
        ])
    );
    assert_eq!(starts(&["--from", "2019-01-02"]), json!([["page", "Home", 1, 1.0, 0.0], ["hour", "10", 1, 1.0, 0.0]]));
}

#[test]
fn a_transition_counts_at_the_level_of_its_first_play_if_both_plays_are_in_the_window() {
    // A session that goes from free to paid; one over midnight; one whose first play names no artist. A has two songs.
    let lines = session(1, 1, "2019-01-01T10:00:00Z", "free").lines(&[(0, "a/A/10"), (60, "b/B/10")])
        + &session(1, 1, "2019-01-01T10:02:00Z", "paid").lines(&[(0, "other/A/10"), (60, "b/B/10")])
        + &session(2, 2, "2019-01-02T23:59:30Z", "free").lines(&[(0, "other/A/10"), (60, "b/B/10")])
        + &session(3, 3, "2019-01-01T10:00:00Z", "free").lines(&[(0, "a/X/10"), (60, "a/A/10")]).replace("\"artist\":\"X\",", "");
    let site = site_of(&lines, "");
    let pairs = |window: &[&str]| {
        let answer = ask(&site, &[&["artist_affinity", "--set", "min_support=1"], window].concat());
        let mut pairs = rows(&answer, &["artist", "next_artist", "transitions"]).as_array().unwrap().clone();
        pairs.sort_by_key(ToString::to_string);
        Value::Array(pairs)
    };
    assert_eq!(pairs(&[]), json!([["", "A", 1], ["A", "B", 3], ["B", "A", 1]]));
    assert_eq!(pairs(&["--level", "free"]), json!([["", "A", 1], ["A", "B", 2], ["B", "A", 1]]));
    assert_eq!(pairs(&["--level", "paid"]), json!([["A", "B", 1]]));
    assert_eq!(pairs(&["--to", "2019-01-03"]), json!([["", "A", 1], ["A", "B", 2], ["B", "A", 1]]));
    assert_eq!(pairs(&["--from", "2019-01-02"]), json!([["A", "B", 1]]));
    assert_eq!(pairs(&["--from", "2019-01-03"]), json!([]));
}
