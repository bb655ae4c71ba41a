//! One list of rules for every engine: what a load does does not depend on where it loads into.
//!
//! An engine is one line here. What only one engine can go wrong with stands in that engine's own tests.

pub mod answers;
mod dry_run;
mod fake;
mod far_times;
mod order;
mod refresh;
mod refusals;
mod together;

use crate::support::postgres::{PASSWORD, Postgres};
use crate::support::warehouse::Site;

/// A rule for each engine: a test of the rule's name in a module of the engine's.
macro_rules! engine {
    ($engine:ident, $site:expr) => {
        mod $engine {
            rules! { $site;
                answers: real_data_has_its_known_answers, hostile_lines_end_as_the_contract_says, digests_are_those_of_duckdb,
                    insights_and_checks_answer_as_on_duckdb, file_by_file_gives_the_same, titles_are_found_in_any_case, kept_lines_are_all_lines,
                    every_verb_works;
                order: a_second_load_changes_nothing, the_order_of_files_does_not_matter, packed_files_are_files, a_late_day_heals, of_a_song_told_twice_the_last_is_true,
                    songs_that_files_tell_differently_are_counted, a_line_that_is_tried_again_overrules_no_later_one,
                    songs_that_come_late_or_change_move_their_plays, repeated_lines_are_told_from_conflicting_ones,
                    a_full_refresh_makes_the_same_tables_anew;
                dry_run: it_prints_what_a_load_sends;
                far_times: a_line_of_another_age_moves_no_window;
                refresh: what_the_sources_no_longer_hold_is_not_deleted_unsaid, a_kind_that_is_not_given_keeps_its_rows,
                    a_moved_folder_is_no_folder, a_file_that_cannot_be_read_keeps_its_rows;
                refusals: bad_lines_are_kept_with_their_reason, over_the_limit_nothing_is_committed,
                    conflicts_and_duplicates_do_not_count_against_the_limit, by_default_ten_lines_may_be_bad_or_one_in_a_hundred,
                    a_refresh_that_fails_leaves_what_was,
                    lines_are_tried_again, a_file_that_cannot_be_read_is_left_out, tables_of_another_version_are_refused,
                    tables_of_an_older_version_are_brought_forward,
                    tables_of_someone_else_are_refused, tables_are_dropped_and_made_anew,
                    a_check_that_cannot_be_run_fails_and_the_others_run;
                together: killed_half_way_and_run_again, interrupted_nothing_is_changed, loads_at_the_same_time_take_turns,
                    readers_see_the_state_before_until_the_commit;
            }
        }
    };
}

macro_rules! rules {
    ($site:expr; $($file:ident: $($rule:ident),+;)+) => {
        $($(
            #[test]
            fn $rule() {
                crate::conformance::$file::$rule(&$site);
            }
        )+)+
    };
}

engine!(duckdb, crate::support::warehouse::Site::new);
engine!(postgres, super::on_postgres);
engine!(redshift_compact, || crate::redshift::site("compact"));
engine!(redshift_direct, || crate::redshift::site("direct"));

/// A warehouse in a new database of a real server, entered with a password.
pub fn on_postgres() -> Site {
    let database = Postgres::shared().database();
    Site::at(database.url(), vec![("SPARKIFY_PASSWORD", PASSWORD.to_owned())])
}

/// Makes a site of the engine under test.
type NewSite<'a> = &'a dyn Fn() -> Site;
