//! Statements about roles and rights, put into PostgreSQL's words. PostgreSQL's roles belong to the whole server, where other
//! stand-ins may have roles of the same names, so each is called after its database there.

use super::refuse::Refusal;
use super::rewrite::rewrite;
use super::token::{Token, parts, says_all};

/// A statement about roles and rights, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub enum Rights {
    /// For PostgreSQL.
    Send(String),
    /// It changes nothing that PostgreSQL knows of.
    Nothing(&'static str),
}

/// What rights there are to what. PostgreSQL has those that stand before the bar.
const RIGHTS: [(&str, &str); 3] = [
    ("table", "select insert update delete references truncate all privileges | drop alter"),
    ("schema", "create usage all privileges | drop alter"),
    ("database", "create temporary temp all privileges | usage alter"),
];

/// What PostgreSQL calls things.
pub struct Names<'a> {
    /// The database, as the client calls it and as the server does.
    pub database: (&'a str, &'a str),
    pub users: &'a [String],
}

/// Whether a statement is about roles or rights.
pub fn is_meant(tokens: &[Token<'_>]) -> bool {
    tokens[0].says_one_of(&["grant", "revoke"])
        || says_all(tokens, 0, &["create", "role"])
        || says_all(tokens, 0, &["drop", "role"])
        || says_all(tokens, 0, &["alter", "role"])
}

fn syntax(token: Option<&Token<'_>>) -> Refusal {
    let message =
        token.map_or("syntax error at end of input".to_owned(), |token| format!("syntax error at or near \"{}\"", token.text));
    Refusal { code: "42601", message }
}

fn lacking(what: &str) -> Refusal {
    Refusal { code: "0A000", message: format!("the stand-in has no {what}") }
}

/// Makes such a statement into PostgreSQL's.
///
/// # Errors
/// What Redshift would say.
pub fn translate(tokens: &[Token<'_>], names: &Names<'_>) -> Result<Rights, Refusal> {
    if tokens[0].says("alter") {
        return Err(lacking("ALTER ROLE"));
    }
    if tokens[0].says_one_of(&["create", "drop"]) {
        let verb = tokens[0].text.to_lowercase();
        let name = tokens.get(2).filter(|token| token.is_name()).ok_or_else(|| syntax(tokens.get(2)))?;
        // Neither `if not exists` nor PostgreSQL's options.
        return match tokens.get(3) {
            None => Ok(Rights::Send(format!("{verb} role {}", names.role(name)))),
            Some(token) if token.says_one_of(&["externalid", "force"]) => Err(lacking(&token.text.to_uppercase())),
            Some(token) => Err(syntax(Some(token))),
        };
    }
    let verb = tokens[0].text.to_lowercase();
    let word = if verb == "grant" { "to" } else { "from" };
    let at = tokens.iter().rposition(|token| token.says(word)).ok_or_else(|| syntax(None))?;
    let (what, whom) = (&tokens[1..at], &tokens[at + 1..]);
    let whom = parts(whom).into_iter().map(|part| names.grantee(part)).collect::<Result<Vec<_>, _>>()?.join(", ");
    let Some(on) = what.iter().position(|token| token.says("on")) else {
        let roles: Result<Vec<String>, Refusal> = parts(what)
            .into_iter()
            .map(|part| match part {
                [role, name] if role.says("role") && name.is_name() => Ok(names.role(name)),
                [first, ..] if !first.says("role") => Err(lacking("rights of the whole system")),
                _ => Err(syntax(part.last())),
            })
            .collect();
        return Ok(Rights::Send(format!("{verb} {} {word} {whom}", roles?.join(", "))));
    };
    let (rights, object) = (&what[..on], &what[on + 1..]);
    let kind = match object.first() {
        Some(first) if first.says_one_of(&["schema", "database"]) => first.text.to_lowercase(),
        Some(first) if first.says_one_of(&["function", "procedure", "language", "model", "datashare", "external"]) => {
            return Err(lacking(&format!("rights to a {}", first.text)));
        }
        Some(_) if !rights.iter().any(|token| token.says("assumerole")) => "table".to_owned(),
        _ => return Err(lacking("ASSUMEROLE")),
    };
    let (known, unknown) = RIGHTS.iter().find(|(name, _)| *name == kind).and_then(|(_, all)| all.split_once('|')).unwrap();
    let has = |list: &str, token: &Token<'_>| list.split_whitespace().any(|right| token.says(right));
    let mut kept = Vec::new();
    for part in parts(rights) {
        let right = part.first().ok_or_else(|| syntax(None))?;
        if has(known, right) {
            kept.push(rewrite(part));
        } else if !has(unknown, right) || part.len() > 1 {
            return Err(syntax(Some(right)));
        }
    }
    if kept.is_empty() {
        return Ok(Rights::Nothing(if verb == "grant" { "GRANT" } else { "REVOKE" }));
    }
    let object = match object {
        [database, name] if database.says("database") && name.name() == names.database.0 => {
            format!("database \"{}\"", names.database.1)
        }
        _ => rewrite(object),
    };
    Ok(Rights::Send(format!("{verb} {} on {object} {word} {whom}", kept.join(", "))))
}

impl Names<'_> {
    fn role(&self, name: &Token<'_>) -> String {
        format!("\"{}:{}\"", self.database.1, name.name().replace('"', "\"\""))
    }

    /// A user, a role or everybody, perhaps with an option behind.
    fn grantee(&self, part: &[Token<'_>]) -> Result<String, Refusal> {
        let (name, rest) = match part {
            [role, name, rest @ ..] if role.says("role") && name.is_name() => (self.role(name), rest),
            [group, name, rest @ ..] if group.says("group") && name.is_name() => (rewrite(&[*group, *name]), rest),
            [name, rest @ ..] if name.is_name() => {
                let known = self.users.iter().find(|user| user.to_lowercase() == name.name());
                (known.map_or_else(|| rewrite(&[*name]), |user| format!("\"{user}\"")), rest)
            }
            _ => return Err(syntax(part.first())),
        };
        let options: [&[&str]; 4] = [&[], &["with", "grant", "option"], &["with", "admin", "option"], &["restrict"]];
        let option = options.iter().find(|words| words.len() == rest.len() && says_all(rest, 0, words));
        let option = option.ok_or_else(|| syntax(rest.first()))?;
        Ok([&[name.as_str()], *option].concat().join(" "))
    }
}
