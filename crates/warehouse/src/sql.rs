//! Every statement that a load can send: a variant, a name, a file under `sql/`.

mod dialect;
mod field_lists;

use std::sync::OnceLock;

pub use dialect::Dialect;
pub(crate) use dialect::{TEXT_BYTES, width};

use super::SqlText;

/// What several statements have in common. It stands in a file of its own, a query of it alone; `/* @name */` stands in its
/// place in theirs.
pub const PARTS: [SqlText<'static>; 1] =
    [SqlText { name: "redshift/payload_hash", text: include_str!("../../../sql/redshift/payload_hash.sql") }];

macro_rules! statements {
    ($($(#[$doc:meta])* $variant:ident = $name:literal $([$($twin:ident $ending:literal)+])?,)*) => {
        /// A statement, by what it does. Its text is the file of its name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "each is documented at the head of its file")]
        pub enum Statement {
            $($(#[$doc])* $variant,)*
        }

        impl Statement {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The file's name below `sql/`, without its ending.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The statement in a dialect, as a query that returns rows.
            #[must_use]
            pub fn query(self, dialect: Dialect) -> SqlText<'static> {
                SqlText { name: self.name(), text: self.text_in(dialect) }
            }

            /// The text in a dialect, its comments included: the twin's, or the file's as the dialect spells it. Parts and lists of
            /// fields are in their places.
            #[must_use]
            pub fn text_in(self, dialect: Dialect) -> &'static str {
                static TEXTS: [[OnceLock<String>; Dialect::ALL.len()]; Statement::ALL.len()] =
                    [const { [const { OnceLock::new() }; Dialect::ALL.len()] }; Statement::ALL.len()];
                TEXTS[self as usize][dialect as usize].get_or_init(|| {
                    dialect.spell(&field_lists::with_fields(&with_parts(self.file(dialect))))
                })
            }

            /// The text of the file that says it for a dialect.
            const fn file(self, dialect: Dialect) -> &'static str {
                match (self, dialect) {
                    $($($((Self::$variant, Dialect::$twin) => {
                        include_str!(concat!("../../../sql/", $name, ".", $ending, ".sql"))
                    })+)?)*
                    _ => self.text(),
                }
            }

            /// The file's text as it stands there.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => include_str!(concat!("../../../sql/", $name, ".sql")),)* }
            }
        }
    };
}

statements! {
    TableExists = "schema/table_exists" [Postgres "postgres" Redshift "redshift"],
    ReadVersion = "schema/read_version",
    DeleteVersion = "schema/delete_version",
    InsertVersion = "schema/insert_version",
    CreateSchemaVersion = "schema/sparkify_schema",
    CreateSongplays = "schema/songplays",
    CreateUsers = "schema/users",
    CreateSongs = "schema/songs",
    CreateArtists = "schema/artists",
    CreateTime = "schema/time",
    CreateTracks = "schema/tracks",
    CreatePageViews = "schema/page_views",
    CreateUserLevels = "schema/user_levels",
    CreateStagingSongs = "schema/staging_songs",
    CreateLoadRuns = "schema/load_runs",
    CreateLoadFiles = "schema/load_files",
    CreateLoadRejects = "schema/load_rejects",

    AddNextEventTime = "schema/add_next_event_time",
    AddNextPlayTime = "schema/add_next_play_time",
    AddTrackNo = "schema/add_track_no",
    AddNextTrackNo = "schema/add_next_track_no",
    AllTracks = "schema/all_tracks" [Redshift "redshift"],
    NumberPlays = "schema/number_plays" [Redshift "redshift"],
    AllSessions = "schema/all_sessions",
    DropContinuedPlays = "schema/drop_continued_plays",
    DropContinuedSessions = "schema/drop_continued_sessions",

    CreateStagingEvents = "schema/staging_events",
    CreateStagedUsers = "stage/create_staged_users",
    CreateStagedLevels = "stage/create_staged_levels",
    CreateStagedSongs = "stage/create_staged_songs",
    CreateStagedReplays = "stage/create_staged_replays",
    CountSongs = "stage/count_songs",
    FindSongs = "stage/find_songs",
    CountTracks = "stage/count_tracks",
    FindTracks = "stage/find_tracks",
    KeepStagingEvents = "stage/keep_staging_events" [Postgres "postgres" Redshift "redshift"],

    DeleteOverruledSongs = "transform/delete_overruled_songs",
    ChangedSongs = "transform/changed_songs",
    CreateOtherTellings = "transform/create_other_tellings",
    DeleteOtherTellings = "transform/delete_other_tellings",
    InsertOtherTellings = "transform/insert_other_tellings",
    CountDifferingSongs = "transform/count_differing_songs",
    DeleteStagingSongs = "transform/delete_staging_songs",
    InsertStagingSongs = "transform/insert_staging_songs",
    DeleteSongs = "transform/delete_songs",
    InsertSongs = "transform/insert_songs",
    DeleteArtists = "transform/delete_artists" [Redshift "redshift"],
    InsertArtists = "transform/insert_artists",
    SongKeys = "transform/song_keys" [Redshift "redshift"],
    ReadCatalogue = "transform/read_catalogue",
    ReadTracks = "transform/read_tracks",
    TouchedPlays = "transform/touched_plays" [Redshift "redshift"],
    PlaysToMatch = "transform/plays_to_match" [Redshift "redshift"],
    ContestedPlays = "transform/contested_plays" [Redshift "redshift"],
    RelinkSongplays = "transform/relink_songplays",
    FactBounds = "transform/fact_bounds" [Postgres "postgres" Redshift "postgres"],
    KnownEvents = "transform/known_events" [Redshift "redshift"],
    InsertSongplays = "transform/insert_songplays" [Postgres "postgres"],
    InsertPageViews = "transform/insert_page_views" [Postgres "postgres"],
    ContinuedSessions = "transform/continued_sessions",
    ContinuedPlays = "transform/continued_plays",
    UpdateContinuedPlays = "transform/update_continued_plays",
    InsertTime = "transform/insert_time",
    LevelPoints = "transform/level_points",
    LevelStays = "transform/level_stays",
    DeleteUserLevels = "transform/delete_user_levels" [Redshift "redshift"],
    InsertUserLevels = "transform/insert_user_levels",
    NewerUsers = "transform/newer_users",
    DeleteUsers = "transform/delete_users",
    InsertUsers = "transform/insert_users",

    KnownFiles = "ledger/known_files",
    LedgerFiles = "ledger/files",
    FileDays = "ledger/file_days",
    FileSongs = "ledger/file_songs",
    LastFileNo = "ledger/last_file_no",
    Totals = "ledger/totals",
    Runs = "ledger/runs",
    FindRun = "ledger/find_run",
    Rejects = "ledger/rejects",
    RejectParts = "ledger/reject_parts",
    RejectsPart = "ledger/rejects_part",
    Quarantine = "ledger/quarantine" [Redshift "redshift"],
    QuarantineParts = "ledger/quarantine_parts",
    DeleteReplayedRejects = "ledger/delete_replayed_rejects",
    UpdateReplayedFiles = "ledger/update_replayed_files",

    DeleteLogFiles = "refresh/delete_log_files",
    DeleteLogRejects = "refresh/delete_log_rejects",
    DeleteSongFiles = "refresh/delete_song_files",
    DeleteSongRejects = "refresh/delete_song_rejects",
    UnlinkSongplays = "refresh/unlink_songplays",

    DigestSongplays = "digest/songplays",
    DigestPageViews = "digest/page_views",
    DigestUsers = "digest/users",
    DigestUserLevels = "digest/user_levels",
    DigestSongs = "digest/songs",
    DigestArtists = "digest/artists",
    DigestTime = "digest/time",
    DigestTracks = "digest/tracks",

    DuckDbMetadataBlocks = "duckdb/metadata_blocks",

    PostgresServer = "postgres/server",
    PostgresPrivileges = "postgres/privileges",
    PostgresPinSettings = "postgres/pin_settings",
    PostgresPinLoadSettings = "postgres/pin_load_settings",
    PostgresMisplacedTables = "postgres/misplaced_tables",
    PostgresReader = "postgres/reader",
    PostgresTryLock = "postgres/try_lock",
    PostgresLockHolder = "postgres/lock_holder",
    PostgresStagedKeys = "postgres/create_staged_keys",
    PostgresStagedTimes = "postgres/create_staged_times",
    PostgresStagedSessions = "postgres/create_staged_sessions",
    PostgresPlaysById = "postgres/songplays_by_id",
    PostgresPlaysByTime = "postgres/songplays_by_time",
    PostgresPlaysBySession = "postgres/songplays_by_session",
    PostgresViewsById = "postgres/page_views_by_id",
    PostgresViewsByTime = "postgres/page_views_by_time",
    PostgresViewsBySession = "postgres/page_views_by_session",
    PostgresTimeByStart = "postgres/time_by_start",

    RedshiftDoctorsTable = "redshift/create_doctors_table",
    RedshiftPrivileges = "redshift/privileges",
    RedshiftServer = "redshift/server",
    RedshiftCreateLock = "redshift/create_load_lock",
    RedshiftLock = "redshift/lock",
    RedshiftSlices = "redshift/slices",
    RedshiftLastCopyCount = "redshift/last_copy_count",
    RedshiftLastCopyId = "redshift/last_copy_id",
    RedshiftLoadErrors = "redshift/load_errors",
    RedshiftLoadedFiles = "redshift/loaded_files",
    RedshiftIsolation = "redshift/isolation",
    RedshiftColumns = "redshift/columns",
    RedshiftStagedLines = "redshift/create_staged_lines",
    RedshiftScreenLines = "redshift/screen_lines",
    RedshiftStagedEvents = "redshift/create_staged_events",
    RedshiftStagedBatch = "redshift/create_staged_batch",
    RedshiftStagedKeys = "redshift/create_staged_keys",
    RedshiftStagedPlays = "redshift/create_staged_plays",
    RedshiftStagedViews = "redshift/create_staged_views",
    RedshiftStagedTimes = "redshift/create_staged_times",
    RedshiftStagedSessions = "redshift/create_staged_sessions",
    RedshiftStagedRepairs = "redshift/create_staged_repairs",
    RedshiftNamesToRepair = "redshift/names_to_repair",
    RedshiftRepeatedEvents = "redshift/repeated_events",
    RedshiftFindSongs = "redshift/find_songs",
    RedshiftAddTracks = "redshift/add_tracks",
    RedshiftFillPlays = "redshift/fill_staged_plays",
    RedshiftFillViews = "redshift/fill_staged_views",
    RedshiftFillUsers = "redshift/fill_staged_users",
    RedshiftFillLevels = "redshift/fill_staged_levels",
    RedshiftCountTouched = "redshift/count_touched",
    RedshiftCountContinued = "redshift/count_continued",
    RedshiftFindRoles = "redshift/find_roles",
    RedshiftCreateLoader = "redshift/create_loader",
    RedshiftCreateAnalyst = "redshift/create_analyst",
    RedshiftLetLoaderIn = "redshift/let_loader_in",
    RedshiftLetAnalystIn = "redshift/let_analyst_in",
    RedshiftGiveTables = "redshift/give_tables_to_loader",
    RedshiftGiveStar = "redshift/give_star_to_analyst",
}

/// The text with the parts that it names in their places.
fn with_parts(text: &str) -> String {
    let in_place = |text: String, part: &SqlText<'_>| match part.text.split_once("\nselect\n    ") {
        Some((_, query)) => text.replace(&format!("/* @{} */", part.name), query.split("\nfrom ").next().unwrap_or_default()),
        None => text,
    };
    PARTS.iter().fold(text.to_owned(), in_place)
}

/// A query of the package that asks: the file below its folder `sql/` of this name, without the ending. Messages call it the
/// same, or by another name.
#[macro_export]
macro_rules! sql_file {
    ($file:literal) => {
        $crate::sql_file!($file, named $file)
    };
    ($file:literal, named $name:literal) => {
        $crate::SqlText { name: $name, text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/", $file, ".sql")) }
    };
}

/// The queries of one folder below `sql/`, in the order of their names, by which messages call them.
#[macro_export]
macro_rules! sql_files {
    ($folder:literal: $($name:literal)*) => {
        &[$($crate::SqlText {
            name: $name,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/", $folder, "/", $name, ".sql")),
        }),*]
    };
}

/// The tables of a warehouse, in the order in which they are made, with the statement that makes each.
pub const TABLES: [(&str, Statement); 13] = [
    ("sparkify_schema", Statement::CreateSchemaVersion),
    ("songplays", Statement::CreateSongplays),
    ("users", Statement::CreateUsers),
    ("songs", Statement::CreateSongs),
    ("artists", Statement::CreateArtists),
    ("time", Statement::CreateTime),
    ("tracks", Statement::CreateTracks),
    ("page_views", Statement::CreatePageViews),
    ("user_levels", Statement::CreateUserLevels),
    ("staging_songs", Statement::CreateStagingSongs),
    ("load_runs", Statement::CreateLoadRuns),
    ("load_files", Statement::CreateLoadFiles),
    ("load_rejects", Statement::CreateLoadRejects),
];

/// The kinds of input that a full refresh reads anew. What the other kind brought stays. So do the runs, always: they are
/// history, and hold the file numbers given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RefreshScope {
    /// The log files.
    pub logs: bool,
    /// The song files.
    pub songs: bool,
}

impl RefreshScope {
    /// The tables that it empties.
    #[must_use]
    pub const fn tables(self) -> &'static [&'static str] {
        match (self.logs, self.songs) {
            (true, true) => &[
                "songplays",
                "page_views",
                "users",
                "user_levels",
                "songs",
                "artists",
                "time",
                "tracks",
                "staging_songs",
                "load_files",
                "load_rejects",
            ],
            (true, false) => &["songplays", "page_views", "users", "user_levels", "time", "tracks"],
            (false, true) => &["songs", "artists", "staging_songs"],
            (false, false) => &[],
        }
    }

    /// The statements that take its part out of the tables that both kinds share.
    #[must_use]
    pub const fn statements(self) -> &'static [Statement] {
        match (self.logs, self.songs) {
            (true, false) => &[Statement::DeleteLogFiles, Statement::DeleteLogRejects],
            (false, true) => &[Statement::UnlinkSongplays, Statement::DeleteSongFiles, Statement::DeleteSongRejects],
            _ => &[],
        }
    }
}

/// One step forward from the version before it.
#[derive(Debug)]
pub struct Migration {
    /// The version that it leads to.
    pub to: i32,
    /// Its statements, in their order.
    pub statements: &'static [Statement],
}

/// The steps from version 1 on, in order. There is one for every version after the first.
pub const MIGRATIONS: &[Migration] = &[
    // What follows a play is told in the next step, together with the track of what follows.
    Migration { to: 2, statements: &[Statement::AddNextEventTime, Statement::AddNextPlayTime] },
    Migration {
        to: 3,
        statements: &[
            Statement::CreateTracks,
            Statement::AddTrackNo,
            Statement::AddNextTrackNo,
            Statement::AllTracks,
            Statement::NumberPlays,
            Statement::AllSessions,
            Statement::ContinuedPlays,
            Statement::UpdateContinuedPlays,
            Statement::DropContinuedPlays,
            Statement::DropContinuedSessions,
        ],
    },
];

/// The statements that bring tables of a version forward, in their order.
pub(crate) fn steps_after(version: i32, migrations: &'static [Migration]) -> impl Iterator<Item = Statement> {
    migrations.iter().filter(move |step| step.to > version).flat_map(|step| step.statements).copied()
}

/// The columns of a statement that creates a table: it has one a line.
pub(crate) fn column_names(sql: &str) -> impl Iterator<Item = &str> {
    let lines = sql.lines().filter_map(|line| line.strip_prefix("    "));
    lines.filter_map(|line| line.split(' ').next()).map(|name| name.trim_matches('"'))
}
