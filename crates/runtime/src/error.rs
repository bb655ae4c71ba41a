//! One error type: a kind, a sentence that names the place, and the cause behind it.
//!
//! What a kind means for the caller (exit code, whether trying again can help, the usual remedy) stands in one
//! table, [`Kind::policy`]. Causes are chained by [`std::error::Error::source`], never pasted into the message.

use std::fmt;

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Cause = Box<dyn std::error::Error + Send + Sync + 'static>;

/// What went wrong, as far as the caller's reaction depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The command line makes no sense.
    Usage,
    /// A setting is missing, unknown or malformed.
    Settings,
    /// The input prefix does not exist or holds no JSON.
    SourceMissing,
    /// The store refused access to the input (403, permissions).
    SourceDenied,
    /// No usable credentials for the store.
    SourceCredentials,
    /// The bucket lives in another region than the one asked.
    SourceRegion,
    /// One input file cannot be read: gone, changed, truncated, unreadable. `--skip-bad-files` skips it.
    SourceFile,
    /// An object arrived other than the store keeps it, when a part of it was passed on already. All of it may be read anew.
    SourceDamaged,
    /// The store did not answer properly, even after retries.
    SourceUnavailable,
    /// More lines were rejected than the limit allows.
    TooManyRejects,
    /// Another process holds the warehouse.
    WarehouseLocked,
    /// The tables are of a version that this sparkify does not read.
    WarehouseVersion,
    /// What is at the warehouse's place is not usable as one.
    WarehouseInvalid,
    /// There is no warehouse at that path.
    WarehouseMissing,
    /// The warehouse's server cannot be reached, or the connection to it was lost.
    WarehouseUnreachable,
    /// The warehouse's server does not let this user in, or not do this.
    WarehouseDenied,
    /// Another transaction on the warehouse's server got in the way; the whole of this one may work a moment later.
    WarehouseConflict,
    /// The connection broke during the commit, and whether the server had committed cannot be found out.
    OutcomeUnknown,
    /// What was asked about is not there.
    NotFound,
    /// The disk is full or cannot be written.
    Disk,
    /// A query failed.
    Query,
    /// The warehouse's server ended a statement, by a limit of time or because someone told it to.
    StatementCancelled,
    /// The warehouse ran out of memory.
    Memory,
    /// A check found rows that must not be; nothing was committed.
    CheckFailed,
    /// A full refresh would delete rows that its sources cannot bring back; nothing was changed.
    WouldForget,
    /// The counts do not add up; nothing was committed.
    Conservation,
    /// AWS did not do what it was asked, or something stands in the way of it.
    Cloud,
    /// AWS denies an action.
    CloudDenied,
    /// AWS did not answer properly, even after retries.
    CloudUnavailable,
    /// The user interrupted the run.
    Interrupted,
    /// The reader of the output has seen enough.
    OutputClosed,
    /// The output cannot be written, as when its disk is full.
    OutputFailed,
    /// Anything else the operating system refused.
    Io,
    /// Sparkify itself went wrong.
    Bug,
}

/// What a [`Kind`] means for the caller.
pub struct Policy {
    /// The process's exit code.
    pub exit_code: u8,
    /// Whether the same command may succeed a little later.
    pub retryable: bool,
    /// The usual remedy, or empty.
    pub hint: &'static str,
}

/// Exit code of a run that did all it was asked.
pub const EXIT_DONE: u8 = 0;
/// Exit code of a run that committed but left something out: rejected lines or skipped files.
pub const EXIT_INCOMPLETE: u8 = 3;

/// Exit code when a blocking check fails.
pub const EXIT_CHECK_FAILED: u8 = 4;

impl Kind {
    /// The one table from kind to exit code, retry and hint.
    #[must_use]
    pub const fn policy(self) -> Policy {
        let (exit_code, retryable, hint) = match self {
            Self::Usage => (2, false, "run the command with --help for examples"),
            Self::Settings => (2, false, "`sparkify config` prints what is in force and where each value came from"),
            Self::SourceMissing => {
                (1, false, "check the path or URL; a prefix is a folder, so `log_data` does not cover `log_data_old`")
            }
            Self::SourceDenied => (
                1,
                false,
                "the credentials in use need s3:ListBucket on the bucket and s3:GetObject on its objects (on disk: read permission)",
            ),
            Self::SourceCredentials => (
                1,
                false,
                "set AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or s3.anonymous = true for a public bucket",
            ),
            Self::SourceRegion => (1, false, "set the bucket's own region with --s3-region, AWS_REGION or s3.region"),
            Self::SourceFile => {
                (1, false, "repair or remove the file, or pass --skip-bad-files to load the others and leave it for next time")
            }
            Self::SourceDamaged => (1, true, "try again; if it happens often, look for a proxy that changes what it carries"),
            Self::SourceUnavailable => (1, true, "the store did not answer properly; try again in a while"),
            Self::TooManyRejects => (1, false, "read the reasons above; raise --max-rejects if these lines may be left out"),
            Self::WarehouseLocked => (1, true, "wait for it to finish, or pass --wait to let sparkify do so"),
            Self::WarehouseVersion => (1, false, "install the newer sparkify that wrote it, or load into another file"),
            Self::WarehouseInvalid => (1, false, "name another file with --warehouse, or move this one away"),
            Self::WarehouseMissing => (1, false, "create it with `sparkify load` or `sparkify tables create`"),
            Self::WarehouseUnreachable => {
                (1, true, "check host and port in --warehouse, and that the server runs and listens there")
            }
            Self::WarehouseDenied => (1, false, "check user and password, and what the user may do in the database"),
            Self::WarehouseConflict => (1, true, "run the command again when the other is done"),
            Self::OutcomeUnknown => (
                1,
                true,
                "check with `sparkify runs` when the server can be reached; loading again is safe: nothing is loaded twice",
            ),
            Self::Disk => (1, true, "free some space or choose another place with --warehouse; the warehouse is as it was"),
            Self::Memory => (1, false, "allow more with --memory"),
            Self::Query | Self::StatementCancelled | Self::Io | Self::Bug | Self::NotFound | Self::Cloud => (1, false, ""),
            Self::CheckFailed => (EXIT_CHECK_FAILED, false, "`sparkify check` checks the whole warehouse"),
            Self::WouldForget => (
                1,
                false,
                "a load without --full-refresh keeps these rows; give the sources that hold the files, or pass --forget-missing to lose them",
            ),
            Self::Conservation => (1, false, "this is a bug in sparkify, please report it; the warehouse is as it was"),
            Self::CloudDenied => (1, false, "`sparkify cluster policy` prints the IAM policy that the caller needs"),
            Self::CloudUnavailable => {
                (1, true, "AWS did not answer properly; `sparkify cluster status` shows the state of the cluster")
            }
            Self::Interrupted => (130, true, ""),
            Self::OutputClosed => (EXIT_DONE, false, ""),
            Self::OutputFailed => (1, false, "the output is incomplete; free some space, or write it to another place"),
        };
        Policy { exit_code, retryable, hint }
    }
}

/// An error with its kind, place and cause.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    hint: Option<String>,
    details: Option<serde_json::Value>,
    source: Option<Cause>,
}

impl Error {
    /// An error of `kind`; `message` is one sentence that names the place, without the cause's text.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, details: None, source: None }
    }

    /// Adds what caused it.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Cause>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Replaces the kind's usual remedy by a more precise one.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what a script would want to know of it.
    #[must_use]
    pub fn with_details(mut self, details: serde_json::Value) -> Self {
        self.details = Some(details);
        self
    }

    /// What a script would want to know of it, if anything.
    #[must_use]
    pub fn details(&self) -> Option<&serde_json::Value> {
        self.details.as_ref()
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The remedy to show, or empty.
    #[must_use]
    pub fn hint(&self) -> &str {
        self.hint.as_deref().unwrap_or(self.kind.policy().hint)
    }

    /// The process's exit code for this error.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        self.kind.policy().exit_code
    }

    /// The user interrupted the run.
    #[must_use]
    pub fn interrupted() -> Self {
        Self::new(Kind::Interrupted, "interrupted; nothing was changed")
    }

    /// The message and every cause, each on its own line, as the terminal shows them.
    #[must_use]
    pub fn report(&self) -> String {
        let mut text = self.message.clone();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let line = error.to_string();
            if !line.is_empty() && !text.ends_with(&line) {
                text.push_str("\n  caused by: ");
                text.push_str(&line);
            }
            cause = error.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|cause| cause.as_ref() as &(dyn std::error::Error + 'static))
    }
}

/// Says where an operating-system error happened and sorts it: a full disk is not a missing file.
pub fn io_error(place: impl fmt::Display, doing: &str, error: std::io::Error) -> Error {
    use std::io::ErrorKind as Io;
    let kind = match error.kind() {
        Io::StorageFull | Io::QuotaExceeded | Io::ReadOnlyFilesystem => Kind::Disk,
        _ => Kind::Io,
    };
    Error::new(kind, format!("cannot {doing} {place}")).caused_by(error)
}

/// Standard output is gone or full. A reader that has seen enough (`| head`) does not deserve a message.
#[must_use]
pub fn output_error(error: std::io::Error) -> Error {
    let kind = if error.kind() == std::io::ErrorKind::BrokenPipe { Kind::OutputClosed } else { Kind::OutputFailed };
    Error::new(kind, "cannot write the output").caused_by(error)
}
