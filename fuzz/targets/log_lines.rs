//! Hands what libFuzzer makes up to the checks of log lines.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sparkify_fuzz::log_lines::check(data));
