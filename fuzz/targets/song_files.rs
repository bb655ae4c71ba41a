//! Hands what libFuzzer makes up to the checks of song files.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sparkify_fuzz::song_files::check(data));
