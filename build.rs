//! Finds the chart library that the report's page carries.
//!
//! The crate `charming` ships Apache ECharts as one JavaScript file. It is a dependency for that file alone, so the
//! library is locked and checked like any crate, comes with `cargo fetch`, and is in nobody's repository but its own.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The crate that has the library among its files.
const CRATE: &str = "charming";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=Cargo.lock");
    let library = crate_folder().and_then(|folder| library(&folder));
    match library {
        // Not by the name of a setting: `cargo run` passes it on to the program.
        Ok(path) => println!("cargo::rustc-env=CHART_LIBRARY_PATH={}", path.display()),
        Err(message) => println!("cargo::error={message}"),
    }
}

/// Where cargo keeps the crate's files. Without the network first, as all that is built is there already.
fn crate_folder() -> Result<PathBuf, String> {
    let metadata = metadata(&["--offline"]).or_else(|_| metadata(&[]))?;
    let package = format!("\"name\":\"{CRATE}\",\"version\":");
    let key = "\"manifest_path\":\"";
    // The first of the keys behind the package's name is the package's own.
    let behind = metadata.find(&package).map(|at| &metadata[at..]);
    let manifest = behind.and_then(|text| text.find(key).map(|at| &text[at + key.len()..]));
    let manifest = manifest.and_then(|text| text.find('"').map(|end| text[..end].replace("\\\\", "\\")));
    let manifest = manifest.ok_or_else(|| format!("cargo metadata does not list {CRATE}"))?;
    Path::new(&manifest).parent().map(Path::to_owned).ok_or_else(|| format!("{manifest} has no folder"))
}

fn metadata(more: &[&str]) -> Result<String, String> {
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("cargo does not set {name}"));
    let output = Command::new(variable("CARGO")?)
        .current_dir(variable("CARGO_MANIFEST_DIR")?)
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", &variable("TARGET")?])
        .args(more)
        .output()
        .map_err(|error| format!("cargo metadata cannot be run: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("cargo metadata prints no text: {error}"))
}

/// The one file of the library in the crate's folder.
fn library(folder: &Path) -> Result<PathBuf, String> {
    let assets = folder.join("src").join("asset");
    let entries = std::fs::read_dir(&assets).map_err(|error| format!("{}: {error}", assets.display()))?;
    let is_library = |path: &PathBuf| {
        path.file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.starts_with("echarts") && name.ends_with(".min.js"))
    };
    let found: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).filter(is_library).collect();
    match found.as_slice() {
        [path] => Ok(path.clone()),
        _ => Err(format!("{} has {} files of Apache ECharts instead of one", assets.display(), found.len())),
    }
}
