//! Every statement that a load can send: a variant, a name, a file under `sql/`.

use super::SqlText;

macro_rules! statements {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
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

            /// The statement as a query that returns rows.
            #[must_use]
            pub const fn query(self) -> SqlText<'static> {
                SqlText { name: self.name(), text: self.text() }
            }

            /// The file's text, its comments included.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => include_str!(concat!("../../sql/", $name, ".sql")),)* }
            }
        }
    };
}

statements! {
    TableExists = "schema/table_exists",
    ReadVersion = "schema/read_version",
    DeleteVersion = "schema/delete_version",
    InsertVersion = "schema/insert_version",
    CreateSchemaVersion = "schema/sparkify_schema",
    CreateSongplays = "schema/songplays",
    CreateUsers = "schema/users",
    CreateSongs = "schema/songs",
    CreateArtists = "schema/artists",
    CreateTime = "schema/time",
    CreatePageViews = "schema/page_views",
    CreateUserLevels = "schema/user_levels",
    CreateStagingSongs = "schema/staging_songs",
    CreateLoadRuns = "schema/load_runs",
    CreateLoadFiles = "schema/load_files",
    CreateLoadRejects = "schema/load_rejects",

    CreateStagingEvents = "schema/staging_events",
    CreateStagedUsers = "stage/create_staged_users",
    CreateStagedLevels = "stage/create_staged_levels",
    CreateStagedSongs = "stage/create_staged_songs",
    CreateStagedReplays = "stage/create_staged_replays",
    KeepStagingEvents = "stage/keep_staging_events",

    ChangedSongs = "transform/changed_songs",
    DeleteStagingSongs = "transform/delete_staging_songs",
    InsertStagingSongs = "transform/insert_staging_songs",
    DeleteSongs = "transform/delete_songs",
    InsertSongs = "transform/insert_songs",
    DeleteArtists = "transform/delete_artists",
    InsertArtists = "transform/insert_artists",
    SongKeys = "transform/song_keys",
    ReadSongKeys = "transform/read_song_keys",
    TouchedPlays = "transform/touched_plays",
    MatchTouchedPlays = "transform/match_touched_plays",
    MatchStagedPlays = "transform/match_staged_plays",
    ContestedPlays = "transform/contested_plays",
    RelinkSongplays = "transform/relink_songplays",
    FactBounds = "transform/fact_bounds",
    KnownEvents = "transform/known_events",
    InsertSongplays = "transform/insert_songplays",
    InsertPageViews = "transform/insert_page_views",
    InsertTime = "transform/insert_time",
    LevelPoints = "transform/level_points",
    LevelStays = "transform/level_stays",
    DeleteUserLevels = "transform/delete_user_levels",
    InsertUserLevels = "transform/insert_user_levels",
    NewerUsers = "transform/newer_users",
    DeleteUsers = "transform/delete_users",
    InsertUsers = "transform/insert_users",

    KnownFiles = "ledger/known_files",
    LastFileNo = "ledger/last_file_no",
    Totals = "ledger/totals",
    Runs = "ledger/runs",
    Rejects = "ledger/rejects",
    Quarantine = "ledger/quarantine",
    DeleteReplayedRejects = "ledger/delete_replayed_rejects",
    UpdateReplayedFiles = "ledger/update_replayed_files",
}

/// The tables of a warehouse, in the order in which they are made, with the statement that makes each.
pub const TABLES: [(&str, Statement); 12] = [
    ("sparkify_schema", Statement::CreateSchemaVersion),
    ("songplays", Statement::CreateSongplays),
    ("users", Statement::CreateUsers),
    ("songs", Statement::CreateSongs),
    ("artists", Statement::CreateArtists),
    ("time", Statement::CreateTime),
    ("page_views", Statement::CreatePageViews),
    ("user_levels", Statement::CreateUserLevels),
    ("staging_songs", Statement::CreateStagingSongs),
    ("load_runs", Statement::CreateLoadRuns),
    ("load_files", Statement::CreateLoadFiles),
    ("load_rejects", Statement::CreateLoadRejects),
];

/// The tables that a full refresh empties. The runs stay: they are history, and hold the file numbers given out.
pub const REFRESHED_TABLES: [&str; 10] = [
    "songplays",
    "page_views",
    "users",
    "user_levels",
    "songs",
    "artists",
    "time",
    "staging_songs",
    "load_files",
    "load_rejects",
];
