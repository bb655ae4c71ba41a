//! Reads eventsim's configuration files: every key, with the place and the reason if one is not valid.

use serde_json::{Map, Value};

use super::model::{Model, State};
use super::model_spec::ModelSpec;
use super::seasonality::Seasonality;
use super::when;
use crate::error::{Error, Kind, Result};

/// All valid keys. The last two are in files that others published, and eventsim ignores them.
const KEYS: [&str; 25] = [
    "seed",
    "alpha",
    "beta",
    "damping",
    "weekend-damping",
    "weekend-damping-offset",
    "weekend-damping-scale",
    "session-gap",
    "churned-state",
    "start-date",
    "end-date",
    "n-users",
    "first-user-id",
    "growth-rate",
    "tag",
    "new-user-auth",
    "new-user-level",
    "levels",
    "auths",
    "new-session",
    "show-user-details",
    "transitions",
    "attrition-rate",
    "upgrades",
    "downgrades",
];

/// What a configuration file says.
#[derive(Debug, Clone)]
pub struct Config {
    /// How users behave.
    pub model: Model,
    /// The seed.
    pub seed: Option<u64>,
    /// When it begins, in milliseconds since 1970.
    pub from_ms: Option<i64>,
    /// When it ends.
    pub to_ms: Option<i64>,
    /// Users at the beginning.
    pub users: Option<u64>,
    /// The first user's id.
    pub first_user_id: Option<u64>,
    /// The share by which users grow in a year.
    pub growth_rate: Option<f64>,
    /// The share of users that a year loses.
    pub attrition_rate: Option<f64>,
    /// A mark on every line.
    pub tag: Option<String>,
    /// What is odd but valid.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads a configuration; `name` is what messages call it. `compat` reads weights and defaults as eventsim does.
    ///
    /// # Errors
    /// [`Kind::Settings`] with the place and what is wrong there.
    pub fn parse(name: &str, text: &str, compat: bool) -> Result<Self> {
        let invalid = |place: &str, what: &str| {
            let place = if place.is_empty() { String::new() } else { format!("{place} ") };
            Error::new(Kind::Settings, format!("{name}: {place}{what}"))
                .with_hint("docs/simulate.md says what a configuration holds")
        };
        let value: Value = serde_json::from_str(text)
            .map_err(|e| invalid("", &format!("is not JSON: line {}, column {}", e.line(), e.column())).caused_by(e))?;
        let Value::Object(map) = &value else { return Err(invalid("", "is not a JSON object")) };
        read(map, compat).map_err(|(place, what)| invalid(&place, &what))
    }
}

/// The place, and what is wrong there.
type Invalid = (String, String);
type Read<T> = std::result::Result<T, Invalid>;

fn read(map: &Map<String, Value>, compat: bool) -> Read<Config> {
    let top = Object { map, path: String::new() };
    let mut warnings: Vec<String> =
        map.keys().filter(|key| !KEYS.contains(&key.as_str())).map(|key| format!("unknown key {key}; it is ignored")).collect();
    for key in ["upgrades", "downgrades"] {
        if map.get(key).and_then(Value::as_array).is_some_and(|list| !list.is_empty()) {
            warnings.push(format!("{key} is ignored, as in eventsim; transitions decide upgrades and downgrades"));
        }
    }
    // Offsets are minutes. The default of 6 was meant to be hours.
    let ramp = if compat { 6.0 } else { 360.0 };
    let spec = ModelSpec {
        alpha: top.positive("alpha")?.unwrap_or(60.0),
        beta: top.positive("beta")?.unwrap_or(259_200.0),
        session_gap: top.number_in("session-gap", 0.0, 1e9)?.unwrap_or(1800.0) as i64,
        seasonality: Seasonality {
            damping: top.number_in("damping", 0.0, 1.0)?.unwrap_or(0.0625),
            weekend: top.number_in("weekend-damping", 0.0, 0.999)?.unwrap_or(0.5),
            offset: (top.number_in("weekend-damping-offset", 0.0, 1440.0)?.unwrap_or(ramp) * 60.0) as i64,
            scale: (top.number_in("weekend-damping-scale", 0.0, 2880.0)?.unwrap_or(ramp) * 60.0) as i64,
        },
        churned: top.text("churned-state")?,
        newcomer: (
            top.text("new-user-auth")?.unwrap_or_else(|| "Guest".to_owned()),
            top.text("new-user-level")?.unwrap_or_else(|| "free".to_owned()),
        ),
        levels: top.list("levels", |entry| Ok((entry.needed_text("level")?, entry.weight(compat)?)))?,
        auths: top.list("auths", |entry| Ok((entry.needed_text("auth")?, entry.weight(compat)?)))?,
        starts: top.list("new-session", |entry| Ok((entry.state()?, entry.weight(compat)?)))?,
        shown: top
            .list("show-user-details", |entry| Ok((entry.needed_text("auth")?, entry.needed_bool("show")?)))?
            .into_iter()
            .collect(),
        transitions: top.list("transitions", |entry| {
            let (source, dest) = (entry.object("source")?.state()?, entry.object("dest")?.state()?);
            let p = entry.number_in("p", 0.0, 1.0)?.ok_or_else(|| (entry.path.clone(), "has no p".to_owned()))?;
            Ok((source, dest, p))
        })?,
    };
    let (model, odd) = spec.build().map_err(|fault| (fault.place, fault.what))?;
    warnings.extend(odd);
    let date = |key: &str| -> Read<Option<i64>> {
        let Some(text) = top.text(key)? else { return Ok(None) };
        let wrong = || (key.to_owned(), format!("is `{text}`: expected a date such as 2026-09-01 or 2026-09-01T12:00:00"));
        when::parse(&text).map(Some).ok_or_else(wrong)
    };
    Ok(Config {
        model,
        seed: top.whole("seed")?.map(i64::cast_unsigned),
        from_ms: date("start-date")?,
        to_ms: date("end-date")?,
        users: top.number_in("n-users", 0.0, 1e9)?.map(|n| n as u64),
        first_user_id: top.number_in("first-user-id", 0.0, 1e15)?.map(|n| n as u64),
        growth_rate: top.number_in("growth-rate", 0.0, 1e6)?,
        attrition_rate: top.number_in("attrition-rate", 0.0, 1e6)?,
        tag: top.text("tag")?,
        warnings,
    })
}

/// An object and its place in the file.
struct Object<'a> {
    map: &'a Map<String, Value>,
    path: String,
}

impl Object<'_> {
    fn place(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn get(&self, key: &str) -> Option<&Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    fn wrong<T>(&self, key: &str, value: &Value, wanted: &str) -> Read<T> {
        let text: String = value.to_string().chars().take(60).collect();
        Err((self.place(key), format!("is {text}, not {wanted}")))
    }

    fn number(&self, key: &str) -> Read<Option<f64>> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => value.as_f64().map_or_else(|| self.wrong(key, value, "a number"), |number| Ok(Some(number))),
        }
    }

    fn number_in(&self, key: &str, low: f64, high: f64) -> Read<Option<f64>> {
        match self.number(key)? {
            Some(number) if !(low..=high).contains(&number) => {
                Err((self.place(key), format!("is {number}, not from {low} to {high}")))
            }
            number => Ok(number),
        }
    }

    fn positive(&self, key: &str) -> Read<Option<f64>> {
        match self.number(key)? {
            Some(number) if number <= 0.0 || number > 1e12 => Err((self.place(key), format!("is {number}, not above 0"))),
            number => Ok(number),
        }
    }

    fn whole(&self, key: &str) -> Read<Option<i64>> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => match (value.as_i64(), value.as_f64()) {
                (Some(whole), _) => Ok(Some(whole)),
                (None, Some(number)) if number.fract() == 0.0 && number.abs() < 9e15 => Ok(Some(number as i64)),
                _ => self.wrong(key, value, "a whole number"),
            },
        }
    }

    fn text(&self, key: &str) -> Read<Option<String>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(value) => self.wrong(key, value, "a text"),
        }
    }

    fn needed_text(&self, key: &str) -> Read<String> {
        self.text(key)?.ok_or_else(|| (self.path.clone(), format!("has no {key}")))
    }

    fn needed_bool(&self, key: &str) -> Read<bool> {
        match self.get(key) {
            Some(Value::Bool(value)) => Ok(*value),
            Some(value) => self.wrong(key, value, "true or false"),
            None => Err((self.path.clone(), format!("has no {key}"))),
        }
    }

    /// A weight; 1 if the entry has none.
    fn weight(&self, compat: bool) -> Read<f64> {
        let weight = self.number_in("weight", 0.0, 1e15)?.unwrap_or(1.0);
        Ok(if compat { weight.trunc() } else { weight })
    }

    fn object(&self, key: &str) -> Read<Object<'_>> {
        match self.get(key) {
            Some(Value::Object(map)) => Ok(Object { map, path: self.place(key) }),
            Some(value) => self.wrong(key, value, "an object"),
            None => Err((self.path.clone(), format!("has no {key}"))),
        }
    }

    fn state(&self) -> Read<State> {
        let status = self.number_in("status", 0.0, 999.0)?.ok_or_else(|| (self.path.clone(), "has no status".to_owned()))?;
        Ok(State {
            page: self.needed_text("page")?,
            auth: self.needed_text("auth")?,
            status: status as u16,
            method: self.needed_text("method")?,
            level: self.needed_text("level")?,
        })
    }

    fn list<T>(&self, key: &str, entry: impl Fn(&Object<'_>) -> Read<T>) -> Read<Vec<T>> {
        let list = match self.get(key) {
            Some(Value::Array(list)) => list,
            Some(value) => return self.wrong(key, value, "a list"),
            None => return Err((key.to_owned(), "is missing".to_owned())),
        };
        let read = |(index, value): (usize, &Value)| match value {
            Value::Object(map) => entry(&Object { map, path: format!("{key}[{index}]") }),
            _ => Err((format!("{key}[{index}]"), "is not an object".to_owned())),
        };
        list.iter().enumerate().map(read).collect()
    }
}
