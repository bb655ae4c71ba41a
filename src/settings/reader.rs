//! Reads values and says whose fault a bad one is.

use super::Values;
use super::setting::Setting;
use crate::error::{Error, Kind, Result};

/// What was set, with the settings that there are. The methods are named after the fields that they fill.
pub(super) struct Reader<'a> {
    pub(super) settings: &'static [Setting],
    pub(super) values: &'a Values,
}

impl Reader<'_> {
    /// A value that there always is, set or by default.
    ///
    /// # Errors
    /// [`Kind::Settings`] when it does not fit, with where it came from.
    pub(super) fn value<T>(&self, name: &str, parse: impl Fn(&str) -> Result<T>) -> Result<T> {
        self.optional(name, parse)?.ok_or_else(|| Error::new(Kind::Settings, format!("{name} is not set")))
    }

    /// A value that may be missing.
    ///
    /// # Errors
    /// As [`Self::value`].
    pub(super) fn optional<T>(&self, name: &str, parse: impl Fn(&str) -> Result<T>) -> Result<Option<T>> {
        let Some((value, origin)) = self.values.get(name) else {
            let default = self.settings.iter().find(|setting| setting.name == name).and_then(Setting::default);
            return default.map(|text| parse(&text)).transpose();
        };
        parse(value).map(Some).map_err(|error| {
            let hint = error.hint().to_owned();
            Error::new(Kind::Settings, format!("{name} ({origin}): {error}")).with_hint(hint)
        })
    }

    /// A list that may be empty.
    ///
    /// # Errors
    /// As [`Self::value`].
    pub(super) fn list<T>(&self, name: &str, parse: impl Fn(&str) -> Result<Vec<T>>) -> Result<Vec<T>> {
        self.optional(name, parse).map(Option::unwrap_or_default)
    }
}
