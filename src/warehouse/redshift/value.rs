//! Values out of the text that the server sends for them.

use crate::warehouse::Value;

/// The numbers that the catalogue has for types.
mod types {
    pub const BOOLEAN: u32 = 16;
    pub const INTEGERS: [u32; 4] = [20, 21, 23, 26];
    pub const FLOATS: [u32; 2] = [700, 701];
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
        id if types::FLOATS.contains(&id) => text.parse().map_or_else(|_| as_text(), Value::Float),
        // Sums of whole numbers are whole; everything else of this type is an approximation here.
        types::NUMERIC => {
            let whole = text.parse().map(Value::Integer);
            whole.or_else(|_| text.parse().map(Value::Float)).unwrap_or_else(|_| as_text())
        }
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
        assert_eq!(of_text(1700, Some("0.25")), Value::Float(0.25));
        assert_eq!(of_text(701, Some("277.15873")), Value::Float(277.158_73));
        assert_eq!(of_text(16, Some("t")), Value::Boolean(true));
        assert_eq!(of_text(1042, Some("ts   ")), Value::Text("ts".to_owned()));
        assert_eq!(of_text(20, None), Value::Null);
    }
}
