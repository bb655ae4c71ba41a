//! The question before anything that costs, lets somebody in or destroys.

use std::io::{IsTerminal, Write};

use crate::error::{Error, Kind, Result, io_error};
use crate::output::sanitized_lines;

/// Says what is about to happen and asks on the terminal whether to go on. Without one there is nobody to ask.
///
/// # Errors
/// [`Kind::Interrupted`] when the answer is no, [`Kind::Usage`] without a terminal.
pub(super) fn go_on(notice: &str) -> Result<()> {
    let notice = sanitized_lines(notice);
    if !std::io::stdin().is_terminal() {
        return Err(Error::new(Kind::Usage, notice).with_hint("pass --yes; there is no terminal to ask on"));
    }
    let mut terminal = std::io::stderr().lock();
    let asked = write!(terminal, "{notice}. Go on? [y/N] ").and_then(|()| terminal.flush());
    asked.map_err(|e| io_error("the terminal", "write to", e))?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(|e| io_error("the terminal", "read from", e))?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Error::new(Kind::Interrupted, "not confirmed; nothing was changed")),
    }
}
