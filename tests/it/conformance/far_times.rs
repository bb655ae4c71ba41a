//! Events of the first and the last years that there are: loaded, warned of, and outside the window that nobody set.

use serde_json::{Value, json};

use super::NewSite;
use crate::support::generate::content;

/// 0001-01-01 and the last millisecond of 9999, in milliseconds since 1970.
const FIRST_MS: i64 = -62_135_596_800_000;
const LAST_MS: i64 = 253_402_300_799_999;
const NOVEMBER_MS: i64 = 1_541_062_800_000;

fn play(ms: i64, item: i64) -> String {
    json!({
        "ts": ms, "page": "NextSong", "userId": "1", "sessionId": 1, "itemInSession": item, "level": "free", "song": "S",
        "artist": "A", "length": 10.0,
    })
    .to_string()
}

pub fn a_line_of_another_age_moves_no_window(new_site: NewSite<'_>) {
    let site = new_site();
    // Three weeks of six plays a day, and a day of one.
    let ordinary = (0..127).map(|i| play(NOVEMBER_MS + i / 6 * 86_400_000 + i % 6 * 60_000, i));
    let far = [play(FIRST_MS, 1000), play(LAST_MS, 1001)];
    // Beyond them no engine has times.
    let beyond = [play(FIRST_MS - 1, 1002), play(LAST_MS + 1, 1003)];
    site.put("log_data/1.json", content(ordinary.chain(far).chain(beyond)));
    let loaded = site.load(&["--json", "--max-rejects", "2"]).expect(3).json();
    assert_eq!((&loaded["accepted"], &loaded["rejected"]), (&json!(129), &json!(2)), "{loaded}");
    let warnings = loaded["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{loaded}");
    let warning = warnings[0].as_str().unwrap();
    assert!(warning.contains("2 events are of times from 0001-01-01 to 9999-12-31"), "{warning}");
    assert!(warning.contains("1.json, line 128)"), "{warning}");
    assert_eq!(site.load(&["--json"]).expect(0).json()["warnings"], json!([]));

    let ask = |more: &[&str]| {
        let arguments = [&["insights", "level_mix", "--format", "json", "--warehouse", &site.warehouse], more].concat();
        site.run(&arguments).expect(0).json()[0].take()
    };
    let answer = ask(&[]);
    assert_eq!(
        (&answer["from"], &answer["to"], &answer["footing"]["plays"]),
        (&json!("2018-11-01"), &json!("2018-11-23"), &json!(127))
    );
    assert_eq!(answer["rows"].as_array().unwrap().len(), 22);
    let outside = json!({"events": 2, "from": "0001-01-01T00:00:00.000Z", "through": "9999-12-31T23:59:59.999Z"});
    assert_eq!(answer["footing"]["outside"], outside);
    let first = ask(&["--to", "0001-01-03"]);
    assert_eq!((&first["from"], &first["footing"]["plays"]), (&json!("0001-01-01"), &json!(1)));
    site.run(&["report", "--out", "r.html", "--warehouse", &site.warehouse]).expect(0);
    // The day that is the last is looked at, not one that is thousands of years off.
    site.put("sparkify.toml", "[checks]\nmax_age_days = 3\n");
    let checks = ["check", "event_times", "volume", "freshness", "--json", "--warehouse", &site.warehouse];
    let checked: Value = site.run(&checks).expect(0).json();
    for check in checked["checks"].as_array().unwrap() {
        assert_eq!(check["status"], "warned", "{check}");
    }
    let volume = checked["checks"].as_array().unwrap().iter().find(|check| check["check"] == "volume").unwrap();
    assert_eq!((&volume["rows"], &volume["sample"][0]["events"]), (&json!(1), &json!(1)), "{volume}");
    site.check_invariants();
}
