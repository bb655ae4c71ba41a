#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sparkify_fuzz::song_files::check(data));
