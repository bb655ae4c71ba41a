//! The only code that quotes names for SQL. Values are never quoted: they are bound as parameters.

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
