//! What a cluster costs, from a small table that the settings hold and the user can change.

use std::fmt;
use std::str::FromStr;

use super::shape::Shape;
use crate::error::{Error, Kind, Result};

/// When the table below was put together.
pub const DEFAULT_AS_OF: &str = "2026-10";
/// List prices on demand in us-east-1, in US dollars: a node's or an RPU's by the hour, storage by GB and month. What is
/// not in it has no price that could be looked up.
pub const DEFAULT_TABLE: &str = "ra3.large=0.543 ra3.xlplus=1.086 ra3.4xlarge=3.26 ra3.16xlarge=13.04 rpu=0.375 storage=0.024";

const HOURS_A_MONTH: f64 = 730.0;

/// The table.
#[derive(Debug, Clone, PartialEq)]
pub struct Prices {
    /// When it was right.
    pub as_of: String,
    table: Vec<(String, f64)>,
}

impl Default for Prices {
    fn default() -> Self {
        Self { as_of: DEFAULT_AS_OF.to_owned(), table: read(DEFAULT_TABLE).unwrap_or_default() }
    }
}

impl FromStr for Prices {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(Self { as_of: DEFAULT_AS_OF.to_owned(), table: read(text)? })
    }
}

impl fmt::Display for Prices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<String> = self.table.iter().map(|(name, price)| format!("{name}={price}")).collect();
        f.write_str(&rows.join(" "))
    }
}

fn read(text: &str) -> Result<Vec<(String, f64)>> {
    let row = |row: &str| {
        let (name, price) = row.split_once('=')?;
        let price: f64 = price.parse().ok()?;
        (!name.is_empty() && (0.0..1e6).contains(&price)).then(|| (name.to_owned(), price))
    };
    let bad = |text: &str| {
        Error::new(Kind::Settings, format!("invalid price `{text}`"))
            .with_hint("expected `ra3.large=0.543 rpu=0.375 storage=0.024`, in one currency, separated by spaces")
    };
    text.split_whitespace().map(|text| row(text).ok_or_else(|| bad(text))).collect()
}

/// What something costs while it runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cost {
    /// An hour; `None` when the table has no price for it.
    pub(super) hour: Option<f64>,
    /// The most that a day can cost, where that is limited.
    pub(super) most_a_day: Option<f64>,
}

impl Cost {
    /// A month that never pauses.
    pub(super) fn month(self) -> Option<f64> {
        self.most_a_day.map(|day| day * HOURS_A_MONTH / 24.0).or(self.hour.map(|hour| hour * HOURS_A_MONTH))
    }
}

impl Prices {
    /// The same prices, with the time when they were right.
    #[must_use]
    pub fn dated(self, as_of: Option<String>) -> Self {
        Self { as_of: as_of.unwrap_or(self.as_of), ..self }
    }

    fn of(&self, name: &str) -> Option<f64> {
        self.table.iter().find(|(row, _)| row == name).map(|(_, price)| *price)
    }

    /// A GB of storage for a month.
    pub(super) fn storage(&self) -> Option<f64> {
        self.of("storage")
    }

    /// So many nodes of a type.
    pub(super) fn nodes(&self, node_type: &str, count: u32) -> Cost {
        Cost { hour: self.of(node_type).map(|price| price * f64::from(count)), most_a_day: None }
    }

    /// A workgroup of so many Redshift processing units, with a limit of RPU hours a day.
    pub(super) fn workgroup(&self, rpu: u32, hours_a_day: u32) -> Cost {
        let price = self.of("rpu");
        Cost { hour: price.map(|price| price * f64::from(rpu)), most_a_day: price.map(|price| price * f64::from(hours_a_day)) }
    }

    /// Lines that say what something costs, and how far to trust them.
    pub(super) fn lines(&self, cost: Cost, shape: Shape) -> Vec<String> {
        let mut lines = Vec::new();
        match (cost.hour, cost.most_a_day, cost.month()) {
            (Some(hour), Some(day), Some(month)) => lines.push(format!(
                "{hour:.3} USD an hour while it computes, nothing while idle; at most {day:.2} a day, {month:.2} a month"
            )),
            (Some(hour), None, Some(month)) => {
                lines.push(format!("{hour:.3} USD an hour while it runs, {month:.2} a month if it never pauses"));
            }
            _ => lines.push("the table of prices has none for it: set cluster.prices".to_owned()),
        }
        if let Some(storage) = self.storage() {
            let when = if shape == Shape::Provisioned { ", paused or not" } else { "" };
            lines.push(format!("{storage:.3} USD a GB and month of storage and snapshots{when}"));
        }
        lines.push(format!(
            "list prices of us-east-1 as of {}, from cluster.prices; AWS publishes the current ones: https://aws.amazon.com/redshift/pricing",
            self.as_of
        ));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_follow_the_table() {
        let prices: Prices = "ra3.large=0.5 rpu=0.4".parse().unwrap();
        let cost = prices.nodes("ra3.large", 2);
        assert_eq!((cost.hour, cost.month()), (Some(1.0), Some(730.0)));
        assert_eq!(prices.nodes("rg.large", 1).month(), None);
        let cost = prices.workgroup(4, 10);
        assert_eq!((cost.hour, cost.most_a_day), (Some(1.6), Some(4.0)));
        assert!(prices.lines(cost, Shape::Serverless)[0].contains("at most 4.00 a day"));
        assert!(prices.lines(prices.nodes("rg.large", 1), Shape::Provisioned)[0].contains("cluster.prices"));
    }

    #[test]
    fn tables_are_read_and_shown() {
        assert_eq!(Prices::default().to_string(), DEFAULT_TABLE);
        for bad in ["ra3.large", "x=y", "=1", "a=-1"] {
            assert!(bad.parse::<Prices>().is_err(), "{bad}");
        }
    }
}
