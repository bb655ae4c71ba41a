//! Values from texts, for the settings whose types have no parser of their own.

use std::time::Duration;

use crate::cluster::parse_number;
use crate::error::{Error, Kind, Result};
use crate::source::parse_endpoint;

/// The least memory that a run gets along with.
const MIN_MEMORY: u64 = 256 << 20;
/// More would only wait for one another.
const MAX_THREADS: usize = 256;

/// Any text fits. It is a parser like the others.
#[allow(clippy::unnecessary_wraps)]
pub(super) fn text(text: &str) -> Result<String> {
    Ok(text.to_owned())
}

pub(super) fn truth(text: &str) -> Result<bool> {
    match text {
        "true" | "1" | "yes" => Ok(true),
        "false" | "0" | "no" => Ok(false),
        _ => Err(Error::new(Kind::Settings, format!("invalid value `{text}`: expected true or false"))),
    }
}

/// Bytes from `2GiB`, `500MB`, `1g` or a plain number.
pub(super) fn bytes(text: &str) -> Result<u64> {
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = (text[..split].trim(), text[split..].to_ascii_lowercase());
    let factor = match unit.as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "kb" => 1_000,
        "m" | "mib" => 1 << 20,
        "mb" => 1_000_000,
        "g" | "gib" => 1 << 30,
        "gb" => 1_000_000_000,
        _ => 0,
    };
    match number.parse::<f64>() {
        Ok(number) if factor > 0 && number >= 0.0 => {
            let bytes = (number * f64::from(factor)) as u64;
            if bytes < MIN_MEMORY {
                return Err(Error::new(Kind::Settings, format!("{text} is too little: a run needs {} MiB", MIN_MEMORY >> 20)));
            }
            Ok(bytes)
        }
        _ => Err(Error::new(Kind::Settings, format!("invalid amount of memory `{text}`: expected a size such as 2GiB or 500MB"))),
    }
}

/// The smaller of 2 GiB and half of the machine's memory, in whole MiB.
pub(super) fn default_memory() -> String {
    let total = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib << 10)
    });
    let bytes = total.map_or(2 << 30, |bytes| (bytes / 2).clamp(MIN_MEMORY, 2 << 30));
    format!("{}MiB", bytes >> 20)
}

pub(super) fn threads(text: &str) -> Result<usize> {
    let bad = || Error::new(Kind::Settings, format!("invalid thread count `{text}`: expected 1 to {MAX_THREADS}"));
    text.parse().ok().filter(|n| (1..=MAX_THREADS).contains(n)).ok_or_else(bad)
}

/// The machine's cores, as many as may be set.
pub(super) fn default_threads() -> String {
    std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS).to_string()
}

pub(super) fn seconds(text: &str) -> Result<Duration> {
    text.parse()
        .map(Duration::from_secs)
        .map_err(|_| Error::new(Kind::Settings, format!("invalid duration `{text}`: expected a number of seconds")))
}

pub(super) fn count(text: &str) -> Result<u64> {
    text.parse().map_err(|_| Error::new(Kind::Settings, format!("invalid number `{text}`: expected a whole number from 0")))
}

pub(super) fn whole<const LEAST: u32, const MOST: u32>(text: &str) -> Result<u32> {
    parse_number(text, LEAST, MOST)
}

pub(super) fn amount(text: &str) -> Result<f64> {
    let bad = || Error::new(Kind::Settings, format!("invalid number `{text}`: expected 0 to 1000000"));
    text.parse().ok().filter(|x| (0.0..=1e6).contains(x)).ok_or_else(bad)
}

/// A fraction of one from a text like `33%`.
pub(super) fn share(text: &str) -> Result<f64> {
    let bad = || Error::new(Kind::Settings, format!("invalid share `{text}`: expected 0% to 100%"));
    let percent = text.trim().strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
    percent.filter(|x| (0.0..=100.0).contains(x)).map(|x| x / 100.0).ok_or_else(bad)
}

/// A URL of a service, as it was given.
pub(super) fn endpoint(text: &str) -> Result<String> {
    parse_endpoint(text, "it").map(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_memory() {
        for (text, number) in [("2GiB", 2 << 30), ("500MB", 500_000_000), ("1.5g", 3 << 29), ("268435456", 1 << 28)] {
            assert_eq!(bytes(text).unwrap(), number, "{text}");
        }
        for text in ["", "2 potatoes", "-1g", "1k"] {
            assert!(bytes(text).is_err(), "{text}");
        }
        assert!((MIN_MEMORY..=2 << 30).contains(&bytes(&default_memory()).unwrap()));
    }
}
