//! Insights against plain code over the raw lines: on the real data, and on made-up data with all that it lacks.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, NaiveDate};
use serde_json::Value;
use sparkify::insights::catalogue;

use crate::support::warehouse::{Site, files_below};
use crate::support::{made_up, real_data};

const DAY: i64 = 86_400_000;

/// What a line says.
#[derive(Debug, Clone)]
struct Event {
    ts: i64,
    user: Option<i64>,
    session: i64,
    item: i64,
    page: String,
    level: String,
    gender: String,
    place: String,
    song: String,
    artist: String,
    length: f64,
}

impl Event {
    fn day(&self) -> i64 {
        self.ts.div_euclid(DAY)
    }

    fn is_play(&self) -> bool {
        self.page == "NextSong"
    }
}

fn events(lines: &str) -> Vec<Event> {
    let read = |line: &str| {
        let v: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| v[key].as_str().unwrap_or_default().to_owned();
        Event {
            ts: v["ts"].as_i64().unwrap(),
            user: v["userId"].as_str().and_then(|id| id.parse().ok()),
            session: v["sessionId"].as_i64().unwrap(),
            item: v["itemInSession"].as_i64().unwrap(),
            page: text("page"),
            level: text("level"),
            gender: text("gender"),
            place: text("location"),
            song: text("song"),
            artist: text("artist"),
            length: v["length"].as_f64().unwrap_or(0.0),
        }
    };
    let mut events: Vec<Event> = lines.lines().filter(|line| !line.trim().is_empty()).map(read).collect();
    events.sort_by_key(|e| (e.user, e.session, e.ts, e.item));
    events
}

fn date(day: i64) -> NaiveDate {
    DateTime::from_timestamp_millis(day * DAY).unwrap().date_naive()
}

/// All that the program answers, by insight: rows by column.
struct Answers(BTreeMap<String, Vec<Value>>);

impl Answers {
    fn of(site: &Site) -> Self {
        let arguments = ["insights", "--format", "json", "--top", "100000", "--warehouse", "w.duckdb"];
        let all = site.run(&arguments).expect(0).json();
        let by_name = |answer: &Value| (answer["name"].as_str().unwrap().to_owned(), answer["rows"].as_array().unwrap().clone());
        let answers: BTreeMap<_, _> = all.as_array().unwrap().iter().map(by_name).collect();
        assert_eq!(answers.len(), catalogue::all().len());
        Self(answers)
    }

    /// The columns of an answer's rows as text, numbers to four decimals.
    fn rows(&self, name: &str, columns: &[&str]) -> Vec<Vec<String>> {
        let cell = |value: &Value| match value {
            Value::Null => "-".to_owned(),
            Value::String(text) => text.clone(),
            value => number(value.as_f64().unwrap()),
        };
        let row = |row: &Value| {
            columns.iter().map(|column| cell(row.get(column).unwrap_or_else(|| panic!("{name}.{column}")))).collect()
        };
        self.0[name].iter().map(row).collect()
    }
}

/// As the answers are compared: the program rounds at other places.
fn number(x: f64) -> String {
    format!("{:.2}", (x * 100.0).round() / 100.0 + 0.0)
}

macro_rules! row {
    ($($cell:expr),*) => { vec![$(Cell::from($cell).0),*] };
}

struct Cell(String);
impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self(text)
    }
}
impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}
impl From<f64> for Cell {
    fn from(x: f64) -> Self {
        Self(number(x))
    }
}
impl From<i64> for Cell {
    fn from(n: i64) -> Self {
        Self(number(n as f64))
    }
}
impl From<usize> for Cell {
    fn from(n: usize) -> Self {
        Self(number(n as f64))
    }
}
impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self("-".to_owned()), Into::into)
    }
}

fn users<'a>(plays: impl Iterator<Item = &'a Event>) -> usize {
    plays.filter_map(|e| e.user).collect::<BTreeSet<_>>().len()
}

/// Compares fifteen insights with what the lines say, one after the other.
#[allow(clippy::too_many_lines)]
fn compare(site: &Site, lines: &str, text: impl Fn(&str) -> String) {
    let answers = Answers::of(site);
    let events = events(lines);
    let plays: Vec<&Event> = events.iter().filter(|e| e.is_play()).collect();
    let first = events.iter().map(Event::day).min().unwrap();
    let last = events.iter().map(Event::day).max().unwrap();
    let days: Vec<i64> = (first..=last).collect();
    let check = |name: &str, columns: &[&str], wanted: Vec<Vec<String>>| {
        let found = answers.rows(name, columns);
        for (index, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
            assert_eq!(found, wanted, "{name}, row {index}");
        }
        assert_eq!(found.len(), wanted.len(), "{name}");
    };
    let on = |day: i64| plays.iter().copied().filter(move |e| e.day() == day);

    // What was heard: up to the session's next event, whatever page that is.
    let heard: BTreeMap<(i64, i64, i64, i64), (f64, bool)> = events
        .iter()
        .enumerate()
        .filter(|(_, e)| e.is_play())
        .map(|(i, e)| {
            let next = events.get(i + 1).filter(|n| (n.user, n.session) == (e.user, e.session));
            let seconds = next.map_or(e.length, |n| e.length.min((n.ts - e.ts) as f64 / 1000.0));
            ((e.user.unwrap(), e.session, e.item, e.ts), (seconds, next.is_none()))
        })
        .collect();
    let heard = |e: &Event| heard[&(e.user.unwrap(), e.session, e.item, e.ts)];

    // 1. top_songs
    let mut songs: BTreeMap<(&str, &str), Vec<&Event>> = BTreeMap::new();
    for e in &plays {
        songs.entry((&e.song, &e.artist)).or_default().push(e);
    }
    let mut ranked: Vec<_> =
        songs.iter().map(|((song, artist), p)| (p.len(), users(p.iter().copied()), text(song), text(artist))).collect();
    ranked.sort_by(|a, b| (b.0, b.1).cmp(&(a.0, a.1)).then((&a.2, &a.3).cmp(&(&b.2, &b.3))));
    let rank = |row: &(usize, usize, String, String)| 1 + ranked.iter().filter(|r| (r.0, r.1) > (row.0, row.1)).count();
    let wanted: Vec<Vec<String>> = ranked
        .iter()
        .take(300)
        .map(|r| row![rank(r), r.2.as_str(), r.3.as_str(), r.0, r.1, r.0 as f64 / plays.len() as f64])
        .collect();
    let mut found = answers.rows("top_songs", &["rank", "song", "artist", "plays", "listeners", "share"]);
    assert_eq!(found.len(), ranked.len(), "top_songs");
    found.truncate(300);
    assert_eq!(found, wanted, "top_songs");

    // 2. diversity
    let mut by_user: BTreeMap<i64, Vec<&Event>> = BTreeMap::new();
    for e in &plays {
        by_user.entry(e.user.unwrap()).or_default().push(e);
    }
    let mut order: Vec<_> = by_user.iter().collect();
    order.sort_by_key(|(user, p)| (std::cmp::Reverse(p.len()), **user));
    let diversity = order.iter().map(|(user, p)| {
        let mut artists: BTreeMap<&str, f64> = BTreeMap::new();
        p.iter().for_each(|e| *artists.entry(&e.artist).or_default() += 1.0);
        let songs: BTreeSet<_> = p.iter().map(|e| (&e.song, &e.artist)).collect();
        let n = p.len() as f64;
        let entropy: f64 = artists.values().map(|plays| -(plays / n) * (plays / n).log2()).sum();
        row![**user, p.len(), artists.len(), entropy, songs.len(), 1.0 - songs.len() as f64 / n]
    });
    check("diversity", &["user_id", "plays", "artists", "entropy", "songs", "repeat_rate"], diversity.collect());

    // 3. power_users
    let mut so_far = 0;
    let power = order.iter().map(|(user, p)| {
        so_far += p.len();
        let hours: f64 = p.iter().map(|e| heard(e).0).sum::<f64>() / 3600.0;
        let below = order.iter().filter(|(_, other)| other.len() <= p.len()).count();
        row![
            **user,
            p.len(),
            hours,
            p.iter().filter(|e| heard(e).1).count(),
            below as f64 / order.len() as f64,
            so_far as f64 / plays.len() as f64
        ]
    });
    check("power_users", &["user_id", "plays", "listen_hours", "last_plays", "percentile", "plays_share"], power.collect());

    // 4. active_users
    let within = |day: i64, length: i64| users(plays.iter().copied().filter(|e| e.day() > day - length && e.day() <= day));
    let start = plays.iter().map(|e| e.day()).min().unwrap();
    let active = days.iter().map(|&day| {
        let (wau, mau) = (within(day, 7), within(day, 28));
        let full = day - start >= 27;
        let stickiness = (full && mau > 0).then(|| within(day, 1) as f64 / mau as f64);
        row![date(day).to_string(), within(day, 1), (day - start >= 6).then_some(wau), full.then_some(mau), stickiness]
    });
    check("active_users", &["day", "dau", "wau", "mau", "stickiness"], active.collect());

    // 5. new_vs_returning
    let first_day: BTreeMap<i64, i64> =
        by_user.iter().map(|(user, p)| (*user, p.iter().map(|e| e.day()).min().unwrap())).collect();
    let new = days.iter().map(|&day| {
        let is_new = |e: &&Event| first_day[&e.user.unwrap()] == day;
        let (n, r) = (on(day).filter(is_new).count(), on(day).filter(|e| !is_new(e)).count());
        let share = (n + r > 0).then(|| n as f64 / (n + r) as f64);
        row![date(day).to_string(), users(on(day).filter(is_new)), users(on(day).filter(|e| !is_new(e))), n, r, share]
    });
    check(
        "new_vs_returning",
        &["day", "users_new", "users_returning", "plays_new", "plays_returning", "new_share"],
        new.collect(),
    );

    // 6. level_mix
    let mut states: BTreeMap<i64, &str> = BTreeMap::new();
    let mut by_time: Vec<&Event> = events.iter().filter(|e| e.user.is_some()).collect();
    by_time.sort_by_key(|e| (e.ts, e.session, e.item));
    let mix = days.iter().map(|&day| {
        states.extend(by_time.iter().filter(|e| e.day() == day).map(|e| (e.user.unwrap(), e.level.as_str())));
        let at = |level: &'static str| on(day).filter(move |e| e.level == level);
        let end = |level: &str| states.values().filter(|l| **l == level).count();
        row![
            date(day).to_string(),
            users(at("free")),
            users(at("paid")),
            at("free").count(),
            at("paid").count(),
            end("free"),
            end("paid")
        ]
    });
    let columns = ["day", "users_free", "users_paid", "plays_free", "plays_paid", "free_at_end", "paid_at_end"];
    check("level_mix", &columns, mix.collect());

    // 7. hour_profile: the concurrent listeners second by second of each play.
    let n = days.len() as f64;
    let end = (last + 1) * DAY;
    let mut seconds = [0.0; 24];
    for e in &plays {
        let (mut at, stop) = (e.ts as f64, (e.ts as f64 + heard(e).0 * 1000.0).min(end as f64));
        while at < stop {
            let next = ((at / 3_600_000.0).floor() + 1.0) * 3_600_000.0;
            seconds[(at / 3_600_000.0).floor() as usize % 24] += (next.min(stop) - at) / 1000.0;
            at = next;
        }
    }
    let hour = |e: &&Event| (e.ts.rem_euclid(DAY) / 3_600_000) as usize;
    let profile = (0..24).map(|h| {
        let here = || plays.iter().copied().filter(move |e| hour(e) == h);
        row![h, here().count(), users(here()), here().count() as f64 / n, seconds[h] / 3600.0 / n]
    });
    check("hour_profile", &["hour", "plays", "listeners", "plays_per_day", "concurrent"], profile.collect());

    // 8. weekday_hour_heatmap
    let weekday = |day: i64| i64::from(date(day).weekday().number_from_monday());
    let heat = (1..=7).flat_map(|w| (0..24).map(move |h| (w, h))).map(|(w, h)| {
        let count = plays.iter().filter(|e| weekday(e.day()) == w && hour(e) == h).count();
        let slots = days.iter().filter(|day| weekday(**day) == w).count();
        row![w, h, count, slots, (slots > 0).then(|| count as f64 / slots as f64)]
    });
    check("weekday_hour_heatmap", &["weekday", "hour", "plays", "occurrences", "plays_per_slot"], heat.collect());

    // 9. skip_rate
    let skips = |level: Option<&str>| {
        let mut counts = [0; 3];
        for e in plays.iter().filter(|e| level.is_none_or(|level| e.level == level)) {
            let later = |n: &&&Event| (n.user, n.session) == (e.user, e.session) && (n.ts, n.item) > (e.ts, e.item);
            let next = plays.iter().filter(later).map(|n| n.ts).min();
            counts[0] += 1;
            counts[1] += usize::from(next.is_some());
            counts[2] += usize::from(next.is_some_and(|next| ((next - e.ts) as f64) / 1000.0 < e.length - 2.0));
        }
        counts
    };
    let levels: BTreeSet<&str> = plays.iter().map(|e| e.level.as_str()).collect();
    let scopes = std::iter::once(None).chain(levels.iter().map(|level| Some(*level)));
    let skipped = scopes.map(|level| {
        let c = skips(level);
        row![level.unwrap_or("all"), c[0], c[1], c[2]]
    });
    check("skip_rate", &["level", "plays", "eligible", "skipped"], skipped.collect());

    // 10. engagement_by_segment
    let mut segments: BTreeMap<(&str, &str), Vec<&Event>> = BTreeMap::new();
    for e in &plays {
        segments.entry((&e.level, &e.gender)).or_default().push(e);
    }
    let engagement = segments.iter().map(|((level, gender), p)| {
        let user_days: BTreeSet<_> = p.iter().map(|e| (e.user, e.day())).collect();
        let minutes: f64 = p.iter().map(|e| heard(e).0).sum::<f64>() / 60.0 / users(p.iter().copied()) as f64;
        let per_day = (p.len() as f64 / user_days.len() as f64 * 10.0).round() / 10.0;
        row![*level, *gender, users(p.iter().copied()), user_days.len(), p.len(), per_day, (minutes * 10.0).round() / 10.0]
    });
    let columns = ["level", "gender", "users", "user_days", "plays", "plays_per_user_day", "listen_minutes_per_user"];
    check("engagement_by_segment", &columns, engagement.collect());

    // 11. geo, the areas
    let mut metros: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for e in &plays {
        metros.entry(&e.place).or_default().push(e);
    }
    let mut places: Vec<_> =
        metros.iter().map(|(place, p)| (p.len(), users(p.iter().copied()), place.split(", ").next().unwrap())).collect();
    places.sort_by(|a, b| (b.0, b.1).cmp(&(a.0, a.1)).then(a.2.cmp(b.2)));
    let found: Vec<_> =
        answers.rows("geo", &["kind", "place", "plays", "users"]).into_iter().filter(|row| row[0] == "metro").collect();
    assert_eq!(found, places.iter().map(|p| row!["metro", p.2, p.0, p.1]).collect::<Vec<_>>(), "geo");

    // 12. session_stats: only the whole sessions.
    let mut sessions: BTreeMap<(i64, i64), Vec<&Event>> = BTreeMap::new();
    for e in &by_time {
        sessions.entry((e.user.unwrap(), e.session)).or_default().push(e);
    }
    let data_end = events.iter().map(|e| e.ts).max().unwrap();
    let visitor = |session: i64, item: i64| events.iter().any(|e| e.user.is_none() && (e.session, e.item) == (session, item));
    let is_cut_off = |s: &Vec<&Event>| {
        let first_item = s.iter().map(|e| e.item).min().unwrap();
        let last = s.last().unwrap();
        let open = last.ts as f64 + last.length * 1000.0 >= data_end.min(end) as f64;
        open || first_item > 0 && !visitor(last.session, first_item - 1)
    };
    let whole: Vec<&Vec<&Event>> = sessions.values().filter(|s| !is_cut_off(s)).collect();
    let mut minutes: Vec<f64> =
        whole.iter().map(|s| ((s.last().unwrap().ts - s[0].ts) as f64 / 1000.0 + s.last().unwrap().length) / 60.0).collect();
    minutes.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = share * (minutes.len() - 1) as f64;
        let (low, part) = (place.floor() as usize, place.fract());
        minutes[low] + part * (minutes[(low + 1).min(minutes.len() - 1)] - minutes[low])
    };
    let tenth = |x: f64| (x * 10.0).round() / 10.0;
    let count = whole.len() as f64;
    let bounces = whole.iter().filter(|s| s.len() == 1).count() as f64 / count;
    let stats = answers.rows(
        "session_stats",
        &["began_at", "sessions", "cut_off", "mean_minutes", "median_minutes", "p90_minutes", "bounce_rate"],
    );
    let mean = tenth(minutes.iter().sum::<f64>() / count);
    let wanted = row!["all", sessions.len(), sessions.len() - whole.len(), mean, tenth(at(0.5)), tenth(at(0.9)), bounces];
    assert_eq!(stats[0], wanted, "session_stats");

    // 13. cohort_retention
    let monday = |day: i64| day - weekday(day) + 1;
    let weeks: BTreeMap<i64, BTreeSet<i64>> =
        by_user.iter().map(|(user, p)| (*user, p.iter().map(|e| monday(e.day())).collect())).collect();
    let last_play = plays.iter().map(|e| e.day()).max().unwrap();
    let full_until = monday(last + 1).min(monday(last_play + 1));
    let cohorts: BTreeSet<i64> = weeks.values().map(|w| *w.first().unwrap()).collect();
    let retention = cohorts.iter().flat_map(|&cohort| {
        let members: Vec<&BTreeSet<i64>> = weeks.values().filter(|w| *w.first().unwrap() == cohort).collect();
        let row = move |k: i64| {
            let week = cohort + 7 * k;
            let active = members.iter().filter(|w| w.contains(&week)).count();
            let later = members.iter().filter(|w| *w.last().unwrap() >= week).count();
            let iso = date(cohort).iso_week();
            row![
                date(cohort).to_string(),
                i64::from(iso.year()),
                i64::from(iso.week()),
                members.len(),
                k,
                active,
                later as f64 / members.len() as f64
            ]
        };
        (0..).take_while(move |k| cohort + 7 * k < full_until).map(row)
    });
    let columns = ["cohort", "iso_year", "iso_week", "users", "week_after", "active", "active_or_later_share"];
    check("cohort_retention", &columns, retention.collect());

    // 14. busiest_periods, the days and the busiest hours
    let mut periods: BTreeMap<(&str, i64), i64> = BTreeMap::new();
    for &day in &days {
        let minutes: Vec<i64> = plays.iter().map(|e| e.ts.div_euclid(60_000)).collect();
        let windows =
            on(day).map(|e| e.ts.div_euclid(60_000)).map(|m| minutes.iter().filter(|o| (m..m + 60).contains(o)).count() as i64);
        periods.insert(("hour", day), windows.max().unwrap_or(0));
        periods.insert(("day", day), on(day).count() as i64);
    }
    for kind in ["day", "hour"] {
        let mut wanted: Vec<i64> =
            periods.iter().filter(|((k, _), plays)| *k == kind && **plays > 0).map(|(_, plays)| *plays).collect();
        wanted.sort_by_key(|plays| std::cmp::Reverse(*plays));
        let found: Vec<_> =
            answers.rows("busiest_periods", &["kind", "plays"]).into_iter().filter(|row| row[0] == kind).collect();
        assert_eq!(found, wanted.iter().map(|plays| row![kind, *plays]).collect::<Vec<_>>(), "busiest_periods");
    }

    // 15. concurrency_peak, minute by minute
    let mut open: BTreeMap<i64, i64> = BTreeMap::new();
    for e in plays.iter().filter(|e| heard(e).0 > 0.0) {
        let stop = ((e.ts as f64 + heard(e).0 * 1000.0).min(end as f64) / 60_000.0).ceil() as i64;
        (e.ts.div_euclid(60_000)..stop).for_each(|minute| *open.entry(minute).or_default() += 1);
    }
    let peaks = days.iter().map(|&day| {
        let most = open.range(day * 1440..(day + 1) * 1440).max_by_key(|(minute, plays)| (**plays, -**minute));
        let at =
            most.map(|(minute, _)| DateTime::from_timestamp(minute * 60, 0).unwrap().format("%Y-%m-%d %H:%M:%S").to_string());
        row![date(day).to_string(), most.map_or(0, |(_, plays)| *plays), at]
    });
    check("concurrency_peak", &["day", "peak", "peak_at"], peaks.collect());
}

#[test]
fn answers_agree_with_the_lines_of_the_real_data() {
    let Some(folder) = real_data() else { return };
    let site = Site::new();
    let (logs, songs) = (folder.join("log_data"), folder.join("song_data"));
    let arguments = ["load", "--warehouse", "w.duckdb", "--logs", logs.to_str().unwrap(), "--songs", songs.to_str().unwrap()];
    site.run(&arguments).expect(0);
    let lines: String = files_below(&logs).iter().map(|file| String::from_utf8(file.bytes.clone()).unwrap() + "\n").collect();
    compare(&site, &lines, crate::support::reference::repair);
}

#[test]
fn answers_agree_with_the_lines_of_made_up_data() {
    let site = Site::new();
    let lines = made_up::weeks();
    site.put("log_data/1.json", &lines);
    site.load(&[]).expect(0);
    compare(&site, &lines, str::to_owned);
}
