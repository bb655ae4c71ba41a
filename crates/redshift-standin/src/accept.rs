//! Whether Redshift takes a statement, without a server: for tests of programs that write SQL for it.

use super::refuse::refusal;
use super::rewrite::rewrite;
use super::token::statements;
use super::{copy_statement, ddl, rights};

/// Panics when Redshift would refuse one of the statements in `sql`, with Redshift's words.
///
/// It sees the text alone. What depends on the tables, a running stand-in finds.
///
/// # Panics
/// Also when `sql` holds no statement, or ends within one.
#[track_caller]
pub fn assert_redshift_accepts(sql: &str) {
    let found = statements(sql).unwrap_or_else(|fault| panic!("{fault}:\n{sql}"));
    assert!(!found.is_empty(), "no statement in {sql:?}");
    for (text, tokens) in found {
        if let Some(refusal) = refusal(&tokens) {
            panic!("Redshift refuses this: {} ({})\n{text}", refusal.message, refusal.code);
        }
        let is_table = tokens[0].says("create") && tokens.iter().take(4).any(|token| token.says("table"));
        let by_grammar = match &tokens[0] {
            first if first.says("copy") => copy_statement::parse(&tokens).err(),
            _ if rights::is_meant(&tokens) => rights::translate(&tokens, &NOBODY).err(),
            _ if is_table => ddl::create_table(&tokens, rewrite).err(),
            _ => None,
        };
        if let Some(refusal) = by_grammar {
            panic!("Redshift refuses this: {} ({})\n{text}", refusal.message, refusal.code);
        }
    }
}

/// For statements that are looked at and go nowhere.
const NOBODY: rights::Names<'static> = rights::Names { database: ("dev", "dev"), users: &[] };
