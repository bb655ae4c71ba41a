//! The command line of `sql`.

use std::path::PathBuf;

use clap::Args;

use super::{Format, WarehouseArgs};

pub(super) const EXAMPLES: &str = "\
Examples:
  sparkify sql \"select song, count(*) as plays from songplays group by song order by plays desc limit 5\"
  sparkify sql \"select * from users\" --format csv --out users.csv
  sparkify sql \"describe songplays\"";

/// Arguments of `sql`.
#[derive(Debug, Args)]
pub struct SqlArgs {
    /// The query, one statement that only reads; it may begin with a comment
    #[arg(allow_hyphen_values = true)]
    pub query: String,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub warehouse: WarehouseArgs,
    /// How to print the rows
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
    /// With --format csv: put an apostrophe before texts that a spreadsheet would take for formulas
    #[arg(long)]
    pub guard_formulas: bool,
    /// Write the rows into this new file; it appears when it is whole
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}
