//! `sparkify sql`: one question to the warehouse, which is opened read-only.

use super::{open_read_only, print_query};
use crate::cli::SqlArgs;
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::settings::Settings;
use crate::warehouse::SqlText;

pub(super) fn run(args: &SqlArgs, settings: &Settings, interrupt: &Interrupt) -> Result<u8> {
    let mut warehouse = open_read_only(settings, interrupt)?;
    let query = SqlText { name: "the query", text: &args.query };
    print_query(warehouse.as_mut(), query, &[], args.format)
}
