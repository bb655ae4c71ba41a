//! Finding a record's fields: an object's known keys and where their values stand.

use super::token::{Pattern, Scanner, Token, TokenKind};
use super::{UnknownKeys, count_unknown_key, text};
use crate::record::FieldSpec;

/// The fields of records of one kind, and the order in which the last record had them.
///
/// Writers keep to one order of keys, so each key is first compared with the one that stood there in the record
/// before. The guess is for speed only: a key that is not the guessed one is looked up.
pub(super) struct FieldFinder<const N: usize> {
    specs: &'static [FieldSpec; N],
    /// `"key":` as compact writers put it, for each field.
    patterns: [Pattern; N],
    /// The field at each place of the last record.
    order: Vec<u8>,
    pub tokens: [Token; N],
    pub unknown: UnknownKeys,
}

impl<const N: usize> FieldFinder<N> {
    pub fn new(specs: &'static [FieldSpec; N]) -> Self {
        Self {
            specs,
            patterns: std::array::from_fn(|i| Pattern::of_key(specs[i].key)),
            order: (0..N as u8).collect(),
            tokens: [Token::default(); N],
            unknown: UnknownKeys::new(),
        }
    }

    /// Reads the object that begins at the scanner into `tokens`; None if it is malformed. Of a key that occurs twice the
    /// last value counts.
    pub fn read(&mut self, scanner: &mut Scanner<'_>) -> Option<()> {
        self.tokens = [Token::default(); N];
        scanner.expect(b'{', "an object was expected")?;
        scanner.skip_space();
        if scanner.peek() == Some(b'}') {
            scanner.at += 1;
            return Some(());
        }
        let mut place = 0;
        loop {
            let field = match self.order.get(place) {
                Some(&guess) if scanner.eat_pattern(&self.patterns[guess as usize]) => Some(guess),
                _ => self.look_up_key(scanner, place)?,
            };
            scanner.skip_space();
            let token = scanner.value()?;
            if let Some(field) = field {
                self.tokens[field as usize] = token;
                place += 1;
            }
            if scanner.peek() == Some(b',') {
                scanner.at += 1;
                if scanner.peek() == Some(b'"') {
                    continue;
                }
            } else {
                scanner.skip_space();
                match scanner.peek() {
                    Some(b'}') => {
                        scanner.at += 1;
                        return Some(());
                    }
                    Some(b',') => scanner.at += 1,
                    _ => return scanner.fail("a comma or the closing brace was expected"),
                }
            }
            scanner.skip_space();
        }
    }

    /// The field of the key that begins here, None for an unknown one; remembers it for the next record.
    fn look_up_key(&mut self, scanner: &mut Scanner<'_>, place: usize) -> Option<Option<u8>> {
        scanner.expect(b'"', "a key in quotes was expected")?;
        let token = scanner.string()?;
        let raw = token.of(scanner.bytes);
        let mut unescaped = Vec::new();
        let key = if token.kind == TokenKind::Escaped {
            text::unescape(raw, &mut unescaped);
            &unescaped[..]
        } else {
            raw
        };
        let field = self.specs.iter().position(|spec| spec.key.as_bytes() == key).map(|i| i as u8);
        scanner.skip_space();
        scanner.expect(b':', "a colon was expected")?;
        if let Some(field) = field {
            if place < self.order.len() {
                self.order[place] = field;
            } else if place < 2 * N {
                self.order.push(field);
            }
        } else {
            count_unknown_key(&mut self.unknown, &String::from_utf8_lossy(key), 1);
        }
        Some(field)
    }
}
