//! Flags, then environment, then file, then defaults, resolved into one value a setting that knows where it came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::{Result, io_error};

mod declaration;
pub mod environment;
mod file;
mod reader;
mod reference;
mod setting;
mod values;

pub use declaration::{SETTINGS, Settings};
pub use file::FILE_NAME;
pub use reference::reference;
pub use setting::{Flag, Group, Setting, Takes};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag of the command line.
    Flag,
    /// An environment variable.
    Environment(String),
    /// A settings file.
    File(PathBuf),
    /// Nowhere: the default is in force.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("flag"),
            Self::Environment(name) => write!(f, "environment ({name})"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// Values by a setting's name, as the command line gives them.
pub type Flags = BTreeMap<&'static str, String>;

/// What was set, by a setting's name, and where.
type Values = BTreeMap<&'static str, (String, Origin)>;

impl Settings {
    /// Resolves the settings of this process: its environment (an empty variable is one that is not set), and the file found from the working directory upwards
    /// unless `file` names one.
    ///
    /// # Errors
    /// [`Kind::Settings`] for an unknown name or a value that does not fit, naming where it stands.
    ///
    /// [`Kind::Settings`]: crate::error::Kind::Settings
    pub fn of_process(flags: &Flags, file: Option<&Path>) -> Result<Self> {
        let found = match file {
            Some(path) => Some(path.to_owned()),
            None => file::find(&std::env::current_dir().map_err(|e| io_error("the working directory", "find", e))?),
        };
        let text = match &found {
            Some(path) => Some((path.clone(), std::fs::read_to_string(path).map_err(|e| io_error(path.display(), "read", e))?)),
            None => None,
        };
        Self::resolve(flags, |name| std::env::var(name).ok().filter(|v| !v.is_empty()), text)
    }

    /// The defaults alone, whatever the surroundings.
    ///
    /// # Errors
    /// None that a test would not have found.
    pub fn defaults() -> Result<Self> {
        Self::resolve(&Flags::new(), |_| None, None)
    }

    /// Resolves settings from given sources.
    ///
    /// # Errors
    /// As [`Self::of_process`].
    pub fn resolve(flags: &Flags, environment: impl Fn(&str) -> Option<String>, file: Option<(PathBuf, String)>) -> Result<Self> {
        let mut values = Values::new();
        if let Some((path, text)) = file {
            values.extend(file::read(&path, &text)?.into_iter().map(|(name, value)| (name, (value, Origin::File(path.clone())))));
        }
        for setting in SETTINGS {
            let variable = setting.variable();
            if let Some(value) = environment(&variable) {
                values.insert(setting.name, (value, Origin::Environment(variable)));
            }
            if let Some(value) = flags.get(setting.name) {
                values.insert(setting.name, (value.clone(), Origin::Flag));
            }
        }
        Self::read(values)
    }

    /// The value of every setting, and where it came from: what was set, else the default. Credentials inside URLs are hidden.
    #[must_use]
    pub fn table(&self) -> Vec<(&'static str, Option<String>, Origin)> {
        let row = |setting: &Setting| match self.values.get(setting.name) {
            Some((value, origin)) => (setting.name, Some(without_credentials(value)), origin.clone()),
            None => (setting.name, setting.default(), Origin::Default),
        };
        SETTINGS.iter().map(row).collect()
    }

    /// Identifies the settings that were set, for the ledger.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let lines: Vec<String> = self.values.iter().map(|(key, (value, _))| format!("{key}={value}\n")).collect();
        format!("{:016x}", rapidhash::v3::rapidhash_v3(lines.concat().as_bytes()))
    }
}

/// A URL without the user name and password that it may hold.
fn without_credentials(value: &str) -> String {
    match value.split_once("://") {
        Some((scheme, rest)) => match rest.split_once('@') {
            Some((user, host)) if !user.contains('/') => format!("{scheme}://***@{host}"),
            _ => value.to_owned(),
        },
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit::RejectLimit;
    use crate::warehouse::WarehouseUrl;

    fn resolve(flags: &[(&'static str, &str)], environment: &[(&str, &str)], file: Option<&str>) -> Result<Settings> {
        let flags = flags.iter().map(|(k, v)| (*k, (*v).to_owned())).collect();
        let lookup = |name: &str| environment.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        Settings::resolve(&flags, lookup, file.map(|text| (PathBuf::from("/conf/sparkify.toml"), text.to_owned())))
    }

    fn shown(settings: &Settings, key: &str) -> (Option<String>, String) {
        settings
            .table()
            .into_iter()
            .find(|(name, _, _)| *name == key)
            .map(|(_, value, origin)| (value, origin.to_string()))
            .unwrap()
    }

    #[test]
    fn flags_win_over_environment_over_file_over_defaults() {
        let file = Some("threads = 3\nmax_rejects = \"5%\"\n[s3]\nregion = \"eu-west-1\"");
        let environment = [("SPARKIFY_THREADS", "4"), ("SPARKIFY_S3_REGION", "us-west-2")];
        let settings = resolve(&[("threads", "5")], &environment, file).unwrap();
        assert_eq!((settings.threads, settings.s3.region.as_deref()), (5, Some("us-west-2")));
        assert_eq!(settings.max_rejects, RejectLimit::Percent(5.0));
        assert_eq!(shown(&settings, "threads"), (Some("5".into()), "flag".into()));
        assert_eq!(shown(&settings, "s3.region"), (Some("us-west-2".into()), "environment (SPARKIFY_S3_REGION)".into()));
        assert_eq!(shown(&settings, "max_rejects"), (Some("5%".into()), "/conf/sparkify.toml".into()));
        assert_eq!(shown(&settings, "wait"), (Some("0".into()), "default".into()));
    }

    #[test]
    fn every_default_can_be_read_and_set_again() {
        let defaults = Settings::defaults().unwrap();
        let shown: Vec<_> = defaults.table().into_iter().filter_map(|(name, value, _)| Some((name, value?))).collect();
        let flags = shown.iter().map(|(name, value)| (*name, value.clone())).collect();
        let set = Settings::resolve(&flags, |_| None, None).unwrap();
        assert_eq!(format!("{:?}", Settings { values: Values::new(), ..set }), format!("{defaults:?}"));
    }

    #[test]
    fn a_run_is_known_by_what_was_set() {
        // Warehouses hold these numbers.
        assert_eq!(Settings::defaults().unwrap().fingerprint(), "0338dc4be2cecdae");
        let settings = resolve(&[("threads", "5")], &[("SPARKIFY_S3_REGION", "us-west-2")], Some("max_rejects = \"5%\""));
        assert_eq!(settings.unwrap().fingerprint(), "196100dcb67bd751");
    }

    #[test]
    fn names_differ_and_stand_in_sections() {
        let names: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
        let sections: Vec<_> = names.iter().map(|name| name.split_once('.').map_or("", |(section, _)| section)).collect();
        assert!(sections.chunk_by(|a, b| a == b).count() == 5, "{sections:?}");
        assert_eq!(names.iter().collect::<std::collections::BTreeSet<_>>().len(), names.len());
        for setting in SETTINGS {
            assert!(!setting.about.is_empty(), "{}", setting.name);
            assert!(!setting.example.is_empty() || setting.default().is_some(), "{} needs an example", setting.name);
        }
    }

    #[test]
    fn paths_in_a_file_are_meant_from_its_folder() {
        let settings = resolve(&[], &[], Some("warehouse = \"data/w.duckdb\"\nlogs = \"s3://b/log_data\"")).unwrap();
        assert_eq!(settings.warehouse, WarehouseUrl::DuckDb("/conf/data/w.duckdb".into()));
        assert_eq!(settings.logs.unwrap().to_string(), "s3://b/log_data");
    }

    #[test]
    fn a_bad_value_is_named_with_its_origin() {
        let error = resolve(&[], &[("SPARKIFY_THREADS", "many")], None).unwrap_err();
        assert_eq!(error.to_string(), "threads (environment (SPARKIFY_THREADS)): invalid thread count `many`: expected 1 to 256");
        let error = resolve(&[], &[], Some("warehose = \"x\"")).unwrap_err();
        assert_eq!(error.to_string(), "/conf/sparkify.toml: there is no setting `warehose`");
        assert_eq!(error.hint(), "did you mean `warehouse`?");
    }

    #[test]
    fn credentials_in_an_endpoint_are_refused_and_not_repeated() {
        let error = resolve(&[("s3.endpoint", "https://key:canary@store.example")], &[], None).unwrap_err();
        assert_eq!(error.to_string(), "s3.endpoint (flag): it must not hold a user name or password");
        assert!(!format!("{error:?}").contains("canary"));
    }
}
