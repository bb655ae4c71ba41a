//! `sparkify runs`: the runs that changed the warehouse.

use super::{open_any_tables, print_query};
use crate::cli::{Format, RunsArgs};
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::settings::Settings;
use crate::warehouse::Statement;

pub(super) fn run(args: &RunsArgs, settings: &Settings, interrupt: &Interrupt) -> Result<u8> {
    let mut warehouse = open_any_tables(settings, interrupt)?;
    let format = if args.json { Format::Json } else { Format::Table };
    let query = Statement::Runs.query(warehouse.dialect());
    print_query(&mut warehouse, query, &[], format)
}
