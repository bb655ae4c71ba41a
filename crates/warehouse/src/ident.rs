//! The only code that quotes names for SQL. Values are bound as parameters; where an engine takes none, `literal` writes them.

/// A name as an identifier.
#[must_use]
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_cannot_end_the_quoting() {
        assert_eq!(identifier("a\"; drop table x"), "\"a\"\"; drop table x\"");
    }
}
