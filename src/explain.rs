//! Why is it so? What the tables and the ledger know of one play, one song or one run.

use crate::any_case::AnyCase;
use crate::error::{Error, Kind, Result};
use crate::warehouse::{Answer, Param, SqlText, Value, Warehouse, sql_file};

const PLAY: SqlText<'_> = sql_file!("explain/play");
const PLAY_CANDIDATES: SqlText<'_> = sql_file!("explain/play_candidates");
const PLAY_NEAR: SqlText<'_> = sql_file!("explain/play_near");
const VIEW: SqlText<'_> = sql_file!("explain/view");
const LINE: SqlText<'_> = sql_file!("explain/line");
const SONG: SqlText<'_> = sql_file!("explain/song");
const SONG_PLAYS: SqlText<'_> = sql_file!("explain/song_plays");
const SONG_NEAR: SqlText<'_> = sql_file!("explain/song_near");
const RUN: SqlText<'_> = sql_file!("explain/run");
const RUN_FILES: SqlText<'_> = sql_file!("explain/run_files");
const RUN_UNUSUAL: SqlText<'_> = sql_file!("explain/run_unusual");
const RUN_REJECTS: SqlText<'_> = sql_file!("explain/run_rejects");
const RUN_CHANGES: SqlText<'_> = sql_file!("explain/run_changes");

/// A part of an explanation.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its key for scripts.
    pub key: &'static str,
    /// Its heading for people.
    pub heading: &'static str,
    /// What is in it.
    pub answer: Answer,
    /// It is about one thing, so it has one row.
    pub is_single: bool,
}

/// What is known of one thing.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The gist, in a sentence or two.
    pub gist: String,
    /// The details.
    pub parts: Vec<Part>,
}

struct Asker<'a> {
    warehouse: &'a mut Warehouse,
    parameters: Vec<Param<'a>>,
}

impl Asker<'_> {
    fn ask(&mut self, question: SqlText<'_>) -> Result<Answer> {
        self.warehouse.answer(question, &self.parameters)
    }

    fn part(&mut self, key: &'static str, heading: &'static str, question: SqlText<'_>) -> Result<Part> {
        Ok(Part { key, heading, answer: self.ask(question)?, is_single: false })
    }

    fn single(&mut self, key: &'static str, heading: &'static str, question: SqlText<'_>) -> Result<Part> {
        Ok(Part { is_single: true, ..self.part(key, heading, question)? })
    }
}

/// A play: where it came from, and why it has its song or none.
///
/// # Errors
/// [`Kind::NotFound`] when there is no play of this id, with what the id does mean; what the warehouse reports.
pub fn play(warehouse: &mut Warehouse, id: i64) -> Result<Explanation> {
    let mut asker = Asker { warehouse, parameters: vec![Param::new("id", id)] };
    let play = asker.single("play", "The play", PLAY)?;
    if play.answer.rows.is_empty() {
        return Err(no_play(&mut asker, id)?);
    }
    let candidates = asker.part("candidates", "Songs of its title and artist, the best one first", PLAY_CANDIDATES)?;
    let near = if candidates.answer.rows.is_empty() {
        let names = ["song", "artist"].map(|name| text(&play.answer, 0, name));
        asker.parameters.extend(AnyCase::of(names.iter().flatten().map(String::as_str)).parameters());
        let [title, artist] = names.map(|name| name.as_deref().map(AnyCase::small));
        asker.parameters.extend([Param::new("title", title), Param::new("artist", artist)]);
        Some(asker.part("near", "Songs of its title or its artist", PLAY_NEAR)?)
    } else {
        None
    };
    let gist = match_story(&play.answer, &candidates.answer);
    let parts = [Some(play), Some(candidates), near];
    Ok(Explanation { gist, parts: parts.into_iter().flatten().collect() })
}

fn no_play(asker: &mut Asker<'_>, id: i64) -> Result<Error> {
    let view = asker.ask(VIEW)?;
    if let Some(page) = text(&view, 0, "page") {
        let message = format!("{id} is not a play: it is a view of the page {page}");
        return Ok(Error::new(Kind::NotFound, message)
            .with_hint(format!("`sparkify sql \"select * from page_views where view_id = {id}\"` shows it")));
    }
    let line = asker.ask(LINE)?;
    let message = match (text(&line, 0, "file"), text(&line, 0, "reason")) {
        (Some(file), Some(reason)) => format!("{id} is not a play: that line of {file} was rejected: {reason}"),
        (Some(file), None) => format!("{id} is not a play: that line of {file} is a duplicate, is blank or does not exist"),
        _ => format!("there is no play {id}"),
    };
    let hint = "`sparkify sql \"select songplay_id, start_time, song from songplays order by start_time desc limit 20\"` \
                shows some ids";
    Ok(Error::new(Kind::NotFound, message).with_hint(hint))
}

/// Why the play has its song or none.
fn match_story(play: &Answer, candidates: &Answer) -> String {
    let rivals = candidates.rows.len();
    let (Some(_), Some(_)) = (text(play, 0, "song"), text(play, 0, "artist")) else {
        return "It has no song: its line lacks the title or the artist.".to_owned();
    };
    let Some(song_id) = text(play, 0, "song_id") else {
        return match rivals {
            0 => "It has no song: no song of the catalogue has its title and artist.".to_owned(),
            _ => "It has no song although the catalogue has its title and artist; `sparkify check` has details.".to_owned(),
        };
    };
    let how = match text(play, 0, "match_method").as_deref() {
        Some("exact") => "title and artist are equal as they arrived",
        _ => "title and artist are equal once garbled text is repaired",
    };
    let choice = match rivals {
        0 => "though no song of the catalogue has these names now; `sparkify check` has details".to_owned(),
        1 => "and no other song has them".to_owned(),
        _ => {
            let off = text(candidates, 0, "seconds_off");
            let off = off.map_or_else(|| "no duration to compare".to_owned(), |off| format!("{off} s off in duration"));
            format!("and of the {rivals} songs that have them it is the nearest ({off})")
        }
    };
    format!("Its song is {song_id}: {how}, {choice}.")
}

/// A song: what the catalogue has of its title, and its plays.
///
/// # Errors
/// [`Kind::NotFound`] when neither the catalogue nor a play has the title, with titles like it; what the warehouse
/// reports.
pub fn song(warehouse: &mut Warehouse, title: &str) -> Result<Explanation> {
    let mut parameters = vec![Param::new("title", AnyCase::small(title))];
    parameters.extend(AnyCase::of([title]).parameters());
    let mut asker = Asker { warehouse, parameters };
    let songs = asker.part("songs", "In the catalogue", SONG)?;
    let plays = asker.part("plays", "As played", SONG_PLAYS)?;
    if songs.answer.rows.is_empty() && plays.answer.rows.is_empty() {
        let near = asker.ask(SONG_NEAR)?;
        let titles: Vec<String> = (0..near.rows.len()).filter_map(|row| text(&near, row, "title")).collect();
        let hint = match titles.len() {
            0 => "a title is written as in the log; `sparkify sql \"select distinct song from songplays\"` shows them".to_owned(),
            _ => format!("titles that contain it: {}", titles.join("; ")),
        };
        return Err(Error::new(Kind::NotFound, format!("there is no song and no play of the title {title}")).with_hint(hint));
    }
    let played: i128 = (0..plays.answer.rows.len()).filter_map(|row| number(&plays.answer, row, "plays")).sum();
    let linked: i128 = (0..plays.answer.rows.len())
        .filter(|&row| text(&plays.answer, row, "song_id").is_some())
        .filter_map(|row| number(&plays.answer, row, "plays"))
        .sum();
    let songs_held = match songs.answer.rows.len() {
        0 => "The catalogue has no song of that title".to_owned(),
        1 => "The catalogue has 1 song of that title".to_owned(),
        n => format!("The catalogue has {n} songs of that title"),
    };
    let gist = format!("{songs_held}; {linked} of its {played} plays have a song.");
    Ok(Explanation { gist, parts: vec![songs, plays] })
}

/// A run: its files, counts and rejects, and what it brought. `id` may be the beginning of one.
///
/// # Errors
/// [`Kind::NotFound`] when there is no such run or several; what the warehouse reports.
pub fn run(warehouse: &mut Warehouse, id: &str) -> Result<Explanation> {
    let runs = warehouse.answer(RUN, &[Param::new("run", id)])?;
    let (Some(run_id), 1) = (text(&runs, 0, "run_id"), runs.rows.len()) else {
        let message = match runs.rows.len() {
            0 => format!("there is no run {id}"),
            _ => format!("several runs begin with {id}"),
        };
        return Err(Error::new(Kind::NotFound, message).with_hint("`sparkify runs` lists them"));
    };
    let mut asker = Asker { warehouse, parameters: vec![Param::new("run", run_id.as_str())] };
    let head = Part { key: "run", heading: "The run", answer: runs, is_single: true };
    let parts = vec![
        asker.part("files", "Its files", RUN_FILES)?,
        asker.single("changes", "What its files brought, as the tables are now", RUN_CHANGES)?,
        asker.part("unusual", "Files whose lines did not all become rows", RUN_UNUSUAL)?,
        asker.part("rejects", "Lines still in the quarantine, by reason", RUN_REJECTS)?,
    ];
    let count = |name| number(&head.answer, 0, name).unwrap_or_default();
    let gist = format!(
        "A {} that read {} lines: {} accepted, {} duplicates, {} rejected.",
        text(&head.answer, 0, "kind").unwrap_or_default().replace('_', " "),
        count("lines"),
        count("accepted"),
        count("duplicates"),
        count("rejected")
    );
    Ok(Explanation { gist, parts: [vec![head], parts].concat() })
}

fn value<'a>(answer: &'a Answer, row: usize, column: &str) -> Option<&'a Value> {
    let index = answer.columns.iter().position(|name| name == column)?;
    answer.rows.get(row)?.get(index).filter(|value| **value != Value::Null)
}

fn text(answer: &Answer, row: usize, column: &str) -> Option<String> {
    value(answer, row, column).map(ToString::to_string)
}

fn number(answer: &Answer, row: usize, column: &str) -> Option<i128> {
    match value(answer, row, column) {
        Some(Value::Integer(n)) => Some(*n),
        _ => None,
    }
}
