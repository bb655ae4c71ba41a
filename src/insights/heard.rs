//! How long each play was heard: several insights ask for it, and finding every play's next event is most of their work.
//! Each can work it out by itself; those that are asked in one run share it where the warehouse lets a reader keep rows.

use std::borrow::Cow;

use super::{Insight, Window};
use crate::error::Result;
use crate::warehouse::{Param, SqlText, Warehouse};

const CREATE: SqlText<'_> = SqlText { name: "heard/create", text: include_str!("../../sql/heard/create.sql") };
const EMPTY: SqlText<'_> = SqlText { name: "heard/empty", text: include_str!("../../sql/heard/empty.sql") };
const INSERT: SqlText<'_> = SqlText { name: "heard/insert", text: include_str!("../../sql/heard/insert.sql") };

/// The part of a query that works it out, as it stands in `sql/heard/insert.sql`: what it has between `with` and
/// `select`, as one more of a list.
fn own_words() -> String {
    let part = INSERT.text.split_once("\nwith\n").and_then(|(_, rest)| rest.split_once("\n\nselect\n"));
    part.map_or_else(String::new, |(part, _)| format!("{part},\n\n"))
}

/// The insight's query, which reads the table of [`keep`] if there is one, instead of working it out by itself.
pub(super) fn query(insight: &Insight, kept: bool) -> Cow<'static, str> {
    let own = own_words();
    if kept && !own.is_empty() && insight.text.contains(&own) {
        return insight.text.replacen(&own, "", 1).into();
    }
    insight.query().text.into()
}

/// Works it out for the window and keeps it, if at least two of the insights will ask for it and the warehouse can.
/// Returns whether it is there.
pub(super) fn keep(warehouse: &mut dyn Warehouse, asked: &[Insight], window: &Window) -> Result<bool> {
    let own = own_words();
    if asked.iter().filter(|insight| insight.text.contains(&own)).count() < 2 || !warehouse.keeps_rows_for_readers() {
        return Ok(false);
    }
    warehouse.answer(CREATE, &[])?;
    warehouse.answer(EMPTY, &[])?;
    let parameters = [Param::new("since", window.since.as_str()), Param::new("until", window.until.as_str())];
    warehouse.answer(INSERT, &parameters)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn insights_that_need_it_work_it_out_in_the_same_words() {
        let all = super::super::catalogue::all();
        let sharing: Vec<&str> = all.iter().filter(|i| query(i, true) != query(i, false)).map(|i| i.name).collect();
        assert_eq!(sharing, ["power_users", "engagement_by_segment", "hour_profile", "concurrency_peak"]);
        for insight in all {
            let text = query(&insight, true);
            // What is left asks the table, and has no second way to the same.
            assert!(!sharing.contains(&insight.name) || text.contains("from heard\n") && !text.contains("heard as ("));
            assert_eq!(insight.text.contains("\nheard as ("), sharing.contains(&insight.name), "{}", insight.name);
        }
    }
}
