//! The files in config/ are settings files that work, and the reference leaves nothing out.

use std::fs;

use sparkify::settings::{Flags, KEYS, Origin, Settings};

use crate::support::repository;

/// Defaults that are the same on every machine.
const FIXED_DEFAULTS: [&str; 37] = [
    "warehouse",
    "max_rejects",
    "wait",
    "skip_bad_files",
    "follow_links",
    "checks.in_load",
    "checks.exact_rows",
    "checks.min_match_rate",
    "checks.max_age_days",
    "checks.min_volume",
    "checks.max_null_rise",
    "checks.max_outside_day",
    "checks.max_length",
    "cluster.stack",
    "cluster.kind",
    "cluster.node_type",
    "cluster.nodes",
    "cluster.base_rpu",
    "cluster.max_rpu",
    "cluster.rpu_hours_a_day",
    "cluster.database",
    "cluster.admin",
    "cluster.enhanced_vpc_routing",
    "cluster.audit_log",
    "cluster.maintenance_window",
    "cluster.snapshot_days",
    "cluster.ttl",
    "cluster.address_service",
    "cluster.prices_as_of",
    "cluster.prices",
    "s3.anonymous",
    "s3.requester_pays",
    "s3.allow_http",
    "s3.etag_md5",
    "redshift.stage",
    "redshift.design",
    "redshift.iam",
];

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
fn the_reference_names_every_setting_with_its_variable_and_default() {
    let text = config("reference.toml");
    let settings = resolve(uncommented(&text));
    assert_eq!(set(&settings), KEYS.iter().map(|key| key.name).collect::<Vec<_>>());
    for key in KEYS {
        assert!(text.contains(&format!("Variable {}.", key.variable)), "{}", key.name);
    }
    let shown = |settings: &Settings| -> Vec<_> {
        settings
            .table()
            .into_iter()
            .filter(|(name, ..)| FIXED_DEFAULTS.contains(name))
            .map(|(name, value, _)| (name, value))
            .collect()
    };
    assert_eq!(shown(&settings), shown(&resolve(String::new())));
}

/// The text with its settings set.
fn uncommented(text: &str) -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(setting) if setting.starts_with(|c: char| c.is_ascii_lowercase()) => format!("{setting}\n"),
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

/// The keys that a file sets, in the order of [`KEYS`].
fn set(settings: &Settings) -> Vec<&'static str> {
    settings.table().into_iter().filter(|(_, _, origin)| matches!(origin, Origin::File(_))).map(|(name, ..)| name).collect()
}

fn resolve(text: String) -> Settings {
    Settings::resolve(&Flags::new(), |_| None, Some(("sparkify.toml".into(), text))).unwrap()
}

fn config(name: &str) -> String {
    fs::read_to_string(repository().join("config").join(name)).unwrap()
}
