//! The cost of a cluster, from a small table in the settings that the user can change.

use std::str::FromStr;

use super::shape::Shape;
use crate::error::{Error, Kind, Result};

const HOURS_A_MONTH: f64 = 730.0;

/// The table, in US dollars: a node's or an RPU's price by the hour, storage by GB and month.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Prices {
    table: Vec<(String, f64)>,
}

impl FromStr for Prices {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(Self { table: read(text)? })
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
    /// US dollars an hour; `None` if the table has no price for it.
    pub(super) hour: Option<f64>,
    /// The most that a day can cost, if that is limited.
    pub(super) most_a_day: Option<f64>,
}

impl Cost {
    /// A month that never pauses.
    pub(super) fn month(self) -> Option<f64> {
        self.most_a_day.map(|day| day * HOURS_A_MONTH / 24.0).or(self.hour.map(|hour| hour * HOURS_A_MONTH))
    }
}

impl Prices {
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

    /// Lines that say what something costs, and how far to trust prices that were right at some time.
    pub(super) fn lines(&self, cost: Cost, shape: Shape, as_of: &str) -> Vec<String> {
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
            "list prices of us-east-1 as of {as_of}, from cluster.prices; AWS publishes the current ones: https://aws.amazon.com/redshift/pricing"
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
        assert!(prices.lines(cost, Shape::Serverless, "2026-10")[0].contains("at most 4.00 a day"));
        assert!(prices.lines(prices.nodes("rg.large", 1), Shape::Provisioned, "2026-10")[0].contains("cluster.prices"));
    }

    #[test]
    fn tables_are_read() {
        let prices: Prices = "ra3.large=0.543 rpu=0.375 storage=0.024".parse().unwrap();
        assert_eq!((prices.of("ra3.large"), prices.storage(), prices.of("ra3.xlplus")), (Some(0.543), Some(0.024), None));
        for bad in ["ra3.large", "x=y", "=1", "a=-1"] {
            assert!(bad.parse::<Prices>().is_err(), "{bad}");
        }
    }
}
