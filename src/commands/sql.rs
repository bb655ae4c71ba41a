//! `sparkify sql`: one question to the warehouse, which is opened read-only.

use super::{open_read_only, print_query};
use crate::cli::SqlArgs;
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::settings::Settings;

pub(super) fn run(args: &SqlArgs, settings: &Settings, interrupt: &Interrupt) -> Result<u8> {
    let warehouse = open_read_only(settings, interrupt)?;
    print_query(&warehouse, &args.query, &[], args.format)
}
