//! The settings file: where it is found, and what it sets.

use std::path::{Path, PathBuf};

use super::declaration::SETTINGS;
use super::setting::Setting;
use crate::error::{Error, Kind, Result};
use crate::nearest::nearest;

/// The settings file's name; the nearest one from the working directory upwards counts.
pub const FILE_NAME: &str = "sparkify.toml";

/// The nearest settings file from `folder` upwards.
pub(super) fn find(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().map(|f| f.join(FILE_NAME)).find(|path| path.is_file())
}

/// The settings that a file sets, with their values.
///
/// # Errors
/// [`Kind::Settings`] for what is not a settings file, for an unknown name with what was meant, and for a value that can be none.
pub(super) fn read(path: &Path, text: &str) -> Result<Vec<(&'static str, String)>> {
    let in_file = |message: String| Error::new(Kind::Settings, format!("{}: {message}", path.display()));
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| in_file("not a settings file".to_owned()).caused_by(e))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut values = Vec::new();
    let mut add = |name: String, value: &toml::Value| {
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
            let error = in_file(format!("there is no setting `{name}`"));
            return Err(match nearest(&name, SETTINGS.iter().map(|setting| setting.name)).first() {
                Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                None => error,
            });
        };
        let value = match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) => value.to_string(),
            _ => return Err(in_file(format!("`{name}` must be a text, a number or true or false"))),
        };
        values.push((setting.name, relative_to(folder, setting, value)));
        Ok(())
    };
    for (name, value) in &table {
        match value {
            toml::Value::Table(section) => section.iter().try_for_each(|(key, value)| add(format!("{name}.{key}"), value))?,
            value => add(name.clone(), value)?,
        }
    }
    Ok(values)
}

/// A path in a settings file is meant from the file's folder.
fn relative_to(folder: &Path, setting: &Setting, value: String) -> String {
    let is_relative = setting.is_path && !value.contains(':') && Path::new(&value).is_relative();
    if is_relative { folder.join(value).display().to_string() } else { value }
}
