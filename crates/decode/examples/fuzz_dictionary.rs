//! Prints the keys of the records in the form of libFuzzer's dictionaries: `cargo run --example fuzz_dictionary`.

use sparkify_decode::record::{LOG_FIELDS, SONG_FIELDS};

fn main() {
    for field in LOG_FIELDS.iter().chain(&SONG_FIELDS) {
        println!("\"\\x22{}\\x22:\"", field.key);
    }
}
