//! How much memory a command takes.
//!
//! The kernel's own account of a finished child is of no use here: a child begins with the resident set of whoever started
//! it, which for this binary may be larger than what is measured. So the high-water mark of the running process is read,
//! again and again until it ends.

use std::fs;
use std::io::{Read, Seek};
use std::process::{Command, Output};
use std::time::Duration;

use super::warehouse::{Answer, Site};

/// A command that ran, and the largest resident set that it had.
pub struct Peak {
    pub answer: Answer,
    pub mib: u64,
}

impl Peak {
    /// Fails unless the command exited so and took no more memory than this.
    #[track_caller]
    pub fn expect(self, code: i32, most_mib: u64) -> Answer {
        let answer = self.answer.expect(code);
        assert!(self.mib <= most_mib, "the peak was {} MiB, {most_mib} are allowed", self.mib);
        answer
    }
}

/// Runs a command to its end.
pub fn peak_of(command: &mut Command) -> Peak {
    // Files, as nobody reads while the command runs.
    let (mut out, mut err) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    command.stdout(out.try_clone().unwrap()).stderr(err.try_clone().unwrap());
    let mut child = command.spawn().unwrap();
    let mut kib = 0;
    let status = loop {
        kib = high_water_kib(child.id()).unwrap_or(kib);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    assert!(kib > 0, "the system does not say how much memory a process takes");
    let read = |file: &mut fs::File| {
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        bytes
    };
    let output = Output { status, stdout: read(&mut out), stderr: read(&mut err) };
    Peak { answer: Answer::of(&output), mib: kib >> 10 }
}

/// The largest resident set that a process has had, None when it has ended.
fn high_water_kib(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

impl Site {
    /// As [`Site::run`], with the memory that it takes.
    pub fn peak(&self, arguments: &[&str]) -> Peak {
        peak_of(&mut self.command(arguments))
    }

    /// As [`Site::load`], likewise.
    pub fn load_peak(&self, more: &[&str]) -> Peak {
        self.peak(&self.load_arguments(more))
    }
}

#[test]
fn the_peak_of_a_command_is_what_it_took() {
    // One that holds 80 MiB, and one that does not.
    let peak = |script: &str| peak_of(Command::new("python3").args(["-c", script])).mib;
    let (idle, busy) = (peak("pass"), peak("text = b'x' * (80 << 20)"));
    assert!((80..120).contains(&(busy - idle)), "{idle} and {busy} MiB");
}
