//! Cells of comma-separated values: what a terminal or a spreadsheet would do with them.

use std::io::IsTerminal;

use super::visible::sanitized;

/// How a spreadsheet recognizes a formula: by the first character. The wide forms are taken for the narrow ones.
const BEGINS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// A cell: on stdout, if that is a terminal, so that it cannot do anything to it, else as it is; with `guard`, so that no
/// spreadsheet takes a text for a formula.
#[must_use]
pub fn csv_field(text: String, on_stdout: bool, guard: bool) -> String {
    let text = if on_stdout && std::io::stdout().is_terminal() { sanitized(&text) } else { text };
    if guard { guarded(text) } else { text }
}

/// A text with an apostrophe in front if a spreadsheet would take it for a formula. Numbers stay numbers.
fn guarded(text: String) -> String {
    let is_number =
        || text.parse::<f64>().is_ok() && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E'));
    if text.starts_with(BEGINS) && !is_number() { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_would_be_formulas_are_guarded() {
        for text in ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "-inf", "+", "-"] {
            assert_eq!(csv_field(text.to_owned(), false, true), format!("'{text}"));
            assert_eq!(csv_field(text.to_owned(), false, false), text);
        }
        for text in ["", "a=1", "-1", "-1.5", "+3e-9", " =1", "'=1", "Björk"] {
            assert_eq!(csv_field(text.to_owned(), false, true), text);
        }
    }
}
