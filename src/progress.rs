//! What a person sees while a load runs: a bar on a terminal, a few plain lines without one. On stderr, always.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{HumanBytes, ProgressBar, ProgressState, ProgressStyle};

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
            eprintln!("loading {files} files, {}", HumanBytes(bytes));
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
