//! Simulated events against the model: what follows what, how long pauses are, when sessions begin, what is played, how
//! many users there are. Seeds are fixed, so that nothing here depends on luck; each bound is one that a model a few per
//! cent off would break, which is tried out where it is not plain.

use std::collections::HashMap;

use sparkify::interrupt::Interrupt;
use sparkify::simulate::{
    Config, DAY, Event, Model, Plan, Purpose, Random, SILENCE, Totals, User, YEAR, built_in_model, parse_time, visit,
};

use crate::support::eventsim_configs;

/// How far off a value of the chi-squared distribution is, in deviations of the normal one (Wilson and Hilferty).
fn deviations(chi_squared: f64, freedom: f64) -> f64 {
    let spread = 2.0 / (9.0 * freedom);
    ((chi_squared / freedom).cbrt() - (1.0 - spread)) / spread.sqrt()
}

/// Counts against shares that add up to 1; cells of few are put together.
fn chi_squared(counts: &[(f64, f64)]) -> Option<f64> {
    let total: f64 = counts.iter().map(|(count, _)| count).sum();
    let (mut sum, mut cells, mut rest) = (0.0, 0, (0.0, 0.0));
    for (count, share) in counts {
        let expected = share * total;
        if expected < 8.0 {
            rest = (rest.0 + count, rest.1 + expected);
        } else {
            sum += (count - expected).powi(2) / expected;
            cells += 1;
        }
    }
    if rest.1 >= 8.0 {
        sum += (rest.0 - rest.1).powi(2) / rest.1;
        cells += 1;
    }
    (cells > 1).then(|| deviations(sum, f64::from(cells - 1)))
}

/// The greatest distance from the uniform distribution, times the square root of their number (Kolmogorov and Smirnov):
/// 1.95 is passed by one sample in a thousand.
fn distance_from_uniform(mut values: Vec<f64>) -> f64 {
    assert!(values.len() > 5_000, "too few: {}", values.len());
    values.sort_by(f64::total_cmp);
    let n = values.len() as f64;
    let distance = values.iter().enumerate().map(|(at, u)| f64::max(u - at as f64 / n, (at as f64 + 1.0) / n - u));
    distance.fold(0.0, f64::max) * n.sqrt()
}

/// Where whole seconds stand in an exponential distribution that they were cut off from: spread over the second, as
/// the fraction is not known, so that the result is uniform.
fn place_of(seconds: i64, mean: f64, random: &mut Random) -> f64 {
    let below = |x: f64| 1.0 - (-x / mean).exp();
    let (low, high) = (below(seconds as f64), below(seconds as f64 + 1.0));
    low + random.unit() * (high - low)
}

fn plan(model: Model, users: u64, from: &str, to: &str) -> Plan {
    let mut plan = Plan::of(model);
    (plan.users, plan.threads) = (users, 2);
    (plan.from_ms, plan.to_ms) = (parse_time(from).unwrap(), parse_time(to).unwrap());
    plan
}

fn see(plan: &Plan, each: impl FnMut(&User, &Event)) -> Totals {
    visit(plan, &plan.behaviour(), &Interrupt::default(), each).unwrap()
}

/// One page, left at once: sessions of a single event.
fn short_visits(beta_days: f64, damping: f64, weekend: f64) -> Model {
    let state = r#""page":"Home","method":"GET","status":200,"auth":"A","level":"L""#;
    let text = format!(
        r#"{{"alpha":60,"beta":{},"damping":{damping},"weekend-damping":{weekend},"weekend-damping-offset":180,
        "weekend-damping-scale":360,"levels":[{{"level":"L"}}],"auths":[{{"auth":"A"}}],"new-user-auth":"A","new-user-level":"L",
        "new-session":[{{{state}}}],"show-user-details":[{{"auth":"A","show":true}}],
        "transitions":[{{"source":{{{state}}},"dest":{{{state}}},"p":0.0}}]}}"#,
        beta_days * DAY as f64
    );
    Config::parse("short", &text, false).unwrap().model
}

/// How often each state led to which, and (as None) to the end of the session. Of whole sessions only: the last of each
/// user may not have ended, unless the user left with it.
type Followed = HashMap<(u16, Option<u16>), f64>;

fn what_follows(plan: &Plan) -> Followed {
    let mut followed = Followed::new();
    let mut count = |states: &[u16]| {
        for (at, state) in states.iter().enumerate() {
            *followed.entry((*state, states.get(at + 1).copied())).or_default() += 1.0;
        }
    };
    // Whether the session was seen from its beginning, and its states.
    let mut sessions: HashMap<u64, (bool, Vec<u16>)> = HashMap::new();
    see(plan, |user, event| {
        let (whole, states) = sessions.entry(user.id).or_default();
        if event.item == 0 {
            if *whole {
                count(states);
            }
            (*whole, *states) = (true, Vec::new());
        }
        states.push(event.state);
        let node = &plan.model.nodes[usize::from(event.state)];
        if *whole && node.leaves && node.next.is_empty() {
            count(states);
            *whole = false;
        }
    });
    followed
}

/// The states whose followers differ from the model, and by how much.
fn wrong_states(followed: &Followed, model: &Model) -> (usize, Vec<(String, f64)>) {
    let (mut tested, mut wrong) = (0, Vec::new());
    for (number, node) in model.nodes.iter().enumerate() {
        let mut before = 0.0;
        let mut shares: HashMap<Option<u16>, f64> = HashMap::new();
        for (sum, to) in &node.next {
            *shares.entry(Some(*to)).or_default() += sum - before;
            before = *sum;
        }
        *shares.entry(None).or_default() += 1.0 - before;
        let count = |to: &Option<u16>| followed.get(&(number as u16, *to)).copied().unwrap_or(0.0);
        let total: f64 = followed.iter().filter(|((from, _), _)| usize::from(*from) == number).map(|(_, n)| n).sum();
        assert!((shares.keys().map(count).sum::<f64>() - total).abs() < 0.5, "{:?} led where the model does not", node.state);
        let mut cells: Vec<(f64, f64)> = shares.iter().map(|(to, share)| (count(to), *share)).collect();
        cells.sort_by(|a, b| a.1.total_cmp(&b.1));
        if let Some(off) = chi_squared(&cells) {
            tested += 1;
            if off.abs() > 4.2 {
                wrong.push((format!("{:?}", node.state), off));
            }
        }
    }
    (tested, wrong)
}

#[test]
fn transitions_follow_the_built_in_model() {
    let model = built_in_model().unwrap();
    let followed = what_follows(&plan(model.clone(), 9_000, "2026-03-01", "2026-05-01"));
    assert!(followed.values().sum::<f64>() > 800_000.0);
    let (tested, wrong) = wrong_states(&followed, &model);
    assert!(tested >= 30 && wrong.is_empty(), "{tested} tested, wrong: {wrong:?}");

    // A model with one chance two in a hundred off does not pass.
    let mut other = model;
    let playing = other.nodes.iter().position(|node| node.plays && node.state.level == "free").unwrap();
    other.nodes[playing].next[0].0 *= 0.98;
    let (_, wrong) = wrong_states(&followed, &other);
    assert_eq!(wrong.len(), 1, "{wrong:?}");
}

#[test]
fn transitions_follow_eventsims_configurations() {
    let Some(folder) = eventsim_configs() else { return };
    for (name, states, transitions) in [("example", 38, 196), ("Accordion", 48, 265), ("Nagara", 48, 265)] {
        let path = folder.join(format!("{name}-config.json"));
        let config = Config::parse(name, &std::fs::read_to_string(path).unwrap(), false).unwrap();
        let model = config.model;
        let sources = model.nodes.iter().filter(|node| !node.next.is_empty()).count();
        assert_eq!((sources, model.nodes.iter().map(|node| node.next.len()).sum::<usize>()), (states, transitions), "{name}");
        let mut plan = plan(model.clone(), 3_000, "2026-03-01", "2026-05-01");
        plan.growth_rate = 2.0;
        let followed = what_follows(&plan);
        assert!(followed.values().sum::<f64>() > 300_000.0, "{name}");
        let (tested, wrong) = wrong_states(&followed, &model);
        assert!(tested >= 25 && wrong.is_empty(), "{name}: {tested} tested, wrong: {wrong:?}");
    }
}

#[test]
fn pauses_within_a_session_are_as_long_as_they_should_be() {
    let model = built_in_model().unwrap();
    let plan = plan(model.clone(), 1_500, "2026-03-01", "2026-04-01");
    let behaviour = plan.behaviour();
    let mut random = Random::of(5, Purpose::User, 0);
    let mut last: HashMap<u64, (Event, i64)> = HashMap::new();
    let (mut places, mut too_slow) = (Vec::new(), Vec::new());
    let (mut redirects, mut song_ends) = (0, 0);
    visit(&plan, &behaviour, &Interrupt::default(), |user, event| {
        let node = &model.nodes[usize::from(event.state)];
        let mut playing_until = i64::MIN;
        if let Some((before, until)) = last.get(&event.session).filter(|(before, _)| before.item + 1 == event.item) {
            let pause = event.at - before.at;
            if node.redirects {
                assert_eq!(pause, 1, "{:?}", node.state);
                redirects += 1;
            } else if node.plays && *until > before.at {
                assert_eq!(event.at, *until, "the next song begins where the one before ends");
                song_ends += 1;
            } else {
                places.push(place_of(pause, user.alpha, &mut random));
                too_slow.push(place_of(pause, user.alpha * 1.08, &mut random));
            }
            playing_until = *until;
        }
        if event.song != SILENCE {
            playing_until = event.at + behaviour.songs.tracks[event.song as usize].seconds();
        }
        last.insert(event.session, (*event, playing_until));
    })
    .unwrap();
    assert!(redirects > 1_000 && song_ends > 50_000, "{redirects} redirects, {song_ends} ends of songs");
    let (right, wrong) = (distance_from_uniform(places), distance_from_uniform(too_slow));
    assert!(right < 1.95 && wrong > 3.0, "distance {right}, and {wrong} where the mean is more");
}

#[test]
fn pauses_between_sessions_are_as_long_as_they_should_be() {
    let plan = plan(short_visits(0.25, 0.0, 0.0), 400, "2026-01-01", "2026-05-01");
    let half = (plan.from_ms + plan.to_ms) / 2000;
    let mut random = Random::of(6, Purpose::User, 0);
    let mut last: HashMap<u64, i64> = HashMap::new();
    let (mut places, mut too_slow) = (Vec::new(), Vec::new());
    see(&plan, |user, event| {
        assert_eq!(event.item, 0);
        // Those that begin late may not end in time, the longer the less likely.
        if let Some(before) = last.insert(user.id, event.at).filter(|before| *before < half) {
            let pause = event.at - before - 1800;
            assert!(pause >= 0, "sessions are half an hour apart at least");
            places.push(place_of(pause, user.beta, &mut random));
            too_slow.push(place_of(pause, user.beta * 1.08, &mut random));
        }
    });
    let (right, wrong) = (distance_from_uniform(places), distance_from_uniform(too_slow));
    assert!(right < 1.95 && wrong > 3.0, "distance {right}, and {wrong} where the mean is more");
}

#[test]
fn users_have_paces_of_their_own() {
    // The normal distribution's area below x (Abramowitz and Stegun 26.2.17).
    let area = |x: f64| {
        let t = 1.0 / (1.0 + 0.231_641_9 * x.abs());
        let poly = t * (0.319_381_53 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
        let tail = (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt() * poly;
        if x >= 0.0 { 1.0 - tail } else { tail }
    };
    let behaviour = plan(built_in_model().unwrap(), 1, "2026-03-01", "2026-03-02").behaviour();
    let users: Vec<User> = (1..=20_000).map(|id| behaviour.initial_user(id)).collect();
    for (what, mean, of) in [("alpha", 90.0, (|u| u.alpha) as fn(&User) -> f64), ("beta", 604_800.0, |u| u.beta)] {
        let distance = distance_from_uniform(users.iter().map(|user| area((of(user) / mean).ln() + 0.5)).collect());
        assert!(distance < 1.95, "{what}: {distance}");
        let average = users.iter().map(of).sum::<f64>() / 20_000.0 / mean;
        assert!((average - 1.0).abs() < 0.04, "{what}: {average}");
    }
    let paid = users
        .iter()
        .filter(|user| behaviour.model.user_states[usize::from(user.user_state(&behaviour.model))].1 == "paid")
        .count();
    assert!((3_800..4_300).contains(&paid), "{paid} of 20,000 are paid");
    let men = users.iter().filter(|user| behaviour.profiles.gender(usize::from(user.profile.first)) == "M").count();
    assert!((9_200..9_600).contains(&men), "{men} of 20,000 are men");
}

#[test]
fn sessions_begin_by_hour_and_weekday_as_the_formulas_say() {
    let (damping, weekend) = (0.09375, 0.5);
    let plan = plan(short_visits(100.0, damping, weekend), 240_000, "2026-01-05", "2027-01-04");
    let mut found = ([0.0; 24], [0.0; 7]);
    let mut starts = 0.0;
    see(&plan, |_, event| {
        found.0[(event.at.rem_euclid(DAY) / 3600) as usize] += 1.0;
        found.1[((event.at.div_euclid(DAY) + 3) % 7) as usize] += 1.0;
        starts += 1.0;
    });
    assert!(starts > 1_500_000.0, "{starts}");

    // The same from the formulas: every moment is moved, and counts as much as is not damped.
    const HOLIDAYS: [&str; 12] = [
        "2026-01-19",
        "2026-02-16",
        "2026-05-25",
        "2026-06-19",
        "2026-07-03",
        "2026-09-07",
        "2026-10-12",
        "2026-11-11",
        "2026-11-26",
        "2026-12-25",
        "2027-01-01",
        "2026-07-04",
    ];
    let holidays: Vec<i64> = HOLIDAYS.iter().map(|date| parse_time(date).unwrap() / 86_400_000).collect();
    let is_free = |day: i64| (day + 3) % 7 >= 5 || holidays.contains(&day);
    // Half of the ramp lies on either side of midnight: in between two days as far along as that.
    let damped = |at: i64| {
        let (day, second) = (at.div_euclid(DAY), at.rem_euclid(DAY));
        let weight = |day: i64| f64::from(u8::from(is_free(day)));
        let (before, after) = (second.min(10_800) as f64 / 21_600.0 + 0.5, (DAY - second).min(10_800) as f64 / 21_600.0 + 0.5);
        if before < 1.0 {
            weekend * (weight(day) * before + weight(day - 1) * (1.0 - before))
        } else {
            weekend * (weight(day) * after + weight(day + 1) * (1.0 - after))
        }
    };
    let mut wanted = ([0.0; 24], [0.0; 7]);
    let mut total = 0.0;
    for at in (plan.from_ms / 1000..plan.to_ms / 1000).step_by(20) {
        let angle = std::f64::consts::TAU * (at.rem_euclid(DAY) - 10_800) as f64 / DAY as f64;
        let moved = at + (damping * DAY as f64 * angle.sin()) as i64;
        let share = 1.0 - damped(moved);
        wanted.0[(moved.rem_euclid(DAY) / 3600) as usize] += share;
        wanted.1[((moved.div_euclid(DAY) + 3) % 7) as usize] += share;
        total += share;
    }
    let hours = found.0.iter().zip(wanted.0).enumerate().map(|(at, (n, w))| (format!("hour {at}"), n / starts / (w / total)));
    let days = found.1.iter().zip(wanted.1).enumerate().map(|(at, (n, w))| (format!("weekday {at}"), n / starts / (w / total)));
    let off: Vec<_> = hours.chain(days).filter(|(_, ratio)| (ratio - 1.0).abs() > 0.02).collect();
    assert!(off.is_empty(), "{off:?}");
    assert!(found.0[15] / found.0[3] > 3.0 && found.1[6] / found.1[2] < 0.6, "starts follow the hour and the weekday");
}

#[test]
fn songs_are_played_as_often_as_they_are_popular() {
    let plan = plan(built_in_model().unwrap(), 6_000, "2026-03-01", "2026-04-01");
    let behaviour = plan.behaviour();
    let mut plays = vec![0.0; behaviour.songs.tracks.len()];
    visit(&plan, &behaviour, &Interrupt::default(), |_, event| {
        if event.song != SILENCE {
            plays[event.song as usize] += 1.0;
        }
    })
    .unwrap();
    let mut cells: Vec<(f64, f64)> = plays.iter().copied().zip(behaviour.songs.shares.iter().copied()).collect();
    cells.sort_by(|a, b| b.1.total_cmp(&a.1));
    let off = chi_squared(&cells).unwrap();
    assert!(off.abs() < 4.0, "{off}");
    let matched = plays[..behaviour.songs.in_catalogue].iter().sum::<f64>() / plays.iter().sum::<f64>();
    assert!((matched - 0.3).abs() < 0.005, "{matched} of the plays are of the catalogue");
    // A long tail: the first hundredth has many more plays, and still most are elsewhere.
    let top = cells[..60].iter().map(|(n, _)| n).sum::<f64>() / plays.iter().sum::<f64>();
    assert!((0.05..0.4).contains(&top), "{top}");
}

#[test]
fn users_grow_and_leave_as_they_should() {
    let mut growing = plan(short_visits(30.0, 0.0625, 0.5), 2_000, "2026-01-01", "2028-01-01");
    growing.growth_rate = 0.8;
    let years = (growing.to_ms - growing.from_ms) as f64 / 1000.0 / YEAR;
    let mut registered = Vec::new();
    let totals = see(&growing, |user, event| {
        if user.registered == event.at {
            registered.push(event.at);
        }
    });
    let factor = (0.8 * years).exp();
    let deviation = (2_000.0 * factor * (factor - 1.0)).sqrt();
    assert!((totals.all_users as f64 - 2_000.0 * factor).abs() < 4.0 * deviation, "{totals:?}");
    assert_eq!(registered.len() as u64, totals.all_users - totals.first_users, "every new user is seen at once");
    let middle = growing.from_ms / 1000 + (years * YEAR / 2.0) as i64;
    let first_half = registered.iter().filter(|at| **at < middle).count() as f64;
    let wanted = 2_000.0 * (factor.sqrt() - 1.0);
    assert!((first_half / wanted - 1.0).abs() < 0.1, "{first_half} in the first half, {wanted} wanted");

    let mut shrinking = plan(short_visits(1.0, 0.0, 0.0), 5_000, "2026-01-01", "2027-01-01");
    shrinking.attrition_rate = 1.0;
    let totals = see(&shrinking, |_, _| {});
    let stayed = 1.0 - totals.left as f64 / 5_000.0;
    assert!((stayed - (-1.0_f64).exp()).abs() < 0.03, "{stayed} stayed");
}

#[test]
fn a_month_looks_like_a_real_one() {
    let model = built_in_model().unwrap();
    let mut of = HashMap::new();
    let totals = see(&plan(model.clone(), 5_000, "2018-11-01", "2018-12-01"), |_, event| {
        let state = &model.nodes[usize::from(event.state)].state;
        *of.entry((state.page.as_str(), state.level.as_str())).or_insert(0.0) += 1.0;
    });
    let count = |page: &str| of.iter().filter(|((p, _), _)| *p == page).map(|(_, n)| n).sum::<f64>();
    let events = totals.events as f64;
    // A known month had 97 users, 8,056 events in 941 sessions, 6,820 plays of which 82 % were paid, 806 of Home.
    assert!((60.0..110.0).contains(&(events / 5_000.0)), "{} events a user", events / 5_000.0);
    assert!((6.0..14.0).contains(&(totals.sessions as f64 / 5_000.0)));
    assert!((0.76..0.88).contains(&(count("NextSong") / events)), "{} are plays", count("NextSong") / events);
    let paid = of[&("NextSong", "paid")] / count("NextSong");
    assert!((0.7..0.9).contains(&paid), "{paid} of the plays are paid");
    assert!((0.07..0.15).contains(&(count("Home") / events)));
    for page in ["Error", "Roll Advert", "Submit Upgrade", "Submit Downgrade", "Logout", "Login", "Thumbs Up", "Cancel"] {
        assert!(count(page) > 10.0, "{page}");
    }
}
