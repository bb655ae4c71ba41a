//! As many rows of an answer as are worth a list. Those that share its last place may be millions: they are counted.

use super::catalogue::{Insight, ParameterKind};
use crate::error::Result;
use crate::report::thousands;
use crate::warehouse::{Rows, Value};

/// So many rows are listed, even where fewer ranks are asked for.
const LEAST: usize = 100;
/// So many rows at most are listed of an answer that is not by rank.
const MOST: usize = 100_000;

/// Parts of an answer have their own ranks; one of these columns says which part a row is of.
const SECTIONS: [&str; 3] = ["kind", "section", "dimension"];

/// Takes an answer's rows.
pub(super) struct Listed<'a> {
    insight: &'a Insight,
    /// How many rows are listed, of each section.
    most: usize,
    section: Option<usize>,
    /// Rows listed of the section at hand.
    in_section: usize,
    /// The columns' names.
    pub columns: Vec<String>,
    /// The rows that are listed.
    pub rows: Vec<Vec<Value>>,
    left: Vec<Left>,
}

/// Rows of a section that are not listed.
struct Left {
    section: Option<String>,
    rows: u64,
    /// By what they are ranked, alike for all of them.
    measure: Option<Value>,
}

impl<'a> Listed<'a> {
    /// For an answer with so many ranks, or without ranks.
    pub fn new(insight: &'a Insight, top: Option<i64>) -> Self {
        let most = top.map_or(MOST, |top| usize::try_from(top).unwrap_or(MOST).max(LEAST));
        let section = SECTIONS.iter().find_map(|name| insight.column(name));
        Self { insight, most, section, in_section: 0, columns: Vec::new(), rows: Vec::new(), left: Vec::new() }
    }

    /// How many rows have to come for all to be known that is said of them; None where each counts, as the parts of an
    /// answer have lists of their own.
    pub fn wanted(&self) -> Option<usize> {
        (self.section.is_none() && self.most < MOST).then_some(self.most + 1)
    }

    /// Takes how many rows there are in all, where no more were asked for than are wanted.
    pub fn found(&mut self, all: u64) {
        if let Some(left) = self.left.last_mut() {
            left.rows = all.saturating_sub(self.rows.len() as u64).max(left.rows);
        }
    }

    /// How many rows are not listed.
    pub fn left_out(&self) -> u64 {
        self.left.iter().map(|left| left.rows).sum()
    }

    /// What there is to say about them.
    pub fn remarks(&self) -> Vec<String> {
        self.left.iter().map(|left| self.remark(left)).collect()
    }

    fn remark(&self, left: &Left) -> String {
        let section = left.section.as_ref().map_or_else(String::new, |section| format!("{section}: "));
        let rows = thousands(left.rows);
        if !self.insight.takes("top") {
            return format!("{section}and {rows} more rows, which are counted, not listed");
        }
        let measure = left.measure.as_ref().map_or_else(String::new, |measure| format!(" ({} {measure})", self.insight.unit));
        format!("{section}and {rows} more share the last place listed{measure}; they are counted, not listed")
    }

    fn is_same_section(&self, row: &[Value]) -> bool {
        let value = |row: &[Value]| self.section.and_then(|at| row.get(at)).cloned();
        self.rows.last().is_some_and(|last| value(last) == value(row))
    }
}

impl Rows for Listed<'_> {
    fn columns(&mut self, names: &[String]) -> Result<()> {
        self.columns = names.to_vec();
        Ok(())
    }

    fn row(&mut self, values: Vec<Value>) -> Result<()> {
        if !self.is_same_section(&values) {
            self.in_section = 0;
        }
        if self.in_section < self.most {
            self.in_section += 1;
            self.rows.push(values);
            return Ok(());
        }
        // Beyond so many rows as there are ranks, all share the last one.
        if self.in_section == self.most {
            let section = self.section.and_then(|at| values.get(at)).map(ToString::to_string);
            let measure = self.insight.column(self.insight.unit).and_then(|at| values.get(at)).cloned();
            self.left.push(Left { section, rows: 0, measure });
            self.in_section += 1;
        }
        if let Some(left) = self.left.last_mut() {
            left.rows += 1;
        }
        Ok(())
    }
}

/// How many ranks are asked for, of the parameters in force.
pub(super) fn top(insight: &Insight, parameters: &[(String, String)]) -> Option<i64> {
    let is_rank =
        |name: &str| insight.parameters.iter().any(|p| p.name == name && matches!(p.kind, ParameterKind::Integer { .. }));
    parameters.iter().find(|(name, _)| name == "top" && is_rank(name)).and_then(|(_, value)| value.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::insights::catalogue;

    fn listed(name: &str, top: i64, rows: impl Iterator<Item = (&'static str, i64)>) -> (Vec<usize>, Vec<String>) {
        let insight = catalogue::all().into_iter().find(|insight| insight.name == name).unwrap();
        let mut listed = Listed::new(&insight, Some(top));
        for (section, plays) in rows {
            let value = |name: &str| match name {
                "kind" => Value::from(section),
                "plays" => Value::from(plays),
                _ => Value::Null,
            };
            listed.row(insight.columns.iter().map(|column| value(column.name)).collect()).unwrap();
        }
        let count = |section: &str| listed.rows.iter().filter(|row| row.contains(&Value::from(section))).count();
        (vec![listed.rows.len(), count("metro"), count("state")], listed.remarks())
    }

    #[test]
    fn few_ties_are_all_listed() {
        let (counts, remarks) = listed("top_songs", 20, (0..100).map(|_| ("", 1)));
        assert_eq!((counts[0], remarks.len()), (100, 0));
        let (counts, remarks) = listed("top_songs", 150, (0..150).map(|n| ("", n)));
        assert_eq!((counts[0], remarks.len()), (150, 0));
    }

    #[test]
    fn many_ties_are_counted() {
        let (counts, remarks) = listed("top_songs", 20, (0..3_000).map(|_| ("", 1)));
        assert_eq!(counts[0], 100);
        assert_eq!(remarks, ["and 2,900 more share the last place listed (plays 1); they are counted, not listed"]);
    }

    #[test]
    fn rows_beyond_the_list_are_counted_where_they_are() {
        let insight = catalogue::all().into_iter().find(|insight| insight.name == "top_songs").unwrap();
        let mut listed = Listed::new(&insight, Some(20));
        let rows = listed.wanted().unwrap();
        assert_eq!(rows, 101);
        for _ in 0..rows {
            listed.row(vec![Value::from(1); insight.columns.len()]).unwrap();
        }
        listed.found(3_000_000);
        assert_eq!((listed.rows.len(), listed.left_out()), (100, 2_999_900));
        let geo = catalogue::all().into_iter().find(|insight| insight.name == "geo").unwrap();
        assert_eq!(Listed::new(&geo, Some(20)).wanted(), None);
    }

    #[test]
    fn each_kind_has_a_list_of_its_own() {
        let metros = (0..1_000).map(|_| ("metro", 2));
        let (counts, remarks) = listed("geo", 20, metros.chain((0..101).map(|_| ("state", 3))));
        assert_eq!(counts, [200, 100, 100]);
        assert_eq!(remarks.len(), 2);
        assert!(remarks[0].starts_with("metro: and 900 more") && remarks[1].starts_with("state: and 1 more"), "{remarks:?}");
    }
}
