//! The crates of the workspace: which there are, which uses which, and what they have in common.

use std::collections::BTreeSet;
use std::fs;

use toml::Table;

use crate::architecture::shown;
use crate::import_circles::arrows_in;
use crate::support::repository;

/// The crates in the order of the data's flow, each with those of the workspace that it is built on. None depends on one
/// below itself in this list.
const CRATES: [(&str, &[&str]); 11] = [
    ("crates/runtime", &[]),
    ("crates/decode", &[]),
    ("crates/source", &["runtime"]),
    ("crates/stage", &["decode", "runtime", "source"]),
    ("crates/duckdb-file", &["runtime"]),
    ("crates/duckdb-ffi", &[]),
    ("crates/warehouse", &["decode", "duckdb-ffi", "duckdb-file", "runtime", "source", "stage"]),
    ("crates/simulate", &["decode", "runtime", "source"]),
    ("crates/cluster", &["runtime", "source"]),
    ("crates/redshift-standin", &[]),
    (PROGRAM, &["cluster", "decode", "runtime", "simulate", "source", "stage", "warehouse"]),
];
/// The root package. It stands above all others.
const PROGRAM: &str = ".";
/// What only tests use: no user of the program gets the stand-in.
const FOR_TESTS: (&str, &[&str]) = (PROGRAM, &["redshift-standin"]);

/// An engine in the crate of warehouses, and the modules besides its own that know it. All others hold for any engine.
const ENGINES: [(&str, &[&str]); 3] =
    [("duckdb", &["url"]), ("postgres", &["recorder", "redshift", "url"]), ("redshift", &["url"])];

#[test]
fn each_is_built_on_what_stands_before_it() {
    for (at, (folder, uses)) in CRATES.iter().enumerate() {
        let before: Vec<&str> = CRATES[..at].iter().map(|(folder, _)| folder.trim_start_matches("crates/")).collect();
        assert!(uses.iter().all(|name| before.contains(name)), "{folder} uses {uses:?}, and only {before:?} are before it");
    }
    let folders = fs::read_dir(repository().join("crates")).unwrap().map(|entry| shown(&entry.unwrap().path()));
    let expected: BTreeSet<String> = CRATES.iter().map(|(folder, _)| (*folder).to_owned()).collect();
    assert_eq!(folders.chain([PROGRAM.to_owned()]).collect::<BTreeSet<_>>(), expected);
}

#[test]
fn each_uses_the_crates_that_it_is_to_use() {
    let names: BTreeSet<String> = CRATES.iter().map(|(folder, _)| name_of(&manifest(folder))).collect();
    for (folder, expected) in CRATES {
        let manifest = manifest(folder);
        let used = |section| -> Vec<String> {
            let used = dependencies(&manifest, section).into_iter().filter(|name| names.contains(name));
            used.map(|name| name.trim_start_matches("sparkify-").to_owned()).collect()
        };
        let for_tests = if FOR_TESTS.0 == folder { FOR_TESTS.1 } else { &[] };
        assert_eq!(used("dependencies"), expected, "{folder}");
        assert_eq!(used("dev-dependencies"), for_tests, "{folder}, for its tests");
        assert_eq!(used("build-dependencies"), [""; 0], "{folder}, for its build script");
    }
}

#[test]
fn all_have_the_workspaces_lints_and_versions() {
    for (folder, _) in CRATES {
        let manifest = manifest(folder);
        assert_eq!(manifest["lints"]["workspace"].as_bool(), Some(true), "{folder}");
        for key in ["version", "edition", "rust-version", "license", "publish"] {
            assert_eq!(manifest["package"][key]["workspace"].as_bool(), Some(true), "{folder}: {key}");
        }
        assert!(manifest["package"]["description"].as_str().is_some_and(|text| !text.ends_with('.')), "{folder}");
        for section in ["dependencies", "dev-dependencies"] {
            for (name, how) in tables(&manifest, section).into_iter().flatten() {
                assert_eq!(how["workspace"].as_bool(), Some(true), "{folder}: the version of {name}");
            }
        }
    }
}

#[test]
fn only_the_url_knows_all_engines() {
    let imports = arrows_in("crates/warehouse/src");
    let among_modules = &imports[&Vec::new()];
    for (engine, may) in ENGINES {
        assert!(among_modules.contains_key(engine), "{engine} is gone");
        let users = among_modules.iter().filter(|(_, used)| used.contains(engine)).map(|(module, _)| module.as_str());
        let faults: Vec<&str> = users.filter(|module| !may.contains(module)).collect();
        assert!(faults.is_empty(), "{faults:?} use {engine}");
    }
}

fn manifest(folder: &str) -> Table {
    fs::read_to_string(repository().join(folder).join("Cargo.toml")).unwrap().parse().unwrap()
}

fn name_of(manifest: &Table) -> String {
    manifest["package"]["name"].as_str().unwrap().to_owned()
}

/// The tables of that name, for all targets and for some.
fn tables<'a>(manifest: &'a Table, section: &str) -> Vec<&'a Table> {
    let targets = manifest.get("target").and_then(|targets| targets.as_table()).into_iter().flat_map(Table::values);
    let of_targets = targets.filter_map(|target| target.get(section));
    manifest.get(section).into_iter().chain(of_targets).filter_map(|table| table.as_table()).collect()
}

/// The names of what a crate depends on, in order.
fn dependencies(manifest: &Table, section: &str) -> Vec<String> {
    let names: BTreeSet<String> = tables(manifest, section).into_iter().flat_map(Table::keys).cloned().collect();
    names.into_iter().collect()
}
