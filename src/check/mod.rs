//! Is the data sound? Queries that return the rows that offend, run by hand over everything or by a load over what it
//! touched.

mod limits;
mod list;
mod load;

pub use limits::Limits;
pub use list::{Check, InLoad, Severity, all};
pub use load::{Touched, audit};

use std::time::Instant;

use crate::error::{Kind, Result};
use crate::warehouse::{Param, Rows, Value, Warehouse};

/// Offending rows that a finding keeps to show.
const SAMPLE: usize = 5;

/// What came of a check.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The check.
    pub check: Check,
    /// It was not run, as a setting turns it off.
    pub off: bool,
    /// How many rows offend.
    pub rows: u64,
    /// The names of their columns.
    pub columns: Vec<String>,
    /// The first few of them.
    pub sample: Vec<Vec<Value>>,
    /// Why it could not be run, as when a table that it reads is gone.
    pub error: Option<String>,
    /// How long it took.
    pub seconds: f64,
}

impl Finding {
    /// Nothing, so far.
    fn of(check: Check) -> Self {
        Self { check, off: false, rows: 0, columns: Vec::new(), sample: Vec::new(), error: None, seconds: 0.0 }
    }

    /// One of its rows in one line.
    #[must_use]
    pub fn fields(&self, row: &[Value]) -> String {
        let fields = self.columns.iter().zip(row).filter(|(_, value)| **value != Value::Null);
        fields.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ")
    }

    /// How it went, in a word.
    #[must_use]
    pub fn status(&self) -> &'static str {
        match (self.off, self.failed(), self.blocks()) {
            (true, ..) => "off",
            (_, false, _) => "ok",
            (_, true, true) => "failed",
            (_, true, false) => "warned",
        }
    }

    /// How many rows offend; none where nobody looked or could.
    #[must_use]
    pub fn counted(&self) -> Option<u64> {
        (!self.off && self.error.is_none()).then_some(self.rows)
    }

    /// Whether something is wrong.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.rows > 0 || self.error.is_some()
    }

    /// Whether something is so wrong that nobody should use the tables, or nobody can tell.
    #[must_use]
    pub fn blocks(&self) -> bool {
        self.error.is_some() || self.rows > 0 && self.check.severity == Severity::Blocking
    }
}

/// Runs checks over all that the warehouse holds.
///
/// # Errors
/// What the warehouse reports. A check that fails is not an error, nor one that cannot be run while others can.
pub fn run(warehouse: &mut Warehouse, checks: Vec<Check>, limits: &Limits, now_us: i64) -> Result<Vec<Finding>> {
    let parameters = parameters(limits, Touched::everything(), now_us);
    let mut findings = Vec::with_capacity(checks.len());
    for check in checks {
        findings.push(match find(warehouse, check, limits, &parameters) {
            Err(error) if matches!(error.kind(), Kind::Query | Kind::StatementCancelled | Kind::WarehouseDenied) => {
                // What fails and why; where in the query is of no use to who did not write it.
                let reasons: Vec<String> = error.report().lines().take(2).map(|line| line.trim().to_owned()).collect();
                Finding { error: Some(reasons.join("; ")), ..Finding::of(check) }
            }
            found => found?,
        });
    }
    Ok(findings)
}

fn find(warehouse: &mut Warehouse, check: Check, limits: &Limits, parameters: &[Param<'_>]) -> Result<Finding> {
    let started = Instant::now();
    let off = check.off_without.is_some_and(|setting| limits.is_zero(setting));
    let mut offending = Offending::default();
    if !off {
        warehouse.query(check.query(), parameters, &mut offending)?;
    }
    let Offending { columns, sample, rows } = offending;
    Ok(Finding { off, rows, columns, sample, seconds: started.elapsed().as_secs_f64(), ..Finding::of(check) })
}

/// Every parameter that a check may have.
fn parameters(limits: &Limits, touched: Touched, now_us: i64) -> Vec<Param<'static>> {
    let mut parameters = limits.parameters(now_us);
    parameters.extend([
        Param::new("first_id", touched.first_id),
        Param::new("sample_id", touched.sample_id),
        Param::new("relinked_id", touched.relinked_id),
        Param::new("last_id", touched.last_id),
    ]);
    parameters
}

/// Counts rows and keeps the first few.
#[derive(Default)]
struct Offending {
    columns: Vec<String>,
    sample: Vec<Vec<Value>>,
    rows: u64,
}

impl Rows for Offending {
    fn columns(&mut self, names: &[String]) -> Result<()> {
        self.columns = names.to_vec();
        Ok(())
    }

    fn row(&mut self, values: Vec<Value>) -> Result<()> {
        self.rows += 1;
        if self.sample.len() < SAMPLE {
            self.sample.push(values);
        }
        Ok(())
    }
}
