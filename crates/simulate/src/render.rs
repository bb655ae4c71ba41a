//! Log lines. Every text is rendered once, beforehand; a line consists of copies of them with four numbers between.

use super::json::{self, Spelling};
use super::user::{BehaviourConfig, Event, SILENCE, User};

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A file a day, all keys present and sorted.
    Udacity,
    /// One stream in eventsim's order, without what is absent.
    Eventsim,
}

/// Pieces of text in one place.
#[derive(Debug, Default)]
struct Pieces {
    text: Vec<u8>,
    ends: Vec<u32>,
}

impl Pieces {
    fn add(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.text);
        self.ends.push(self.text.len() as u32);
    }

    fn get(&self, index: usize) -> &[u8] {
        let begin = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[begin as usize..self.ends[index] as usize]
    }
}

/// Renders log lines.
#[derive(Debug)]
pub struct Renderer {
    format: Format,
    /// Added to the whole seconds that events happen at.
    ms: i64,
    shown: Vec<bool>,
    /// Four of each state in the sorted form, one in the other.
    states: Pieces,
    /// Of each first name, which determines the gender too; then the one for a user who is not shown.
    firsts: Pieces,
    /// Of each family name; then the one for a user who is not shown.
    lasts: Pieces,
    /// Of each place; then the one for a user who is not shown.
    places: Pieces,
    /// Of each browser; then the one for a user who is not shown.
    agents: Pieces,
    /// Three of each track in the sorted form, one in the other; then those of silence.
    tracks: Pieces,
    tag: Vec<u8>,
}

impl Renderer {
    /// For the texts of this behaviour. `ms` are the milliseconds that all instants have.
    #[must_use]
    pub fn new(behaviour: &BehaviourConfig, format: Format, ms: i64, tag: Option<&str>) -> Self {
        let mut renderer = Self {
            format,
            ms,
            shown: behaviour.model.nodes.iter().map(|node| node.shown).collect(),
            states: Pieces::default(),
            firsts: Pieces::default(),
            lasts: Pieces::default(),
            places: Pieces::default(),
            agents: Pieces::default(),
            tracks: Pieces::default(),
            tag: Vec::new(),
        };
        match format {
            Format::Udacity => renderer.prepare_sorted(behaviour, tag),
            Format::Eventsim => renderer.prepare_stream(behaviour, tag),
        }
        renderer
    }

    fn prepare_sorted(&mut self, behaviour: &BehaviourConfig, tag: Option<&str>) {
        let text = |text: &str| {
            let mut out = Vec::new();
            json::text(&mut out, text, Spelling::AsciiSlashes);
            String::from_utf8(out).unwrap_or_default()
        };
        for node in &behaviour.model.nodes {
            let state = &node.state;
            self.states.add(|out| out.extend(format!(",\"auth\":{}", text(&state.auth)).bytes()));
            self.states.add(|out| out.extend(format!(",\"level\":{}", text(&state.level)).bytes()));
            self.states
                .add(|out| out.extend(format!(",\"method\":{},\"page\":{}", text(&state.method), text(&state.page)).bytes()));
            self.states.add(|out| out.extend(format!(",\"status\":{}", state.status).bytes()));
        }
        let profiles = &behaviour.profiles;
        for (index, name) in profiles.first_names.iter().enumerate() {
            let gender = profiles.gender(index);
            let piece = format!(",\"firstName\":{},\"gender\":\"{gender}\",\"itemInSession\":", text(name));
            self.firsts.add(|out| out.extend(piece.bytes()));
        }
        self.firsts.add(|out| out.extend_from_slice(b",\"firstName\":null,\"gender\":null,\"itemInSession\":"));
        for name in &profiles.last_names {
            self.lasts.add(|out| out.extend(format!(",\"lastName\":{},\"length\":", text(name)).bytes()));
        }
        self.lasts.add(|out| out.extend_from_slice(b",\"lastName\":null,\"length\":"));
        for place in &profiles.places {
            self.places.add(|out| out.extend(format!(",\"location\":{}", text(place)).bytes()));
        }
        self.places.add(|out| out.extend_from_slice(b",\"location\":null"));
        for agent in &profiles.agents {
            self.agents.add(|out| out.extend(format!(",\"userAgent\":{},\"userId\":\"", text(agent)).bytes()));
        }
        self.agents.add(|out| out.extend_from_slice(b",\"userAgent\":null,\"userId\":\""));
        // eventsim's published logs went through the wrong encoding twice.
        let rounds = if behaviour.compat { 2 } else { 0 };
        for track in &behaviour.songs.tracks {
            self.tracks.add(|out| out.extend(format!("{{\"artist\":{}", text(&json::garbled(&track.artist, rounds))).bytes()));
            self.tracks.add(|out| out.extend(json::decimal(i64::from(track.length)).bytes()));
            self.tracks.add(|out| out.extend(format!(",\"song\":{}", text(&json::garbled(&track.title, rounds))).bytes()));
        }
        for piece in [&b"{\"artist\":null"[..], b"null", b",\"song\":null"] {
            self.tracks.add(|out| out.extend_from_slice(piece));
        }
        self.tag = tag.map_or_else(Vec::new, |tag| format!(",\"tag\":{}", text(tag)).into_bytes());
    }

    fn prepare_stream(&mut self, behaviour: &BehaviourConfig, tag: Option<&str>) {
        let text = |text: &str| {
            let mut out = Vec::new();
            json::text(&mut out, text, Spelling::Utf8);
            String::from_utf8(out).unwrap_or_default()
        };
        for node in &behaviour.model.nodes {
            let state = &node.state;
            let (page, auth, method) = (text(&state.page), text(&state.auth), text(&state.method));
            let (status, level) = (state.status, text(&state.level));
            let piece = format!(
                ",\"page\":{page},\"auth\":{auth},\"method\":{method},\"status\":{status},\"level\":{level},\"itemInSession\":"
            );
            self.states.add(|out| out.extend(piece.bytes()));
        }
        let profiles = &behaviour.profiles;
        for (index, name) in profiles.first_names.iter().enumerate() {
            self.firsts.add(|out| out.extend(format!(",\"firstName\":{}", text(name)).bytes()));
            self.firsts.add(|out| out.extend(format!(",\"gender\":\"{}\"", profiles.gender(index)).bytes()));
        }
        for name in &profiles.last_names {
            self.lasts.add(|out| out.extend(format!(",\"lastName\":{}", text(name)).bytes()));
        }
        for place in &profiles.places {
            self.places.add(|out| out.extend(format!(",\"location\":{}", text(place)).bytes()));
        }
        for agent in &profiles.agents {
            self.agents.add(|out| out.extend(format!(",\"userAgent\":{}", text(agent)).bytes()));
        }
        let rounds = usize::from(behaviour.compat);
        for track in &behaviour.songs.tracks {
            let (artist, song) = (json::garbled(&track.artist, rounds), json::garbled(&track.title, rounds));
            let length = json::decimal(i64::from(track.length));
            let piece = format!(",\"artist\":{},\"song\":{},\"length\":{length}", text(&artist), text(&song));
            self.tracks.add(|out| out.extend(piece.bytes()));
        }
        self.tag = tag.map_or_else(Vec::new, |tag| format!(",\"tag\":{}", text(tag)).into_bytes());
    }

    /// Appends the line of an event, with its newline.
    pub fn line(&self, out: &mut Vec<u8>, user: &User, event: &Event) {
        match self.format {
            Format::Udacity => self.sorted_line(out, user, event),
            Format::Eventsim => self.stream_line(out, user, event),
        }
    }

    fn sorted_line(&self, out: &mut Vec<u8>, user: &User, event: &Event) {
        let mut digits = itoa::Buffer::new();
        let state = usize::from(event.state);
        let silence = self.tracks.ends.len() / 3 - 1;
        let track = if event.song == SILENCE { silence } else { event.song as usize } * 3;
        let shown = self.shown[state];
        let of = |pieces: &'_ Pieces, index: u16| if shown { usize::from(index) } else { pieces.ends.len() - 1 };
        let profile = user.profile;
        out.extend_from_slice(self.tracks.get(track));
        out.extend_from_slice(self.states.get(state * 4));
        out.extend_from_slice(self.firsts.get(of(&self.firsts, profile.first)));
        out.extend_from_slice(digits.format(event.item).as_bytes());
        out.extend_from_slice(self.lasts.get(of(&self.lasts, profile.last)));
        out.extend_from_slice(self.tracks.get(track + 1));
        out.extend_from_slice(self.states.get(state * 4 + 1));
        out.extend_from_slice(self.places.get(of(&self.places, profile.place)));
        out.extend_from_slice(self.states.get(state * 4 + 2));
        if shown {
            out.extend_from_slice(b",\"registration\":");
            out.extend_from_slice(digits.format(user.registered * 1000 + self.ms).as_bytes());
            out.extend_from_slice(b".0,\"sessionId\":");
        } else {
            out.extend_from_slice(b",\"registration\":null,\"sessionId\":");
        }
        out.extend_from_slice(digits.format(event.session).as_bytes());
        out.extend_from_slice(self.tracks.get(track + 2));
        out.extend_from_slice(self.states.get(state * 4 + 3));
        out.extend_from_slice(&self.tag);
        out.extend_from_slice(b",\"ts\":");
        out.extend_from_slice(digits.format(event.at * 1000 + self.ms).as_bytes());
        out.extend_from_slice(self.agents.get(of(&self.agents, profile.agent)));
        if shown {
            out.extend_from_slice(digits.format(user.id).as_bytes());
        }
        out.extend_from_slice(b"\"}\n");
    }

    fn stream_line(&self, out: &mut Vec<u8>, user: &User, event: &Event) {
        let mut digits = itoa::Buffer::new();
        let state = usize::from(event.state);
        let shown = self.shown[state];
        let profile = user.profile;
        out.extend_from_slice(b"{\"ts\":");
        out.extend_from_slice(digits.format(event.at * 1000 + self.ms).as_bytes());
        out.extend_from_slice(b",\"userId\":\"");
        if shown {
            out.extend_from_slice(digits.format(user.id).as_bytes());
        }
        out.extend_from_slice(b"\",\"sessionId\":");
        out.extend_from_slice(digits.format(event.session).as_bytes());
        out.extend_from_slice(self.states.get(state));
        out.extend_from_slice(digits.format(event.item).as_bytes());
        if shown {
            out.extend_from_slice(self.places.get(usize::from(profile.place)));
            out.extend_from_slice(self.agents.get(usize::from(profile.agent)));
            out.extend_from_slice(self.lasts.get(usize::from(profile.last)));
            out.extend_from_slice(self.firsts.get(usize::from(profile.first) * 2));
            out.extend_from_slice(b",\"registration\":");
            out.extend_from_slice(digits.format(user.registered * 1000 + self.ms).as_bytes());
            out.extend_from_slice(self.firsts.get(usize::from(profile.first) * 2 + 1));
        }
        out.extend_from_slice(&self.tag);
        if event.song != SILENCE {
            out.extend_from_slice(self.tracks.get(event.song as usize));
        }
        out.extend_from_slice(b"}\n");
    }
}
