//! `sparkify demo`: a small invented month, loaded and asked a few questions, with no data and no settings needed.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use super::load;
use crate::cli::{DemoArgs, Format};
use crate::commands::{open_read_only, print_query};
use crate::error::{EXIT_DONE, Error, Kind, Result, io_error};
use crate::interrupt::Interrupt;
use crate::output::say;
use crate::settings::Settings;
use crate::source::Location;
use crate::warehouse::{SqlText, WarehouseUrl};

/// Made by `scripts/make_sample.py`.
const LOG_SAMPLE: &[u8] = include_bytes!("../../assets/sample/log_data.jsonl.gz");
const SONG_SAMPLE: &[u8] = include_bytes!("../../assets/sample/song_data.jsonl.gz");

/// A question, and the query that answers it.
const QUESTIONS: [(&str, &str); 3] = [
    ("Which songs are played most?", include_str!("../../sql/demo/top_songs.sql")),
    ("When do people listen? (UTC)", include_str!("../../sql/demo/busiest_hours.sql")),
    ("What do free and paid users do?", include_str!("../../sql/demo/levels.sql")),
];

pub(super) fn run(args: &DemoArgs, settings: &Settings, interrupt: &Interrupt) -> Result<u8> {
    let folder = &args.out;
    let (logs, songs) = (folder.join("log_data"), folder.join("song_data"));
    write_logs(&logs)?;
    write_songs(&songs)?;
    say(&format!("Made a month of invented data in {}.\n", folder.display()))?;
    interrupt.check()?;

    let mut settings = settings.clone();
    settings.logs = Some(Location::parse(&logs.display().to_string())?);
    settings.songs = Some(Location::parse(&songs.display().to_string())?);
    settings.warehouse = WarehouseUrl::DuckDb(folder.join("sparkify.duckdb"));
    let sources = load::sources(&settings, interrupt);
    let options = load::load_options(&settings, false, false);
    let report = load::load(&settings, &sources, &options, interrupt)?;
    say(&format!("\n{report}\n"))?;

    let mut warehouse = open_read_only(&settings, interrupt)?;
    for (question, sql) in QUESTIONS {
        say(&format!("{question}\n"))?;
        let query = SqlText { name: question, text: sql };
        print_query(&mut warehouse, query, &[], Format::Table)?;
        say("\n")?;
    }
    let path = settings.warehouse.to_string();
    say(&format!(
        "The database is {path}. Go on with\n  \
         sparkify sql \"select * from users limit 5\" --warehouse {path}\n  \
         sparkify load --logs {} --songs {} --warehouse {path}    (nothing new: done at once)\n",
        logs.display(),
        songs.display()
    ))?;
    Ok(EXIT_DONE)
}

fn unpack(sample: &[u8]) -> Result<String> {
    let mut text = String::new();
    let read = flate2::read::GzDecoder::new(sample).read_to_string(&mut text);
    read.map_err(|e| Error::new(Kind::Io, "the sample inside this program is damaged").caused_by(e))?;
    Ok(text)
}

/// One file a day, as the real logs come. A file that is there with the same content is left, so that a second demo
/// finds nothing new.
fn write_logs(folder: &Path) -> Result<()> {
    let text = unpack(LOG_SAMPLE)?;
    let mut days: BTreeMap<String, String> = BTreeMap::new();
    for line in text.lines() {
        let ts = field(line, "\"ts\":").and_then(|t| t.parse().ok()).unwrap_or(0);
        let day =
            chrono::DateTime::from_timestamp_millis(ts).unwrap_or_default().format("%Y/%m/%Y-%m-%d-events.json").to_string();
        let file = days.entry(day).or_default();
        file.push_str(line);
        file.push('\n');
    }
    days.iter().try_for_each(|(name, lines)| write(&folder.join(name), lines))
}

/// One file a song, in folders by the letters of an invented track id.
fn write_songs(folder: &Path) -> Result<()> {
    for line in unpack(SONG_SAMPLE)?.lines() {
        let id = field(line, "\"song_id\":\"").unwrap_or("SOAAAAA");
        let track = format!("TRA{}", id.get(2..).unwrap_or_default());
        let letters: Vec<char> = track.chars().filter(char::is_ascii_alphabetic).skip(2).take(3).collect();
        let path = letters.iter().fold(folder.to_owned(), |path, letter| path.join(letter.to_string()));
        write(&path.join(format!("{track}.json")), line)?;
    }
    Ok(())
}

/// The text behind `key` up to the next comma, quote or brace: enough for the sample's own lines.
fn field<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let rest = &line[line.find(key)? + key.len()..];
    Some(&rest[..rest.find([',', '"', '}'])?])
}

fn write(path: &Path, text: &str) -> Result<()> {
    if std::fs::read(path).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| io_error(folder.display(), "make the folder", e))?;
    }
    std::fs::write(path, text).map_err(|e| io_error(path.display(), "write", e))
}
