//! The words of SQL: enough of a lexer to tell names, texts and signs apart, and one statement from the next.

/// What a piece of SQL is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Is {
    /// A keyword or an unquoted name.
    Word,
    /// A name in double quotes.
    Name,
    /// A text in single quotes. As in PostgreSQL 8, a backslash escapes what follows.
    Text,
    Number,
    /// `$1`
    Parameter,
    /// `$$ … $$`
    Dollars,
    Sign,
}

/// A piece of a statement, comments left out.
#[derive(Debug, Clone, Copy)]
pub struct Token<'a> {
    pub is: Is,
    /// As it was written, quotes included.
    pub text: &'a str,
    /// Where it begins in the whole.
    pub at: usize,
}

impl Token<'_> {
    /// Whether it is this keyword or this sign.
    pub fn says(&self, word: &str) -> bool {
        matches!(self.is, Is::Word | Is::Sign) && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is one of these keywords or signs.
    pub fn says_one_of(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.says(word))
    }

    /// Whether it names something.
    pub fn is_name(&self) -> bool {
        matches!(self.is, Is::Word | Is::Name)
    }

    /// The name, folded as Redshift folds it: to lower case, quoted or not.
    pub fn name(&self) -> String {
        match self.is {
            Is::Name => self.text[1..self.text.len() - 1].replace("\"\"", "\"").to_lowercase(),
            _ => self.text.to_lowercase(),
        }
    }

    /// The content of a text.
    pub fn content(&self) -> String {
        let mut content = String::new();
        let mut rest = self.text[1..self.text.len() - 1].chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '\'' => {
                    rest.next();
                    content.push('\'');
                }
                '\\' => match rest.next() {
                    Some('n') => content.push('\n'),
                    Some('t') => content.push('\t'),
                    Some('r') => content.push('\r'),
                    Some(other) => content.push(other),
                    None => {}
                },
                _ => content.push(c),
            }
        }
        content
    }

    /// Where it ends in the whole.
    pub fn end(&self) -> usize {
        self.at + self.text.len()
    }
}

/// Whether the tokens from `at` on are these words.
pub fn says_all(tokens: &[Token<'_>], at: usize, words: &[&str]) -> bool {
    words.iter().enumerate().all(|(i, word)| tokens.get(at + i).is_some_and(|token| token.says(word)))
}

/// The place of the bracket that closes the one at `open`.
pub fn closing(tokens: &[Token<'_>], open: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        if token.says("(") {
            depth += 1;
        } else if token.says(")") {
            depth -= 1;
            if depth == 0 {
                return Some(at);
            }
        }
    }
    None
}

/// The parts between the commas that stand in no further bracket.
pub fn parts<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let (mut found, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, token) in tokens.iter().enumerate() {
        if token.says("(") {
            depth += 1;
        } else if token.says(")") {
            depth -= 1;
        } else if depth == 0 && token.says(",") {
            found.push(&tokens[start..at]);
            start = at + 1;
        }
    }
    found.push(&tokens[start..]);
    found
}

/// The statements of a query, without the semicolons; those that say nothing are left out.
///
/// # Errors
/// What is left open at the end.
pub fn statements(query: &str) -> Result<Vec<(&str, Vec<Token<'_>>)>, String> {
    let mut found = Vec::new();
    let mut current: Vec<Token<'_>> = Vec::new();
    for token in tokens(query)? {
        if token.says(";") {
            finish(query, &mut current, &mut found);
        } else {
            current.push(token);
        }
    }
    finish(query, &mut current, &mut found);
    Ok(found)
}

fn finish<'a>(query: &'a str, current: &mut Vec<Token<'a>>, found: &mut Vec<(&'a str, Vec<Token<'a>>)>) {
    if let (Some(first), Some(last)) = (current.first(), current.last()) {
        let start = first.at;
        let text = &query[start..last.end()];
        let tokens = current.iter().map(|token| Token { at: token.at - start, ..*token }).collect();
        found.push((text, tokens));
        current.clear();
    }
}

/// All tokens of a text.
///
/// # Errors
/// What is left open at the end.
pub fn tokens(sql: &str) -> Result<Vec<Token<'_>>, String> {
    let bytes = sql.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let rest = &sql[at..];
        let (is, length) = match byte {
            b if b.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            b'-' if rest.starts_with("--") => {
                at += rest.find('\n').unwrap_or(rest.len());
                continue;
            }
            b'/' if rest.starts_with("/*") => {
                at += comment(rest)?;
                continue;
            }
            b'\'' => (Is::Text, quoted(rest, b'\'').ok_or("unterminated quoted string")?),
            b'"' => (Is::Name, quoted(rest, b'"').ok_or("unterminated quoted identifier")?),
            b'$' if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => {
                (Is::Parameter, 1 + rest[1..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - 1))
            }
            b'$' if rest.starts_with("$$") => (Is::Dollars, rest[2..].find("$$").ok_or("unterminated dollar-quoted string")? + 4),
            b if b.is_ascii_digit() => (Is::Number, number(rest)),
            b'.' if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => (Is::Number, number(rest)),
            b if b.is_ascii_alphabetic() || b == b'_' || b >= 0x80 => {
                let end = rest.find(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && c != '_' && c != '$');
                (Is::Word, end.unwrap_or(rest.len()))
            }
            _ => {
                let pair = ["::", "||", "<=", ">=", "<>", "!="].iter().any(|pair| rest.starts_with(pair));
                (Is::Sign, if pair { 2 } else { 1 })
            }
        };
        found.push(Token { is, text: &rest[..length], at });
        at += length;
    }
    Ok(found)
}

fn comment(rest: &str) -> Result<usize, String> {
    let (mut depth, mut at) = (0, 0);
    let bytes = rest.as_bytes();
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return Ok(at);
        }
    }
    Err("unterminated /* comment".to_owned())
}

fn quoted(rest: &str, quote: u8) -> Option<usize> {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while let Some(&byte) = bytes.get(at) {
        let escapes = byte == b'\\' && quote == b'\'';
        if escapes || (byte == quote && bytes.get(at + 1) == Some(&quote)) {
            at += 2;
        } else if byte == quote {
            return Some(at + 1);
        } else {
            at += 1;
        }
    }
    None
}

fn number(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let digits = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let mut at = digits(0);
    if bytes.get(at) == Some(&b'.') {
        at = digits(at + 1);
    }
    if bytes.get(at).is_some_and(|b| b.eq_ignore_ascii_case(&b'e')) {
        let sign = usize::from(bytes.get(at + 1).is_some_and(|b| matches!(b, b'+' | b'-')));
        let end = digits(at + 1 + sign);
        if end > at + 1 + sign {
            at = end;
        }
    }
    at
}
