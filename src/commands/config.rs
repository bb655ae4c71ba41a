//! `sparkify config`: the settings in force and where each came from.

use crate::cli::{ConfigArgs, Format};
use crate::error::{EXIT_DONE, Result};
use crate::printer::Printer;
use crate::settings::{SETTINGS, Settings};
use crate::warehouse::{Rows, Value};

pub(super) fn run(args: &ConfigArgs, settings: &Settings) -> Result<u8> {
    let format = if args.json { Format::Json } else { Format::Table };
    let mut printer = Printer::new(format, std::io::stdout().lock());
    printer.columns(&["setting", "value", "from", "about"].map(str::to_owned))?;
    for ((name, value, origin), setting) in settings.table().into_iter().zip(SETTINGS) {
        printer.row(vec![
            Value::Text(name.to_owned()),
            value.map_or(Value::Null, Value::Text),
            Value::Text(origin.to_string()),
            Value::Text(setting.described()),
        ])?;
    }
    printer.finish()?;
    Ok(EXIT_DONE)
}
