//! `sparkify digest`: a number of rows and a digest of each table, to compare warehouses by.

use super::{open_tables, print_answer};
use crate::cli::{DigestArgs, Format};
use crate::digest;
use crate::error::{EXIT_DONE, Result};
use crate::interrupt::Interrupt;
use crate::settings::Settings;
use crate::warehouse::{Answer, Value};

pub(super) fn run(args: &DigestArgs, settings: &Settings, interrupt: &Interrupt) -> Result<u8> {
    let mut warehouse = open_tables(settings, interrupt)?;
    let digests = digest::digest(&mut warehouse)?;
    let row = |d: digest::TableDigest| vec![d.table.into(), Value::Integer(d.rows), d.digest.into()];
    let answer =
        Answer { columns: ["table", "rows", "digest"].map(str::to_owned).to_vec(), rows: digests.into_iter().map(row).collect() };
    print_answer(&answer, if args.json { Format::Json } else { Format::Table })?;
    Ok(EXIT_DONE)
}
