//! The JSON scanner: finds where each value of an object begins and ends, without copying any.
//!
//! It checks the grammar of everything it skips, strings' escapes included, so that a value it hands out can be
//! converted without a second check. It works on bytes that are known to be valid UTF-8.

use super::Malformed;

/// How deep values may nest, the record itself included. Deeper input is refused rather than followed.
const MAX_DEPTH: u32 = 127;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum TokenKind {
    /// The key did not occur.
    #[default]
    Absent,
    Null,
    /// A string without escapes; the span excludes the quotes.
    Plain,
    /// A string with at least one escape; the span excludes the quotes.
    Escaped,
    /// A number without fraction and exponent.
    Whole,
    /// Any other number.
    Number,
    Bool,
    Array,
    Object,
}

/// One value of the record under the scanner: its kind and where it stands. Small, so that it travels in registers; the
/// bytes under one scanner stay far below 4 GiB.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Token {
    start: u32,
    end: u32,
    pub kind: TokenKind,
    /// All the value's bytes are ASCII. False where nobody looked.
    pub is_ascii: bool,
}

impl Token {
    #[inline]
    pub fn new(kind: TokenKind, start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32, kind, is_ascii: false }
    }

    /// The same, and whether it is known that all bytes are ASCII.
    #[inline]
    pub fn with_ascii(self, is_ascii: bool) -> Self {
        Self { is_ascii, ..self }
    }

    /// The value's bytes among those scanned.
    #[inline]
    pub fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// Where the value begins among the bytes scanned.
    #[inline]
    pub fn start(self) -> usize {
        self.start as usize
    }

    /// Whether there are no bytes.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// A short text to compare with in one step. Longer ones never match, which costs time but no correctness.
#[derive(Clone, Copy)]
pub(super) struct Pattern {
    text: u128,
    mask: u128,
    len: usize,
}

impl Pattern {
    /// The pattern `"key":`, as compact writers put it.
    pub const fn of_key(key: &str) -> Self {
        let (key, len) = (key.as_bytes(), key.len() + 3);
        let mut bytes = [0; 16];
        if len > 16 {
            return Self { text: 1, mask: 0, len };
        }
        bytes[0] = b'"';
        let mut i = 0;
        while i < key.len() {
            bytes[i + 1] = key[i];
            i += 1;
        }
        bytes[len - 2] = b'"';
        bytes[len - 1] = b':';
        let mask = if len < 16 { (1 << (8 * len)) - 1 } else { u128::MAX };
        Self { text: u128::from_le_bytes(bytes), mask, len }
    }

    /// Where the text ends if it stands at `at`, and sixteen bytes are left to compare with.
    #[inline(always)]
    pub fn behind(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let sixteen = bytes.get(at..at + 16).and_then(|b| b.try_into().ok()).map(u128::from_le_bytes)?;
        (sixteen & self.mask == self.text).then_some(at + self.len)
    }
}

/// A position in the bytes being scanned. What finds a fault returns None and leaves the fault here, so that the usual
/// case carries nothing of it.
#[derive(Clone, Copy)]
pub(super) struct Scanner<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
    fault: Malformed,
}

impl<'a> Scanner<'a> {
    pub fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, fault: Malformed { at, what: "" } }
    }

    #[inline]
    pub fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Notes what is wrong here.
    #[cold]
    pub fn fail<T>(&mut self, what: &'static str) -> Option<T> {
        let at_end = self.at >= self.bytes.len();
        let what = if at_end { "the text ends in the middle of a value" } else { what };
        self.fault = Malformed { at: self.at, what };
        None
    }

    /// The fault that was found last.
    pub fn fault(&self) -> Malformed {
        self.fault
    }

    #[inline]
    pub fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.at += 1;
        }
    }

    #[inline]
    pub fn expect(&mut self, byte: u8, what: &'static str) -> Option<()> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Some(())
        } else {
            self.fail(what)
        }
    }

    /// Steps over the pattern if it stands here.
    #[inline]
    pub fn eat_pattern(&mut self, pattern: &Pattern) -> bool {
        let behind = pattern.behind(self.bytes, self.at);
        self.at = behind.unwrap_or(self.at);
        behind.is_some()
    }

    /// Steps over `literal` if it stands here.
    #[inline]
    pub fn eat(&mut self, literal: &[u8]) -> bool {
        let found = self.bytes.get(self.at..self.at + literal.len()) == Some(literal);
        if found {
            self.at += literal.len();
        }
        found
    }

    /// The string whose opening quote was just passed.
    #[inline(always)]
    pub fn string(&mut self) -> Option<Token> {
        let start = self.at;
        let mut kind = TokenKind::Plain;
        loop {
            self.at += plain_run(&self.bytes[self.at..]);
            match self.peek() {
                Some(b'"') => {
                    let token = Token::new(kind, start, self.at);
                    self.at += 1;
                    return Some(token);
                }
                Some(b'\\') => {
                    kind = TokenKind::Escaped;
                    self.escape()?;
                }
                _ => return self.fail("a control character inside a string"),
            }
        }
    }

    #[inline(never)]
    fn escape(&mut self) -> Option<()> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 2;
                Some(())
            }
            Some(b'u') => {
                let Some(unit) = hex4(self.bytes, self.at + 2) else {
                    self.at = (self.at + 6).min(self.bytes.len());
                    return self.fail("a \\u escape without four hex digits");
                };
                self.at += 6;
                match unit {
                    0xD800..=0xDBFF => {
                        let low = (self.bytes.get(self.at..self.at + 2) == Some(b"\\u"))
                            .then(|| hex4(self.bytes, self.at + 2))
                            .flatten();
                        if matches!(low, Some(0xDC00..=0xDFFF)) {
                            self.at += 6;
                            Some(())
                        } else {
                            self.fail("half of a surrogate pair")
                        }
                    }
                    0xDC00..=0xDFFF => self.fail("half of a surrogate pair"),
                    _ => Some(()),
                }
            }
            _ => {
                self.at = (self.at + 1).min(self.bytes.len());
                self.fail("an unknown escape in a string")
            }
        }
    }

    /// The value that begins here.
    #[inline(always)]
    pub fn value(&mut self) -> Option<Token> {
        let start = self.at;
        let kind = match self.peek() {
            Some(b'"') => {
                self.at += 1;
                return self.string();
            }
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b'n') => self.literal(b"null", TokenKind::Null)?,
            Some(b't') => self.literal(b"true", TokenKind::Bool)?,
            Some(b'f') => self.literal(b"false", TokenKind::Bool)?,
            Some(b'[') => {
                self.nested(1)?;
                TokenKind::Array
            }
            Some(b'{') => {
                self.nested(1)?;
                TokenKind::Object
            }
            _ => return self.fail("a value was expected"),
        };
        Some(Token::new(kind, start, self.at))
    }

    #[inline]
    fn literal(&mut self, word: &'static [u8], kind: TokenKind) -> Option<TokenKind> {
        if self.eat(word) { Some(kind) } else { self.fail("a value was expected") }
    }

    #[inline(always)]
    fn number(&mut self) -> Option<TokenKind> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return self.fail("a number without digits"),
        }
        if !matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
            return Some(TokenKind::Whole);
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits("a number that ends in a point")?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.some_digits("a number without an exponent's digits")?;
        }
        Some(TokenKind::Number)
    }

    #[inline(always)]
    fn digits(&mut self) {
        while self.bytes.get(self.at..self.at + 8).and_then(|b| b.try_into().ok()).is_some_and(eight_digits) {
            self.at += 8;
        }
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
    }

    fn some_digits(&mut self, what: &'static str) -> Option<()> {
        let start = self.at;
        self.digits();
        if self.at == start { self.fail(what) } else { Some(()) }
    }

    /// Skips an array or object that begins here. A loop with a stack of one bit a level, not recursion, so that
    /// hostile nesting costs nothing.
    fn nested(&mut self, outer: u32) -> Option<()> {
        let mut is_object: u128 = 0;
        let mut depth = outer;
        let mut open = true;
        loop {
            if open {
                if depth >= MAX_DEPTH {
                    return self.fail("values nested too deep");
                }
                let object = self.peek() == Some(b'{');
                self.at += 1;
                depth += 1;
                is_object = is_object << 1 | u128::from(object);
                self.skip_space();
                let close = if object { b'}' } else { b']' };
                if self.peek() != Some(close) {
                    open = self.element(object)?;
                    continue;
                }
            }
            // Here a value has just ended: close what can be closed, or go on behind a comma.
            open = false;
            self.skip_space();
            let object = is_object & 1 == 1;
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.skip_space();
                    open = self.element(object)?;
                }
                Some(b'}') if object => depth = self.close(&mut is_object, depth),
                Some(b']') if !object => depth = self.close(&mut is_object, depth),
                _ => return self.fail("a comma or a closing bracket was expected"),
            }
            if depth == outer {
                return Some(());
            }
        }
    }

    fn close(&mut self, is_object: &mut u128, depth: u32) -> u32 {
        self.at += 1;
        *is_object >>= 1;
        depth - 1
    }

    /// One element of an array or object: skips a plain value, or stops before a bracket and returns true.
    fn element(&mut self, object: bool) -> Option<bool> {
        if object {
            self.expect(b'"', "a key in quotes was expected")?;
            self.string()?;
            self.skip_space();
            self.expect(b':', "a colon was expected")?;
            self.skip_space();
        }
        if let Some(b'[' | b'{') = self.peek() {
            return Some(true);
        }
        self.value().map(|_| false)
    }
}

/// Whether all eight bytes are decimal digits.
#[inline]
pub(super) fn eight_digits(bytes: [u8; 8]) -> bool {
    let word = u64::from_le_bytes(bytes);
    // A digit's upper half is 3, and adding 6 keeps it so.
    const UPPER: u64 = u64::MAX / 255 * 0xF0;
    const THREES: u64 = u64::MAX / 255 * 0x30;
    (word & UPPER) == THREES && (word.wrapping_add(u64::MAX / 255 * 0x06) & UPPER) == THREES
}

/// How many bytes from the start can stand in a string as they are: no quote, backslash or control character.
///
/// Eight bytes a step: a byte's high bit is set where it is one of the three. Lower set bits are exact; a false one can
/// only stand above a true one, so the first is right.
#[inline(always)]
fn plain_run(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES * 0x80;
    let (words, tail) = bytes.as_chunks::<8>();
    for (i, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quote = word ^ (ONES * u64::from(b'"'));
        let backslash = word ^ (ONES * u64::from(b'\\'));
        let found = ((quote.wrapping_sub(ONES) & !quote)
            | (backslash.wrapping_sub(ONES) & !backslash)
            | (word.wrapping_sub(ONES * 0x20) & !word))
            & HIGHS;
        if found != 0 {
            return i * 8 + (found.trailing_zeros() / 8) as usize;
        }
    }
    bytes.len() - tail.len() + tail.iter().take_while(|&&b| b != b'"' && b != b'\\' && b >= 0x20).count()
}

/// The four hex digits at `at` as a UTF-16 unit.
pub(super) fn hex4(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 4)?.iter().try_fold(0u16, |unit, &b| {
        let digit = (b as char).to_digit(16)?;
        Some(unit << 4 | digit as u16)
    })
}
