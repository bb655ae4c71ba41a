//! Lines of made-up sessions, the same each time.

use chrono::{DateTime, Datelike};

const DAY: i64 = 86_400_000;

/// Seven weeks over the end of a year whose last days are of the next ISO year: skips, views within songs, days
/// without plays, plays into the next hour and day, visitors who log in, sessions with one number and two users.
pub fn weeks() -> String {
    let mut state: u64 = 20;
    let mut below = |limit: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    };
    let mut lines = String::new();
    let start = DateTime::parse_from_rfc3339("2018-12-10T00:00:00Z").unwrap().timestamp_millis();
    for session in 0..160 {
        let mut ts = start + below(47) as i64 * DAY + (below(86_400) as i64) * 1000 + 250;
        if (DateTime::from_timestamp_millis(ts).unwrap().day()) == 24 {
            continue;
        }
        let user = 1 + below(18);
        let mut level = if user.is_multiple_of(3) { "paid" } else { "free" };
        let first = u64::from(below(9) == 0);
        let place = ["Boston-Cambridge-Newton, MA-NH", "Tampa, FL", "Kiel"][user as usize % 3];
        for item in first..first + 1 + below(12) {
            let is_visitor = item == 0 && below(6) == 0;
            let page =
                if is_visitor { "Home" } else { ["NextSong", "NextSong", "NextSong", "Thumbs Up", "Home"][below(5) as usize] };
            // Two users share every tenth session's number.
            let who = if session % 10 == 3 { 1 + (user + item % 2) % 18 } else { user };
            let id = if is_visitor { String::new() } else { who.to_string() };
            let song = below(30);
            let music = if page == "NextSong" {
                format!(",\"song\":\"S{song}\",\"artist\":\"A{}\",\"length\":{}.5", song % 11, 60 + below(400))
            } else {
                String::new()
            };
            let line = format!(
                "{{\"ts\":{ts},\"userId\":\"{id}\",\"sessionId\":{},\"itemInSession\":{item},\"page\":\"{page}\",\"level\":\"{level}\",\"gender\":\"{}\",\"location\":\"{place}\",\"auth\":\"Logged In\"{music}}}\n",
                session + 1,
                if who % 2 == 0 { "F" } else { "M" },
            );
            lines.push_str(&line);
            ts += below(500) as i64 * 1000;
            if below(40) == 0 {
                level = if level == "free" { "paid" } else { "free" };
            }
        }
    }
    lines
}
