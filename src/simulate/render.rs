//! Log lines. All texts are spelled once, beforehand; a line is a few copies of them and four numbers between.

use super::json::{self, Spelling};
use super::user::{Event, Laws, SILENCE, User};

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A file a day, keys sorted, all 18 present.
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

/// Spells log lines.
#[derive(Debug)]
pub struct Renderer {
    format: Format,
    /// Added to the whole seconds that events happen at.
    ms: i64,
    shown: Vec<bool>,
    /// Four of each state in the sorted form, one in the other.
    states: Pieces,
    /// Of each first name, which determines the gender too; then that of nobody.
    firsts: Pieces,
    /// Of each family name; then that of nobody.
    lasts: Pieces,
    /// Of each place; then that of nobody.
    places: Pieces,
    /// Of each browser; then that of nobody.
    agents: Pieces,
    /// Three of each tune in the sorted form, one in the other; then those of silence.
    tunes: Pieces,
    tag: Vec<u8>,
}

impl Renderer {
    /// For these laws. `ms` are the milliseconds that all instants have.
    #[must_use]
    pub fn new(laws: &Laws, format: Format, ms: i64, tag: Option<&str>) -> Self {
        let mut renderer = Self {
            format,
            ms,
            shown: laws.model.nodes.iter().map(|node| node.shown).collect(),
            states: Pieces::default(),
            firsts: Pieces::default(),
            lasts: Pieces::default(),
            places: Pieces::default(),
            agents: Pieces::default(),
            tunes: Pieces::default(),
            tag: Vec::new(),
        };
        match format {
            Format::Udacity => renderer.prepare_sorted(laws, tag),
            Format::Eventsim => renderer.prepare_stream(laws, tag),
        }
        renderer
    }

    fn prepare_sorted(&mut self, laws: &Laws, tag: Option<&str>) {
        let text = |text: &str| {
            let mut out = Vec::new();
            json::text(&mut out, text, Spelling::AsciiSlashes);
            String::from_utf8(out).unwrap_or_default()
        };
        for node in &laws.model.nodes {
            let state = &node.state;
            self.states.add(|out| out.extend(format!(",\"auth\":{}", text(&state.auth)).bytes()));
            self.states.add(|out| out.extend(format!(",\"level\":{}", text(&state.level)).bytes()));
            self.states
                .add(|out| out.extend(format!(",\"method\":{},\"page\":{}", text(&state.method), text(&state.page)).bytes()));
            self.states.add(|out| out.extend(format!(",\"status\":{}", state.status).bytes()));
        }
        let people = &laws.people;
        for (index, name) in people.first_names.iter().enumerate() {
            let gender = people.gender(index);
            let piece = format!(",\"firstName\":{},\"gender\":\"{gender}\",\"itemInSession\":", text(name));
            self.firsts.add(|out| out.extend(piece.bytes()));
        }
        self.firsts.add(|out| out.extend_from_slice(b",\"firstName\":null,\"gender\":null,\"itemInSession\":"));
        for name in &people.last_names {
            self.lasts.add(|out| out.extend(format!(",\"lastName\":{},\"length\":", text(name)).bytes()));
        }
        self.lasts.add(|out| out.extend_from_slice(b",\"lastName\":null,\"length\":"));
        for place in &people.places {
            self.places.add(|out| out.extend(format!(",\"location\":{}", text(place)).bytes()));
        }
        self.places.add(|out| out.extend_from_slice(b",\"location\":null"));
        for agent in &people.agents {
            self.agents.add(|out| out.extend(format!(",\"userAgent\":{},\"userId\":\"", text(agent)).bytes()));
        }
        self.agents.add(|out| out.extend_from_slice(b",\"userAgent\":null,\"userId\":\""));
        // Twice on their way from eventsim to where they were published.
        let rounds = if laws.compat { 2 } else { 0 };
        for tune in &laws.songs.tunes {
            self.tunes.add(|out| out.extend(format!("{{\"artist\":{}", text(&json::garbled(&tune.artist, rounds))).bytes()));
            self.tunes.add(|out| out.extend(json::decimal(i64::from(tune.length)).bytes()));
            self.tunes.add(|out| out.extend(format!(",\"song\":{}", text(&json::garbled(&tune.title, rounds))).bytes()));
        }
        for piece in [&b"{\"artist\":null"[..], b"null", b",\"song\":null"] {
            self.tunes.add(|out| out.extend_from_slice(piece));
        }
        self.tag = tag.map_or_else(Vec::new, |tag| format!(",\"tag\":{}", text(tag)).into_bytes());
    }

    fn prepare_stream(&mut self, laws: &Laws, tag: Option<&str>) {
        let text = |text: &str| {
            let mut out = Vec::new();
            json::text(&mut out, text, Spelling::Utf8);
            String::from_utf8(out).unwrap_or_default()
        };
        for node in &laws.model.nodes {
            let state = &node.state;
            let (page, auth, method) = (text(&state.page), text(&state.auth), text(&state.method));
            let (status, level) = (state.status, text(&state.level));
            let piece = format!(
                ",\"page\":{page},\"auth\":{auth},\"method\":{method},\"status\":{status},\"level\":{level},\"itemInSession\":"
            );
            self.states.add(|out| out.extend(piece.bytes()));
        }
        let people = &laws.people;
        for (index, name) in people.first_names.iter().enumerate() {
            self.firsts.add(|out| out.extend(format!(",\"firstName\":{}", text(name)).bytes()));
            self.firsts.add(|out| out.extend(format!(",\"gender\":\"{}\"", people.gender(index)).bytes()));
        }
        for name in &people.last_names {
            self.lasts.add(|out| out.extend(format!(",\"lastName\":{}", text(name)).bytes()));
        }
        for place in &people.places {
            self.places.add(|out| out.extend(format!(",\"location\":{}", text(place)).bytes()));
        }
        for agent in &people.agents {
            self.agents.add(|out| out.extend(format!(",\"userAgent\":{}", text(agent)).bytes()));
        }
        let rounds = usize::from(laws.compat);
        for tune in &laws.songs.tunes {
            let (artist, song) = (json::garbled(&tune.artist, rounds), json::garbled(&tune.title, rounds));
            let length = json::decimal(i64::from(tune.length));
            let piece = format!(",\"artist\":{},\"song\":{},\"length\":{length}", text(&artist), text(&song));
            self.tunes.add(|out| out.extend(piece.bytes()));
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
        let silence = self.tunes.ends.len() / 3 - 1;
        let tune = if event.song == SILENCE { silence } else { event.song as usize } * 3;
        let shown = self.shown[state];
        let of = |pieces: &'_ Pieces, index: u16| if shown { usize::from(index) } else { pieces.ends.len() - 1 };
        let person = user.person;
        out.extend_from_slice(self.tunes.get(tune));
        out.extend_from_slice(self.states.get(state * 4));
        out.extend_from_slice(self.firsts.get(of(&self.firsts, person.first)));
        out.extend_from_slice(digits.format(event.item).as_bytes());
        out.extend_from_slice(self.lasts.get(of(&self.lasts, person.last)));
        out.extend_from_slice(self.tunes.get(tune + 1));
        out.extend_from_slice(self.states.get(state * 4 + 1));
        out.extend_from_slice(self.places.get(of(&self.places, person.place)));
        out.extend_from_slice(self.states.get(state * 4 + 2));
        if shown {
            out.extend_from_slice(b",\"registration\":");
            out.extend_from_slice(digits.format(user.registered * 1000 + self.ms).as_bytes());
            out.extend_from_slice(b".0,\"sessionId\":");
        } else {
            out.extend_from_slice(b",\"registration\":null,\"sessionId\":");
        }
        out.extend_from_slice(digits.format(event.session).as_bytes());
        out.extend_from_slice(self.tunes.get(tune + 2));
        out.extend_from_slice(self.states.get(state * 4 + 3));
        out.extend_from_slice(&self.tag);
        out.extend_from_slice(b",\"ts\":");
        out.extend_from_slice(digits.format(event.at * 1000 + self.ms).as_bytes());
        out.extend_from_slice(self.agents.get(of(&self.agents, person.agent)));
        if shown {
            out.extend_from_slice(digits.format(user.id).as_bytes());
        }
        out.extend_from_slice(b"\"}\n");
    }

    fn stream_line(&self, out: &mut Vec<u8>, user: &User, event: &Event) {
        let mut digits = itoa::Buffer::new();
        let state = usize::from(event.state);
        let shown = self.shown[state];
        let person = user.person;
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
            out.extend_from_slice(self.places.get(usize::from(person.place)));
            out.extend_from_slice(self.agents.get(usize::from(person.agent)));
            out.extend_from_slice(self.lasts.get(usize::from(person.last)));
            out.extend_from_slice(self.firsts.get(usize::from(person.first) * 2));
            out.extend_from_slice(b",\"registration\":");
            out.extend_from_slice(digits.format(user.registered * 1000 + self.ms).as_bytes());
            out.extend_from_slice(self.firsts.get(usize::from(person.first) * 2 + 1));
        }
        out.extend_from_slice(&self.tag);
        if event.song != SILENCE {
            out.extend_from_slice(self.tunes.get(event.song as usize));
        }
        out.extend_from_slice(b"}\n");
    }
}
