//! What must hold for any bytes whatever that the decoder is given.

pub mod grammar;
pub mod log_lines;
pub mod song_files;

#[cfg(test)]
mod tests {
    use std::path::Path;

    fn seeds(target: &str) -> Vec<Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect()
    }

    #[test]
    fn seeds_pass() {
        seeds("log_lines").iter().for_each(|seed| crate::log_lines::check(seed));
        seeds("song_files").iter().for_each(|seed| crate::song_files::check(seed));
    }
}
