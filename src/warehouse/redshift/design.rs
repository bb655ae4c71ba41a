//! How the tables lie on the cluster. docs/redshift-design.md has the reasons.

use super::options::Design;

/// What stands behind the columns of a table that is neither left to Redshift nor to its defaults.
const AUTO: [(&str, &str); 2] = [
    ("songplays", "diststyle auto compound sortkey (start_time)"),
    ("page_views", "diststyle auto compound sortkey (start_time)"),
];

/// Never by song_id: nearly all plays of a small catalogue have none, and would lie on one slice.
const EXPLICIT: [(&str, &str); 9] = [
    ("songplays", "distkey (user_id) compound sortkey (start_time)"),
    // Visitors have no user_id, and would lie on one slice.
    ("page_views", "diststyle even compound sortkey (start_time)"),
    ("users", "distkey (user_id) compound sortkey (user_id)"),
    ("user_levels", "distkey (user_id) compound sortkey (user_id, valid_from)"),
    ("songs", "diststyle all compound sortkey (song_id)"),
    ("artists", "diststyle all compound sortkey (artist_id)"),
    ("tracks", "diststyle all compound sortkey (track_no)"),
    // Nearly as long as the plays, so that a copy on every node would be dear.
    ("time", "distkey (start_time) compound sortkey (start_time)"),
    ("staging_songs", "diststyle even"),
];

/// The statement that makes a table, in this design.
pub(super) fn create(table: &str, sql: &str, design: Design) -> String {
    let chosen: &[(&str, &str)] = match design {
        Design::Auto => &AUTO,
        Design::Explicit => &EXPLICIT,
    };
    let statement = sql.trim_end().trim_end_matches(';');
    match chosen.iter().find(|(name, _)| *name == table) {
        Some((_, lies)) => format!("{statement} {lies};"),
        None => format!("{statement};"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::warehouse::sql::TABLES;

    #[test]
    fn every_choice_is_for_a_table_that_there_is() {
        for (name, _) in AUTO.iter().chain(&EXPLICIT) {
            assert!(TABLES.iter().any(|(table, _)| table == name), "{name}");
        }
    }

    #[test]
    fn plays_are_never_distributed_by_their_song() {
        for (_, lies) in AUTO.iter().chain(&EXPLICIT) {
            assert!(!lies.contains("song_id") || !lies.contains("distkey"), "{lies}");
        }
    }
}
