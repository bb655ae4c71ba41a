//! The tables of a load, each with the statement that creates it.

use crate::Statement;

/// A table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Its name in SQL.
    pub name: &'static str,
    /// What creates it.
    pub create: Statement,
    /// The question how many rows it was created with, for engines that do not report it. Only for tables whose number of
    /// rows decides how a load goes on.
    pub count: Option<Statement>,
    /// It is gone with the connection.
    pub is_temporary: bool,
}

impl Table {
    const fn permanent(name: &'static str, create: Statement) -> Self {
        Self { name, create, count: None, is_temporary: false }
    }

    const fn temporary(name: &'static str, create: Statement) -> Self {
        Self { name, create, count: None, is_temporary: true }
    }

    const fn counted(self, count: Statement) -> Self {
        Self { count: Some(count), ..self }
    }
}

pub(crate) const LOAD_RUNS: Table = Table::permanent("load_runs", Statement::CreateLoadRuns);
pub(crate) const LOAD_FILES: Table = Table::permanent("load_files", Statement::CreateLoadFiles);
pub(crate) const LOAD_REJECTS: Table = Table::permanent("load_rejects", Statement::CreateLoadRejects);
pub(crate) const TRACKS: Table = Table::permanent("tracks", Statement::CreateTracks);

pub(crate) const STAGED_USERS: Table = Table::temporary("staged_users", Statement::CreateStagedUsers);
pub(crate) const STAGED_LEVELS: Table = Table::temporary("staged_levels", Statement::CreateStagedLevels);
pub(crate) const STAGED_SONGS: Table = Table::temporary("staged_songs", Statement::CreateStagedSongs);
pub(crate) const STAGED_REPLAYS: Table = Table::temporary("staged_replays", Statement::CreateStagedReplays);

/// The songs of a batch that change the catalogue.
pub const CHANGED_SONGS: Table = Table::temporary("changed_songs", Statement::ChangedSongs);
/// What the files of a run say of songs that several of them describe.
pub const OTHER_TELLINGS: Table = Table::temporary("other_tellings", Statement::CreateOtherTellings);
/// The plays that a changed song may concern.
pub const TOUCHED_PLAYS: Table =
    Table::temporary("touched_plays", Statement::TouchedPlays).counted(Statement::RedshiftCountTouched);
/// The catalogue by title and artist.
pub const SONG_KEYS: Table = Table::temporary("song_keys", Statement::SongKeys);
/// The touched plays, each with its key.
pub const PLAYS_TO_MATCH: Table = Table::temporary("plays_to_match", Statement::PlaysToMatch);
/// The plays whose title and artist several songs have.
pub const CONTESTED_PLAYS: Table = Table::temporary("contested_plays", Statement::ContestedPlays);
/// The sessions of a batch that the facts have already.
pub const CONTINUED_SESSIONS: Table =
    Table::temporary("continued_sessions", Statement::ContinuedSessions).counted(Statement::RedshiftCountContinued);
/// The plays of these sessions, with what follows them now.
pub const CONTINUED_PLAYS: Table = Table::temporary("continued_plays", Statement::ContinuedPlays);
/// When users were at which level, as far as a batch concerns it.
pub const LEVEL_POINTS: Table = Table::temporary("level_points", Statement::LevelPoints);
/// The unbroken stays at a level that follow from that.
pub const LEVEL_STAYS: Table = Table::temporary("level_stays", Statement::LevelStays);
/// The users of whom a batch has the latest event.
pub const NEWER_USERS: Table = Table::temporary("newer_users", Statement::NewerUsers);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dialect;

    #[test]
    fn each_is_created_by_a_statement_that_names_it() {
        for table in [
            LOAD_RUNS,
            LOAD_FILES,
            LOAD_REJECTS,
            TRACKS,
            STAGED_USERS,
            STAGED_LEVELS,
            STAGED_SONGS,
            STAGED_REPLAYS,
            CHANGED_SONGS,
            OTHER_TELLINGS,
            TOUCHED_PLAYS,
            SONG_KEYS,
            PLAYS_TO_MATCH,
            CONTESTED_PLAYS,
            CONTINUED_SESSIONS,
            CONTINUED_PLAYS,
            LEVEL_POINTS,
            LEVEL_STAYS,
            NEWER_USERS,
        ] {
            for dialect in Dialect::ALL {
                let text = table.create.text_in(dialect);
                let kind = if table.is_temporary { "create temporary table " } else { "create table " };
                let named = text.split(kind).nth(1).map(|rest| rest.trim_start_matches("if not exists "));
                assert!(named.is_some_and(|rest| rest.starts_with(table.name)), "{}: {text}", table.name);
            }
        }
    }
}
