//! CREATE TABLE in Redshift's words, made into PostgreSQL's; what PostgreSQL has no word for is kept aside.

use std::fmt::Write;

use super::refuse::{Refusal, after_name};
use super::token::{Is, Token, closing, parts, says_all};

/// How a table lies on the cluster.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Design {
    pub diststyle: String,
    pub distkey: Option<String>,
    /// With the word before it: `compound`, `interleaved` or `auto`.
    pub sort_style: String,
    pub sortkeys: Vec<String>,
    /// Column and encoding.
    pub encodings: Vec<(String, String)>,
    /// The table whose design is taken over.
    pub like: Option<String>,
}

/// A CREATE TABLE for PostgreSQL, with what to keep aside.
#[derive(Debug)]
pub struct Table {
    pub sql: String,
    /// As it is written in SQL.
    pub name: String,
    pub design: Design,
}

fn refused(message: impl Into<String>) -> Refusal {
    Refusal { code: "0A000", message: message.into() }
}

fn syntax(token: Option<&Token<'_>>) -> Refusal {
    let message =
        token.map_or("syntax error at end of input".to_owned(), |token| format!("syntax error at or near \"{}\"", token.text));
    Refusal { code: "42601", message }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Makes a CREATE TABLE or CREATE TABLE AS into PostgreSQL's. `query` rewrites the query of the latter.
///
/// # Errors
/// What Redshift would say.
pub fn create_table(tokens: &[Token<'_>], query: impl Fn(&[Token<'_>]) -> String) -> Result<Table, Refusal> {
    let mut at = 1;
    let mut sql = "create ".to_owned();
    if tokens.get(at).is_some_and(|token| token.says("local")) {
        at += 1;
    }
    let temporary = tokens.get(at).is_some_and(|token| token.says_one_of(&["temp", "temporary"]));
    if temporary {
        sql.push_str("temporary ");
        at += 1;
    }
    if !tokens.get(at).is_some_and(|token| token.says("table")) {
        return Err(syntax(tokens.get(at)));
    }
    sql.push_str("table ");
    at += 1;
    if says_all(tokens, at, &["if", "not", "exists"]) {
        sql.push_str("if not exists ");
        at += 3;
    }
    let end = after_name(tokens, at);
    let names: Vec<String> =
        tokens.get(at..end).unwrap_or_default().iter().filter(|token| !token.says(".")).map(Token::name).collect();
    if !tokens.get(at).is_some_and(Token::is_name) {
        return Err(syntax(tokens.get(at)));
    }
    if temporary && names.len() > 1 {
        return Err(Refusal { code: "42P16", message: "temporary tables cannot specify a schema name".to_owned() });
    }
    // Redshift's names of temporary tables may begin with the number sign; nobody needs it here.
    let name = names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(".");
    sql.push_str(&name);
    at = end;
    let mut design = Design { diststyle: "auto".to_owned(), sort_style: "auto".to_owned(), ..Design::default() };
    let mut body = String::new();
    if tokens.get(at).is_some_and(|token| token.says("(")) {
        let close = closing(tokens, at).ok_or_else(|| syntax(None))?;
        let inside = &tokens[at + 1..close];
        let is_list_of_names =
            inside.iter().all(|token| token.is_name() || token.says(",")) && tokens[close..].iter().any(|token| token.says("as"));
        let items: Result<Vec<String>, Refusal> = parts(inside)
            .into_iter()
            .map(|part| {
                if is_list_of_names {
                    Ok(quoted(&part.first().map(Token::name).unwrap_or_default()))
                } else {
                    item(part, &mut design)
                }
            })
            .collect();
        let items: Vec<String> = items?.into_iter().filter(|item| !item.is_empty()).collect();
        body = format!(" ({})", items.join(", "));
        at = close + 1;
    }
    at = attributes(tokens, at, &mut design)?;
    sql.push_str(&body);
    if let Some(token) = tokens.get(at) {
        if !token.says("as") {
            return Err(syntax(Some(token)));
        }
        sql.push_str(" as ");
        sql.push_str(&query(&tokens[at + 1..]));
    }
    if design.distkey.is_some() {
        if design.diststyle == "auto" {
            "key".clone_into(&mut design.diststyle);
        } else if design.diststyle != "key" {
            return Err(refused(format!("DISTSTYLE {} and DISTKEY exclude each other", design.diststyle.to_uppercase())));
        }
    } else if design.diststyle == "key" {
        return Err(refused("DISTSTYLE KEY needs a DISTKEY"));
    }
    Ok(Table { sql, name, design })
}

/// What stands behind the columns.
fn attributes(tokens: &[Token<'_>], mut at: usize, design: &mut Design) -> Result<usize, Refusal> {
    while let Some(token) = tokens.get(at) {
        if token.says("diststyle") {
            let style = tokens.get(at + 1).filter(|style| style.says_one_of(&["auto", "even", "key", "all"]));
            design.diststyle = style.ok_or_else(|| syntax(tokens.get(at + 1)))?.text.to_lowercase();
            at += 2;
        } else if token.says("distkey") {
            let (names, end) = names_in_brackets(tokens, at + 1)?;
            let [name] = &names[..] else { return Err(refused("DISTKEY takes one column")) };
            set_distkey(design, name)?;
            at = end;
        } else if token.says_one_of(&["compound", "interleaved"]) && tokens.get(at + 1).is_some_and(|next| next.says("sortkey")) {
            token.text.to_lowercase().clone_into(&mut design.sort_style);
            at += 1;
        } else if token.says("sortkey") {
            if tokens.get(at + 1).is_some_and(|next| next.says("auto")) {
                at += 2;
                continue;
            }
            let (names, end) = names_in_brackets(tokens, at + 1)?;
            design.sortkeys = names;
            if design.sort_style == "auto" {
                "compound".clone_into(&mut design.sort_style);
            }
            at = end;
        } else if says_all(tokens, at, &["encode", "auto"]) || token.says("backup") {
            at += 2;
        } else {
            break;
        }
    }
    Ok(at)
}

fn set_distkey(design: &mut Design, name: &str) -> Result<(), Refusal> {
    if design.distkey.replace(name.to_owned()).is_some() {
        return Err(refused("only one column can be the DISTKEY"));
    }
    Ok(())
}

fn names_in_brackets(tokens: &[Token<'_>], open: usize) -> Result<(Vec<String>, usize), Refusal> {
    let close = tokens.get(open).filter(|token| token.says("(")).and_then(|_| closing(tokens, open));
    let close = close.ok_or_else(|| syntax(tokens.get(open)))?;
    Ok((tokens[open + 1..close].iter().filter(|token| token.is_name()).map(Token::name).collect(), close + 1))
}

/// A column, or a condition on the table; the conditions that Redshift does not enforce come out empty.
fn item(part: &[Token<'_>], design: &mut Design) -> Result<String, Refusal> {
    let first = part.first().ok_or_else(|| syntax(None))?;
    if first.says("like") {
        let names: Vec<String> =
            part[1..after_name(part, 1)].iter().filter(|token| !token.says(".")).map(|token| quoted(&token.name())).collect();
        let defaults = if part.iter().any(|token| token.says("including")) { " including defaults" } else { "" };
        let name = names.join(".");
        let text = format!("like {name}{defaults}");
        design.like = Some(name);
        return Ok(text);
    }
    if first.says_one_of(&["constraint", "primary", "unique", "foreign"]) {
        return Ok(String::new());
    }
    column(part, design)
}

/// A column's definition for PostgreSQL.
///
/// # Errors
/// What Redshift would say.
pub fn column(part: &[Token<'_>], design: &mut Design) -> Result<String, Refusal> {
    let name = part[0].name();
    let (kind, mut at) = type_of(part, 1)?;
    let (mut text, mut not_null) = (format!("{} {kind}", quoted(&name)), false);
    while let Some(token) = part.get(at) {
        if says_all(part, at, &["not", "null"]) {
            not_null = true;
            at += 2;
        } else if token.says_one_of(&["null", "unique"]) {
            at += 1;
        } else if says_all(part, at, &["primary", "key"]) {
            not_null = true;
            at += 2;
        } else if token.says("references") {
            at = after_name(part, at + 1);
            if part.get(at).is_some_and(|token| token.says("(")) {
                at = closing(part, at).ok_or_else(|| syntax(None))? + 1;
            }
        } else if token.says("distkey") {
            set_distkey(design, &name)?;
            at += 1;
        } else if token.says("sortkey") {
            design.sortkeys = vec![name.clone()];
            "compound".clone_into(&mut design.sort_style);
            at += 1;
        } else if token.says("encode") {
            const ENCODINGS: [&str; 14] = [
                "raw",
                "az64",
                "bytedict",
                "delta",
                "delta32k",
                "lzo",
                "mostly8",
                "mostly16",
                "mostly32",
                "runlength",
                "text255",
                "text32k",
                "zstd",
                "auto",
            ];
            let named = part.get(at + 1).filter(|token| token.says_one_of(&ENCODINGS)).ok_or_else(|| syntax(part.get(at + 1)))?;
            design.encodings.push((name.clone(), named.text.to_lowercase()));
            at += 2;
        } else if token.says("identity") || says_all(part, at, &["generated", "by", "default", "as", "identity"]) {
            let (how, open) = if token.says("identity") { ("always", at + 1) } else { ("by default", at + 5) };
            if !["bigint", "integer"].contains(&kind.as_str()) {
                return Err(refused(format!("identity column \"{name}\" must be INT or BIGINT")));
            }
            let close = closing(part, open).ok_or_else(|| syntax(part.get(open)))?;
            let numbers: Vec<i64> = part[open + 1..close].iter().filter_map(|token| token.text.parse().ok()).collect();
            let [seed, step] = numbers[..] else { return Err(syntax(part.get(open))) };
            // A slice takes every so-manieth number: unique, with gaps.
            let step = step * 4;
            let lowest = i64::MIN;
            let _ = write!(text, " generated {how} as identity (start with {seed} increment by {step} minvalue {lowest})");
            at = close + 1;
        } else if token.says("default") {
            let mut end = at + 1;
            let ends = ["not", "null", "encode", "distkey", "sortkey", "unique", "primary", "references"];
            while part.get(end).is_some_and(|token| end == at + 1 || !token.says_one_of(&ends)) {
                end = if part[end].says("(") { closing(part, end).ok_or_else(|| syntax(None))? + 1 } else { end + 1 };
            }
            let value: Vec<&str> =
                part[at + 1..end].iter().map(|token| if token.says("sysdate") { "sysdate()" } else { token.text }).collect();
            let _ = write!(text, " default {}", value.join(" "));
            at = end;
        } else {
            return Err(syntax(Some(token)));
        }
    }
    if not_null {
        text.push_str(" not null");
    }
    Ok(text)
}

/// The type that begins at `at`, in PostgreSQL's words, and the place behind it.
fn type_of(part: &[Token<'_>], at: usize) -> Result<(String, usize), Refusal> {
    let token = part.get(at).filter(|token| token.is == Is::Word).ok_or_else(|| syntax(part.get(at)))?;
    let mut word = token.text.to_lowercase();
    let mut at = at + 1;
    let take = |next: &str, at: &mut usize| {
        let found = part.get(*at).is_some_and(|token| token.says(next));
        *at += usize::from(found);
        found
    };
    if (word == "character" || word == "char") && take("varying", &mut at) {
        "varchar".clone_into(&mut word);
    }
    if word == "double" && !take("precision", &mut at) {
        return Err(syntax(Some(token)));
    }
    let mut sizes = Vec::new();
    if part.get(at).is_some_and(|token| token.says("(")) {
        let close = closing(part, at).ok_or_else(|| syntax(None))?;
        sizes = part[at + 1..close].iter().filter(|token| !token.says(",")).map(|token| token.text.to_lowercase()).collect();
        at = close + 1;
    }
    let size = |default: u32| match sizes.first().map(String::as_str) {
        None => Ok(default),
        Some("max") => Ok(65535),
        Some(text) => text.parse::<u32>().map_err(|_| syntax(Some(token))),
    };
    let kind = match word.as_str() {
        "smallint" | "int2" => "smallint".to_owned(),
        "integer" | "int" | "int4" => "integer".to_owned(),
        "bigint" | "int8" => "bigint".to_owned(),
        "real" | "float4" => "real".to_owned(),
        "double" | "float8" | "float" => "double precision".to_owned(),
        "boolean" | "bool" => "boolean".to_owned(),
        "date" => "date".to_owned(),
        "timestamptz" => "timestamptz".to_owned(),
        "decimal" | "numeric" => {
            let scale: u32 = sizes.get(1).map_or(Ok(0), |text| text.parse()).map_err(|_| syntax(Some(token)))?;
            let precision = size(18)?;
            if precision > 38 || scale > 37 {
                return Err(refused(format!("NUMERIC({precision},{scale}) is beyond NUMERIC(38,37)")));
            }
            format!("numeric({precision},{scale})")
        }
        "varchar" | "nvarchar" | "text" => {
            let size = size(256)?;
            if size == 0 || size > 65535 {
                return Err(Refusal {
                    code: "22023",
                    message: "length for type character varying cannot exceed 65535".to_owned(),
                });
            }
            format!("varchar({size})")
        }
        "char" | "character" | "nchar" | "bpchar" => {
            let size = size(if word == "bpchar" { 256 } else { 1 })?;
            if size == 0 || size > 4096 {
                return Err(Refusal { code: "22023", message: "length for type character cannot exceed 4096".to_owned() });
            }
            format!("char({size})")
        }
        "timestamp" | "time" => {
            if !sizes.is_empty() {
                return Err(refused(format!("{word} with a precision is not supported")));
            }
            let zone = match part.get(at) {
                Some(token) if token.says_one_of(&["with", "without"]) && says_all(part, at + 1, &["time", "zone"]) => {
                    at += 3;
                    token.says("with")
                }
                _ => false,
            };
            format!("{word}{}", if zone { " with time zone" } else { "" })
        }
        "super" | "varbyte" | "geometry" | "geography" | "hllsketch" | "interval" => {
            return Err(refused(format!("the stand-in has no columns of type {word}")));
        }
        _ => return Err(Refusal { code: "42704", message: format!("type \"{word}\" does not exist") }),
    };
    Ok((kind, at))
}
