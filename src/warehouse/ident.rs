//! The only code that quotes names and texts for SQL.

/// A name as an identifier.
#[must_use]
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as a literal.
#[must_use]
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_cannot_end_the_quoting() {
        assert_eq!(identifier("a\"; drop table x"), "\"a\"\"; drop table x\"");
        assert_eq!(literal("it's"), "'it''s'");
    }
}
