//! Values out of the text that the server sends for them.

use crate::Value;

/// The numbers that the catalogue has for types.
mod types {
    pub const BOOLEAN: u32 = 16;
    pub const INTEGERS: [u32; 4] = [20, 21, 23, 26];
    pub const REAL: u32 = 700;
    pub const DOUBLE: u32 = 701;
    pub const NUMERIC: u32 = 1700;
    /// Texts of a fixed length, filled up with blanks.
    pub const CHARACTERS: u32 = 1042;
}

/// The value that a text means in a column of this type.
pub(super) fn of_text(type_id: u32, text: Option<&str>) -> Value {
    let Some(text) = text else { return Value::Null };
    let as_text = || Value::Text(text.to_owned());
    match type_id {
        types::BOOLEAN => Value::Boolean(text == "t" || text == "true"),
        id if types::INTEGERS.contains(&id) => text.parse().map_or_else(|_| as_text(), Value::Integer),
        types::REAL => text.parse().map_or_else(|_| as_text(), Value::of_f32),
        types::DOUBLE => text.parse().map_or_else(|_| as_text(), Value::Float),
        // Sums of whole numbers are whole; others keep their digits, of which a float would lose some.
        types::NUMERIC => text.parse().map_or_else(|_| as_text(), Value::Integer),
        types::CHARACTERS => Value::Text(text.trim_end_matches(' ').to_owned()),
        _ => as_text(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_decide() {
        assert_eq!(of_text(25, Some("39")), Value::Text("39".to_owned()));
        assert_eq!(of_text(20, Some("-39")), Value::Integer(-39));
        assert_eq!(of_text(1700, Some("18446744073709551616")), Value::Integer(1 << 64));
        assert_eq!(of_text(1700, Some("0.250")), Value::Text("0.250".to_owned()));
        assert_eq!(of_text(701, Some("277.15873")), Value::Float(277.158_73));
        assert_eq!(of_text(16, Some("t")), Value::Boolean(true));
        assert_eq!(of_text(1042, Some("ts   ")), Value::Text("ts".to_owned()));
        assert_eq!(of_text(20, None), Value::Null);
    }
}
