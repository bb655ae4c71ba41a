//! The files in config/ are settings files that work, and the reference leaves nothing out.

use std::fs;

use sparkify::settings::{Flags, Origin, SETTINGS, Settings, reference};

use crate::support::repository;

/// Defaults that depend on the machine.
const MACHINE_DEFAULTS: [&str; 2] = ["memory", "threads"];

#[test]
fn the_minimal_file_sets_what_a_load_needs() {
    let text = config("minimal.toml");
    assert!(text.lines().count() <= 10);
    let settings = resolve(text);
    assert!(settings.logs.is_some() && settings.songs.is_some());
    assert_eq!(set(&settings), ["logs", "songs", "warehouse", "s3.region"]);
}

#[test]
fn the_reference_changes_nothing_as_it_stands() {
    assert!(set(&resolve(config("reference.toml"))).is_empty());
}

#[test]
fn the_reference_says_what_the_table_of_settings_says() {
    let path = repository().join("config/reference.toml");
    if std::env::var_os("SPARKIFY_UPDATE_DOCS").is_some() {
        fs::write(&path, reference()).unwrap();
    }
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text, reference(), "config/reference.toml is out of date; SPARKIFY_UPDATE_DOCS=1 brings it up to date");
}

#[test]
fn the_reference_names_every_setting_with_its_variable_and_default() {
    let text = reference();
    let settings = resolve(uncommented(&text));
    assert_eq!(set(&settings), SETTINGS.iter().map(|setting| setting.name).collect::<Vec<_>>());
    for setting in SETTINGS {
        assert!(text.contains(&format!("Variable {}.", setting.variable())), "{}", setting.name);
    }
    let defaults = Settings::defaults().unwrap().table();
    for ((name, value, _), (_, default, _)) in settings.table().into_iter().zip(defaults) {
        assert!(MACHINE_DEFAULTS.contains(&name) || default.is_none() || value == default, "{name}: {value:?}, not {default:?}");
    }
}

/// The text with its settings set.
fn uncommented(text: &str) -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(setting) if setting.starts_with(|c: char| c.is_ascii_lowercase()) => format!("{setting}\n"),
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

/// The keys that a file sets, in the order of [`SETTINGS`].
fn set(settings: &Settings) -> Vec<&'static str> {
    settings.table().into_iter().filter(|(_, _, origin)| matches!(origin, Origin::File(_))).map(|(name, ..)| name).collect()
}

fn resolve(text: String) -> Settings {
    Settings::resolve(&Flags::new(), |_| None, Some(("sparkify.toml".into(), text))).unwrap()
}

fn config(name: &str) -> String {
    fs::read_to_string(repository().join("config").join(name)).unwrap()
}
