//! The contract, computed a second way: every table anew from all accepted lines, with maps and sorts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Datelike, Timelike};

use super::fields::COLUMNS;
use super::reference::{self, Event, Refused, SongRecord, repair};
use super::warehouse::{Cell, Tables};

/// A source file: its URL (or any name that sorts alike), when it was modified, its bytes.
#[derive(Debug, Clone)]
pub struct File {
    pub url: String,
    pub modified: i64,
    pub bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub lines: u64,
    pub accepted: u64,
    pub duplicates: u64,
    pub rejected: u64,
    pub song_records: u64,
    pub songs_rejected: u64,
    pub songs_differing: u64,
}

type Key = (Option<i64>, i64, i64, i64);
type Place = (i64, i64, i64);

/// Everything that was ever loaded.
#[derive(Default)]
pub struct Oracle {
    events: BTreeMap<Key, Event>,
    songs: BTreeMap<String, Held>,
}

struct Held {
    place: (String, usize),
    song: SongRecord,
}

fn key(event: &Event) -> Key {
    (event.user_id, event.session_id, event.item_in_session, event.ts)
}

fn place(event: &Event) -> Place {
    (event.ts, event.session_id, event.item_in_session)
}

/// What lies between newlines; the file's byte order mark is no part of it.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    bytes.split(|&b| b == b'\n')
}

/// The records of a song file, numbered: the objects one after the other, or the lines if that is not all there is.
fn song_records(bytes: &[u8]) -> Vec<(usize, &[u8])> {
    let mut objects = serde_json::Deserializer::from_slice(bytes).into_iter::<serde::de::IgnoredAny>();
    let mut records = Vec::new();
    let mut start = 0;
    while let Some(Ok(_)) = objects.next() {
        records.push(&bytes[start..objects.byte_offset()]);
        start = objects.byte_offset();
    }
    if !is_blank(&bytes[start..]) {
        records = lines(bytes).filter(|line| !is_blank(line)).collect();
    }
    records.into_iter().enumerate().collect()
}

/// A row of a table, by the columns that are compared.
fn cells(table: &str, value: impl Fn(&str) -> Cell) -> Vec<Cell> {
    let (_, columns) = COLUMNS.iter().find(|(name, _)| *name == table).unwrap();
    columns.split(", ").map(value).collect()
}

/// A column of the facts that shows a field of the line.
fn plain(event: &Event, column: &str) -> Cell {
    match column {
        "epoch_ms(start_time)" => event.ts.into(),
        "user_id" => event.user_id.into(),
        "session_id" => event.session_id.into(),
        "item_in_session" => event.item_in_session.into(),
        _ => event.payload.value(column).clone(),
    }
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|b| b" \t\r\n".contains(b))
}

impl Oracle {
    /// One run over these files, none of which it has seen in this version.
    pub fn load(&mut self, logs: &[File], songs: &[File]) -> Counts {
        let mut counts = Counts::default();
        // What each file says of a song at its end, beside what the file said that had the say before.
        let mut told: BTreeMap<String, BTreeMap<String, SongRecord>> = BTreeMap::new();
        for file in songs {
            for (number, line) in song_records(&file.bytes) {
                match reference::song(line) {
                    Ok(song) => {
                        counts.song_records += 1;
                        let tellings = told.entry(song.song_id.clone()).or_insert_with(|| {
                            let held = self.songs.get(&song.song_id).into_iter();
                            held.map(|held| (held.place.0.clone(), held.song.clone())).collect()
                        });
                        tellings.insert(file.url.clone(), song.clone());
                        self.hold(song, (file.url.clone(), number));
                    }
                    Err(_) => counts.songs_rejected += 1,
                }
            }
        }
        let differ =
            |tellings: &&BTreeMap<String, SongRecord>| tellings.values().any(|one| Some(one) != tellings.values().next());
        counts.songs_differing = told.values().filter(differ).count() as u64;
        let mut logs: Vec<&File> = logs.iter().collect();
        logs.sort_by(|a, b| a.url.cmp(&b.url));
        for line in logs.iter().flat_map(|file| lines(&file.bytes)).filter(|line| !is_blank(line)) {
            counts.lines += 1;
            match reference::log_line(line) {
                Err(Refused::Malformed | Refused::Unfit) => counts.rejected += 1,
                Ok(event) => match self.events.get(&key(&event)) {
                    None => {
                        counts.accepted += 1;
                        self.events.insert(key(&event), event);
                    }
                    Some(known) if *known == event => counts.duplicates += 1,
                    Some(_) => counts.rejected += 1,
                },
            }
        }
        counts
    }

    /// Of two records of a song that of the file whose name comes last wins, then the later one in it. A file that is read
    /// again replaces what it said.
    fn hold(&mut self, song: SongRecord, place: (String, usize)) {
        let wins = self.songs.get(&song.song_id).is_none_or(|held| held.place.0 == place.0 || held.place < place);
        if wins {
            self.songs.insert(song.song_id.clone(), Held { place, song });
        }
    }

    /// What the tables must hold, rows sorted.
    pub fn tables(&self) -> Tables {
        let mut tables = Tables::new();
        tables.insert("songs", self.songs());
        tables.insert("artists", self.artists());
        tables.insert("songplays", self.songplays());
        tables.insert("page_views", self.page_views());
        tables.insert("time", self.time());
        tables.insert("tracks", self.tracks());
        tables.insert("users", self.users());
        tables.insert("user_levels", self.user_levels());
        for rows in tables.values_mut() {
            rows.sort();
        }
        tables
    }

    fn plays(&self) -> impl Iterator<Item = &Event> {
        self.events.values().filter(|event| event.payload.page == "NextSong")
    }

    fn songplays(&self) -> Vec<Vec<Cell>> {
        let mut by_name: HashMap<(String, String), Vec<&SongRecord>> = HashMap::new();
        for Held { song, .. } in self.songs.values() {
            by_name.entry((repair(&song.title_raw), repair(&song.artist_name_raw))).or_default().push(song);
        }
        let mut sessions: HashMap<(Option<i64>, i64), Vec<&Event>> = HashMap::new();
        for event in self.events.values() {
            sessions.entry((event.user_id, event.session_id)).or_default().push(event);
        }
        let next = |event: &Event, plays_only: bool| {
            let others = sessions[&(event.user_id, event.session_id)].iter();
            let later = others.filter(|other| place(other) > place(event));
            later.filter(|other| !plays_only || other.payload.page == "NextSong").map(|other| other.ts).min()
        };
        let row = |event: &Event| {
            let p = &event.payload;
            let (title, artist) = (p.song_raw.as_deref().map(repair), p.artist_raw.as_deref().map(repair));
            let is_exact = |song: &SongRecord| {
                p.song_raw.as_ref() == Some(&song.title_raw) && p.artist_raw.as_ref() == Some(&song.artist_name_raw)
            };
            let candidates = title.clone().zip(artist.clone()).and_then(|name| by_name.get(&name)).map_or(&[][..], Vec::as_slice);
            let distance = |song: &SongRecord| match (song.duration, p.float("length")) {
                (Some(duration), Some(length)) => (duration - length).abs(),
                _ => f64::INFINITY,
            };
            let song = candidates.iter().copied().min_by(|a, b| {
                let exact_first = is_exact(b).cmp(&is_exact(a));
                exact_first.then(distance(a).total_cmp(&distance(b))).then(a.song_id.cmp(&b.song_id))
            });
            cells("songplays", |column| match column {
                "song_id" => song.map(|s| s.song_id.clone()).into(),
                "artist_id" => song.map(|s| s.artist_id.clone()).into(),
                "song" => title.clone().into(),
                "artist" => artist.clone().into(),
                "match_method" => song.map(|s| if is_exact(s) { "exact" } else { "repaired" }.to_owned()).into(),
                "epoch_ms(next_event_time)" => next(event, false).into(),
                "epoch_ms(next_play_time)" => next(event, true).into(),
                _ => plain(event, column),
            })
        };
        self.plays().map(row).collect()
    }

    fn page_views(&self) -> Vec<Vec<Cell>> {
        let views = self.events.values().filter(|event| event.payload.page != "NextSong");
        let row = |event: &Event| cells("page_views", |column| plain(event, column));
        views.map(row).collect()
    }

    fn time(&self) -> Vec<Vec<Cell>> {
        let instants: BTreeSet<i64> = self.plays().map(|event| event.ts).collect();
        let row = |ms| {
            let t = DateTime::from_timestamp_millis(ms).unwrap();
            let weekday = t.weekday().number_from_monday();
            let parts = [t.hour(), t.day(), t.iso_week().week(), t.month(), t.year() as u32, weekday];
            std::iter::once(ms).chain(parts.map(i64::from)).map(Cell::from).collect()
        };
        instants.into_iter().map(row).collect()
    }

    /// Each user's events, in their order.
    fn by_user(&self) -> BTreeMap<i64, Vec<&Event>> {
        let mut users: BTreeMap<i64, Vec<&Event>> = BTreeMap::new();
        for event in self.events.values() {
            if let Some(user_id) = event.user_id {
                users.entry(user_id).or_default().push(event);
            }
        }
        for events in users.values_mut() {
            events.sort_by_key(|event| place(event));
        }
        users
    }

    fn users(&self) -> Vec<Vec<Cell>> {
        let row = |(user_id, events): (i64, Vec<&Event>)| {
            let last = events.last().unwrap();
            let p = &last.payload;
            vec![
                user_id.into(),
                p.value("first_name").clone(),
                p.value("last_name").clone(),
                p.value("gender").clone(),
                p.value("level").clone(),
                p.value("registration").clone(),
                last.ts.into(),
            ]
        };
        self.by_user().into_iter().map(row).collect()
    }

    fn tracks(&self) -> Vec<Vec<Cell>> {
        let text = |name: &Option<String>| name.as_deref().map(repair).unwrap_or_default();
        let tracks: BTreeSet<(String, String)> =
            self.plays().map(|play| (text(&play.payload.song_raw), text(&play.payload.artist_raw))).collect();
        tracks.into_iter().map(|(song, artist)| vec![song.into(), artist.into()]).collect()
    }

    fn user_levels(&self) -> Vec<Vec<Cell>> {
        let mut rows = Vec::new();
        for (user_id, events) in self.by_user() {
            // The last event of an instant is inserted last, so it decides.
            let levels: BTreeMap<i64, &String> =
                events.iter().filter_map(|event| Some((event.ts, event.payload.text("level")?))).collect();
            let mut stays: Vec<(i64, &String)> = Vec::new();
            for (since, level) in levels {
                if stays.last().is_none_or(|(_, before)| *before != level) {
                    stays.push((since, level));
                }
            }
            for (index, (since, level)) in stays.iter().enumerate() {
                let until = stays.get(index + 1).map(|(next, _)| *next);
                rows.push(vec![
                    user_id.into(),
                    (*level).clone().into(),
                    (*since).into(),
                    until.into(),
                    Cell::Bool(until.is_none()),
                ]);
            }
        }
        rows
    }

    fn songs(&self) -> Vec<Vec<Cell>> {
        let row = |Held { song, .. }: &Held| {
            vec![
                song.song_id.clone().into(),
                repair(&song.title_raw).into(),
                song.artist_id.clone().into(),
                song.year.into(),
                song.duration.into(),
                repair(&song.artist_name_raw).into(),
            ]
        };
        self.songs.values().map(row).collect()
    }

    fn artists(&self) -> Vec<Vec<Cell>> {
        let mut artists: BTreeMap<&str, Vec<&SongRecord>> = BTreeMap::new();
        for Held { song, .. } in self.songs.values() {
            artists.entry(&song.artist_id).or_default().push(song);
        }
        let row = |(artist_id, songs): (&str, Vec<&SongRecord>)| {
            let mut credits: BTreeMap<String, i64> = BTreeMap::new();
            for song in &songs {
                *credits.entry(repair(&song.artist_name_raw)).or_default() += 1;
            }
            let name = credits.iter().min_by_key(|(name, times)| (-**times, name.chars().count(), (*name).clone())).unwrap().0;
            let completeness = |song: &SongRecord| {
                [song.artist_location.is_some(), song.artist_latitude.is_some(), song.artist_longitude.is_some()]
                    .into_iter()
                    .filter(|known| *known)
                    .count()
            };
            let place = songs.iter().min_by_key(|song| (std::cmp::Reverse(completeness(song)), song.song_id.clone())).unwrap();
            vec![
                artist_id.to_owned().into(),
                name.clone().into(),
                place.artist_location.clone().into(),
                place.artist_latitude.into(),
                place.artist_longitude.into(),
            ]
        };
        artists.into_iter().map(row).collect()
    }
}
