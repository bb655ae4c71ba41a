//! Injects faults into lines while they are written, and records which.

use super::{DayFault, Faults, LineFault, Record};
use crate::json::{self, Spelling};
use crate::random::Random;
use crate::render::{Format, Renderer};
use crate::seasonality::DAY;
use crate::user::{BehaviourConfig, Event, SILENCE, User};

/// What becomes of a line when it is loaded.
pub const REJECTED: &str = "rejected";
/// It is known already.
pub const DUPLICATE: &str = "duplicate";
/// It loads.
pub const ACCEPTED: &str = "accepted";

/// Lines of one file, one after the other, and what is wrong with them.
#[derive(Debug, Default)]
pub struct Slice {
    /// The lines.
    pub bytes: Vec<u8>,
    /// How many lines that are.
    pub lines: u64,
    /// The injected faults; lines are counted from 1 in this slice.
    pub records: Vec<Record>,
    /// Lines for a later file.
    pub late: Vec<Late>,
    /// The line that a truncated file ends in the middle of.
    pub cut: Option<Vec<u8>>,
    /// Lines that no file holds: behind the cut, or of a missing day.
    pub lost: u64,
}

/// A line that arrives late.
#[derive(Debug)]
pub struct Late {
    /// The day of its file, counted from 1970-01-01.
    pub day: i64,
    /// The day of its event.
    pub of: i64,
    /// The line.
    pub line: Vec<u8>,
}

/// Injects faults into the lines of a log.
#[derive(Debug, Clone)]
pub struct FaultInjector {
    faults: Faults,
    days: Vec<(i64, DayFault)>,
    last_day: i64,
    seed: u64,
    spelling: Spelling,
}

impl FaultInjector {
    /// For a log of these days.
    #[must_use]
    pub fn new(faults: Faults, days: Vec<(i64, DayFault)>, last_day: i64, seed: u64, format: Format) -> Self {
        let spelling = if format == Format::Udacity { Spelling::AsciiSlashes } else { Spelling::Utf8 };
        Self { faults, days, last_day, seed, spelling }
    }

    /// The fault of a day.
    #[must_use]
    pub fn day(&self, day: i64) -> Option<DayFault> {
        self.days.iter().find(|(faulty, _)| *faulty == day).map(|(_, fault)| *fault)
    }

    /// The day on which a late line of `day` arrives, if there is one.
    fn arrival(&self, day: i64) -> Option<i64> {
        (day + 1..=self.last_day).find(|later| self.day(*later) != Some(DayFault::Missing))
    }

    /// Adds an event's line to the slice of its day, with the fault that falls on it.
    pub fn line(&self, renderer: &Renderer, behaviour: &BehaviourConfig, slice: &mut Slice, user: &User, event: &Event) {
        let day = event.at.div_euclid(DAY);
        match self.day(day) {
            Some(DayFault::Missing) => {
                slice.lost += 1;
                return;
            }
            Some(DayFault::Truncated(end)) if event.at >= end => {
                if slice.cut.is_none() {
                    let mut line = Vec::new();
                    renderer.line(&mut line, user, event);
                    slice.cut = Some(line);
                } else {
                    slice.lost += 1;
                }
                return;
            }
            _ => {}
        }
        let begin = slice.bytes.len();
        renderer.line(&mut slice.bytes, user, event);
        slice.lines += 1;
        let Some((fault, mut random)) = self.faults.of_line(self.seed, user, event) else { return };
        let line = slice.bytes[begin..].to_vec();
        let effect = match fault {
            LineFault::Malformed => {
                slice.bytes.truncate(begin);
                slice.bytes.extend_from_slice(&malformed(&line, &mut random));
                REJECTED
            }
            LineFault::Duplicate => {
                slice.bytes.extend_from_slice(&line);
                slice.lines += 1;
                DUPLICATE
            }
            LineFault::Conflict => {
                let Some(other) = with_value(&line, "status", "599") else { return };
                slice.bytes.extend_from_slice(&other);
                slice.lines += 1;
                REJECTED
            }
            LineFault::Late => {
                let Some(arrival) = self.arrival(day) else { return };
                slice.bytes.truncate(begin);
                slice.lines -= 1;
                slice.late.push(Late { day: arrival, of: day, line });
                return;
            }
            LineFault::Garbled => {
                let Some(garbled) = self.garbled(behaviour, &line, event) else { return };
                slice.bytes.truncate(begin);
                slice.bytes.extend_from_slice(&garbled);
                ACCEPTED
            }
            LineFault::Drift => {
                let Some((drifted, effect)) = drifted(&line, &mut random) else { return };
                slice.bytes.truncate(begin);
                slice.bytes.extend_from_slice(&drifted);
                effect
            }
            LineFault::Unknown => {
                // Before the brace and the newline.
                slice.bytes.truncate(slice.bytes.len() - 2);
                slice.bytes.extend_from_slice(b",\"deviceId\":\"");
                slice.bytes.extend_from_slice(format!("{:016x}\"}}\n", random.bits()).as_bytes());
                ACCEPTED
            }
        };
        slice.records.push(Record { fault: fault.name(), line: slice.lines, effect });
    }

    /// The line with its names read as Latin-1 twice, if that makes a difference.
    fn garbled(&self, behaviour: &BehaviourConfig, line: &[u8], event: &Event) -> Option<Vec<u8>> {
        let track = behaviour.songs.tracks.get(event.song as usize).filter(|_| event.song != SILENCE)?;
        let mut garbled = line.to_vec();
        for (key, name) in [("artist", &track.artist), ("song", &track.title)] {
            let mut spelled = Vec::new();
            json::text(&mut spelled, &json::garbled(name, 2), self.spelling);
            garbled = with_value(&garbled, key, std::str::from_utf8(&spelled).ok()?)?;
        }
        (garbled != line).then_some(garbled)
    }
}

/// A line that no reader of JSON accepts.
fn malformed(line: &[u8], random: &mut Random) -> Vec<u8> {
    let line = line.trim_ascii_end();
    let mut faulty = match random.below(3) {
        // At least one byte stays, as an empty line is skipped, and the brace at the end never does.
        0 => line[..=random.below(line.len() - 1)].to_vec(),
        1 => [&line[..line.len() - 1], b","].concat(),
        _ => b"java.net.SocketException: Broken pipe".to_vec(),
    };
    faulty.push(b'\n');
    faulty
}

/// A line with a value of another type: one that a load converts, or one that it cannot convert.
fn drifted(line: &[u8], random: &mut Random) -> Option<(Vec<u8>, &'static str)> {
    let (key, effect) = match random.below(5) {
        0 => ("status", ACCEPTED),
        1 => ("itemInSession", ACCEPTED),
        2 => ("ts", REJECTED),
        3 => ("sessionId", REJECTED),
        _ => ("status", REJECTED),
    };
    let value = value_of(line, key)?;
    let other = match (key, effect) {
        (_, ACCEPTED) => format!("\"{}\"", std::str::from_utf8(value).ok()?),
        ("ts", _) => "\"yesterday\"".to_owned(),
        ("sessionId", _) => "[]".to_owned(),
        _ => "true".to_owned(),
    };
    with_value(line, key, &other).map(|line| (line, effect))
}

/// The position of a key's value. Quotes within texts are escaped, so a key is found nowhere else.
fn value_range(line: &[u8], key: &str) -> Option<std::ops::Range<usize>> {
    let key = format!("\"{key}\":");
    let begin = memchr::memmem::find(line, key.as_bytes())? + key.len();
    let rest = &line[begin..];
    let length = if rest.first() == Some(&b'"') {
        let mut escaped = false;
        let end = rest[1..].iter().position(|&byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        })?;
        end + 2
    } else {
        rest.iter().position(|byte| matches!(byte, b',' | b'}'))?
    };
    Some(begin..begin + length)
}

fn value_of<'a>(line: &'a [u8], key: &str) -> Option<&'a [u8]> {
    value_range(line, key).map(|range| &line[range])
}

fn with_value(line: &[u8], key: &str, value: &str) -> Option<Vec<u8>> {
    let range = value_range(line, key)?;
    Some([&line[..range.start], value.as_bytes(), &line[range.end..]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    const LINE: &[u8] =
        b"{\"artist\":\"A \\\"status\\\":1, B\",\"itemInSession\":4,\"sessionId\":7,\"status\":200,\"ts\":15,\"userId\":\"9\"}\n";

    #[test]
    fn values_are_found_and_replaced() {
        assert_eq!(value_of(LINE, "status"), Some(&b"200"[..]));
        assert_eq!(value_of(LINE, "userId"), Some(&b"\"9\""[..]));
        assert_eq!(value_of(LINE, "artist"), Some(&b"\"A \\\"status\\\":1, B\""[..]));
        assert_eq!(value_of(LINE, "length"), None);
        let other = with_value(LINE, "artist", "null").unwrap();
        assert!(other.starts_with(b"{\"artist\":null,\"item"));
    }

    #[test]
    fn malformed_lines_are_no_json_and_drifted_ones_are() {
        let parse = |line: &[u8]| serde_json::from_slice::<serde_json::Value>(line).is_ok();
        for number in 0..200 {
            let mut random = Random::of(1, Purpose::FaultyLine, number);
            let faulty = malformed(LINE, &mut random);
            assert!(!parse(&faulty) && faulty.ends_with(b"\n") && !faulty.trim_ascii().is_empty(), "{faulty:?}");
            assert!(parse(&drifted(LINE, &mut random).unwrap().0));
        }
    }
}
