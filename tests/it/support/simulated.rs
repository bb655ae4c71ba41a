//! Simulated worlds on disk, made through the library.

use std::fs;
use std::path::Path;

use sparkify::interrupt::Interrupt;
use sparkify::simulate::{Plan, Store, simulate};

use super::warehouse::files_below;

/// A folder with what the plan gives.
pub fn simulated(plan: &Plan) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    simulate(plan, &Store::folder(folder.path().to_owned()), &Interrupt::default(), &()).unwrap();
    folder
}

/// All files below a folder as one text, in the order of their names, each ended by a newline.
pub fn joined(folder: &Path) -> String {
    let texts = files_below(folder).into_iter().map(|file| String::from_utf8(file.bytes).unwrap());
    texts.map(|text| if text.ends_with('\n') { text } else { text + "\n" }).collect()
}

/// Each file's name below a folder, and its content.
pub fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let name = |path: &str| Path::new(path).strip_prefix(folder).unwrap().display().to_string();
    files_below(folder).into_iter().map(|file| (name(&file.url), fs::read(&file.url).unwrap())).collect()
}
