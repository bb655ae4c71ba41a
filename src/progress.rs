//! What a person sees while a load runs: a bar on a terminal, a few plain lines without one. On stderr, always.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{HumanBytes, ProgressBar, ProgressState, ProgressStyle};

use crate::output::note;
use crate::simulate;
use crate::stage::Progress;

/// The progress of one load.
pub struct LoadProgress {
    bytes: ProgressBar,
    files: std::sync::atomic::AtomicU64,
    total_files: u64,
}

impl LoadProgress {
    /// Progress through so many files and bytes (as stored).
    #[must_use]
    pub fn new(files: u64, bytes: u64) -> Self {
        let bar = if std::io::stderr().is_terminal() {
            let template = "{bar:28} {percent:>3}%  {msg}  {bytes}/{total_bytes}  {rate}  {left}";
            let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            let rate = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                let _ = write!(out, "{}/s", HumanBytes(state.per_sec() as u64));
            };
            let left = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                let text = if state.fraction() >= 1.0 { "writing".to_owned() } else { format!("{:.0?} left", state.eta()) };
                let _ = out.write_str(&text);
            };
            let style = style.with_key("rate", rate).with_key("left", left).progress_chars("█▉▊▋▌▍▎▏ ");
            let bar = ProgressBar::new(bytes).with_style(style);
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        } else {
            note(&format!("loading {files} files, {}\n", HumanBytes(bytes)));
            ProgressBar::hidden()
        };
        let progress = Self { bytes: bar, files: 0.into(), total_files: files };
        progress.show_files(0);
        progress
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bytes.finish_and_clear();
    }

    fn show_files(&self, done: u64) {
        if !self.bytes.is_hidden() {
            self.bytes.set_message(format!("{done}/{} files", self.total_files));
        }
    }
}

impl Progress for LoadProgress {
    fn bytes(&self, count: u64) {
        self.bytes.inc(count);
    }

    fn file_done(&self) {
        let done = self.files.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        self.show_files(done);
    }
}

/// The progress of a simulation: how far time has come, and lines per second.
pub struct SimulateProgress {
    bar: ProgressBar,
    from_ms: i64,
    lines: std::sync::atomic::AtomicU64,
    bytes: std::sync::atomic::AtomicU64,
    started: std::time::Instant,
}

impl SimulateProgress {
    /// Progress from one instant to another; `quiet` where a summary or a stream is all that is wanted.
    #[must_use]
    pub fn new(from_ms: i64, to_ms: i64, quiet: bool) -> Self {
        let bar = if !quiet && std::io::stderr().is_terminal() {
            let style =
                ProgressStyle::with_template("{bar:28} {percent:>3}%  {msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = ProgressBar::new(to_ms.saturating_sub(from_ms).max(1).cast_unsigned());
            bar.with_style(style.progress_chars("█▉▊▋▌▍▎▏ "))
        } else {
            ProgressBar::hidden()
        };
        Self { bar, from_ms, lines: 0.into(), bytes: 0.into(), started: std::time::Instant::now() }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl simulate::Progress for SimulateProgress {
    fn reached(&self, ms: i64) {
        self.bar.set_position((ms - self.from_ms).max(0).cast_unsigned());
    }

    fn wrote(&self, lines: u64, bytes: u64) {
        use std::sync::atomic::Ordering::Relaxed;
        let lines = self.lines.fetch_add(lines, Relaxed) + lines;
        let bytes = self.bytes.fetch_add(bytes, Relaxed) + bytes;
        if !self.bar.is_hidden() {
            let rate = (lines as f64 / self.started.elapsed().as_secs_f64().max(0.001)) as u64;
            let (lines, rate) = (crate::report::thousands(lines), crate::report::thousands(rate));
            self.bar.set_message(format!("{lines} events  {}  {rate} events/s", HumanBytes(bytes)));
        }
    }
}
