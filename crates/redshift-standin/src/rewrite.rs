//! A statement in PostgreSQL's words.

use super::token::{Is, Token, closing, parts, says_all};

/// Makes a piece of Redshift's SQL into PostgreSQL's, which leaves most of it as it is.
pub fn rewrite(tokens: &[Token<'_>]) -> String {
    let mut out = String::new();
    let mut at = 0;
    while at < tokens.len() {
        at = one(tokens, at, &mut out);
    }
    out
}

fn push(out: &mut String, text: &str) {
    // What touched in the source goes on touching: `~*`, `e'text'`.
    out.push_str(text);
}

/// Writes what begins at `at` and gives the place behind it.
fn one(tokens: &[Token<'_>], at: usize, out: &mut String) -> usize {
    let token = &tokens[at];
    if at > 0 && tokens[at - 1].end() < token.at {
        out.push(' ');
    }
    let before_dot = at > 0 && tokens[at - 1].says(".");
    let open = tokens.get(at + 1).is_some_and(|token| token.says("("));
    if token.is == Is::Name {
        // Names are folded, quoted or not.
        push(out, &token.text.to_lowercase());
        return at + 1;
    }
    if token.is != Is::Word || before_dot {
        push(out, token.text);
        return at + 1;
    }
    let name = token.text.to_lowercase();
    match name.as_str() {
        "nvl" if open => push(out, "coalesce"),
        "sysdate" if !open => push(out, "sysdate()"),
        "approximate" if tokens.get(at + 1).is_some_and(|token| token.says("count")) => {}
        "with" if says_all(tokens, at, &["with", "no", "schema", "binding"]) => return at + 4,
        "minus" if tokens.get(at + 1).is_some_and(|token| token.says_one_of(&["select", "("])) => push(out, "except"),
        "max"
            if at > 1 && says_all(tokens, at - 1, &["(", "max", ")"]) && tokens[at - 2].says_one_of(&["varchar", "varying"]) =>
        {
            push(out, "65535");
        }
        "dateadd" | "datediff" | "date_part" | "date_trunc" if open => {
            let Some(part) = tokens.get(at + 2) else { return at + 1 };
            let text = if part.is == Is::Text { part.content() } else { part.text.to_owned() };
            push(out, &format!("{name}('{}'", date_part(&text.to_lowercase())));
            return at + 3;
        }
        "extract" if open => {
            if let (Some(close), Some(part)) = (closing(tokens, at + 1), tokens.get(at + 2)) {
                let part = date_part(&part.text.trim_matches('\'').to_lowercase());
                // INTEGER, without the fraction of a second.
                let kind = if part == "epoch" { "bigint" } else { "integer" };
                push(out, &format!("trunc(extract({part} {}))::{kind}", rewrite(&tokens[at + 3..close])));
                return close + 1;
            }
            push(out, token.text);
        }
        "nvl2" | "decode" if open => {
            if let Some(close) = closing(tokens, at + 1) {
                let arguments: Vec<String> = parts(&tokens[at + 2..close]).into_iter().map(rewrite).collect();
                push(out, &if name == "nvl2" { nvl2(&arguments) } else { decode(&arguments) });
                return close + 1;
            }
            push(out, token.text);
        }
        "listagg" if open => {
            if let Some(close) = closing(tokens, at + 1) {
                let arguments = parts(&tokens[at + 2..close]);
                let (distinct, value) = match arguments[0] {
                    [first, rest @ ..] if first.says("distinct") => ("distinct ", rest),
                    all => ("", all),
                };
                let separator = arguments.get(1).map_or("''".to_owned(), |separator| rewrite(separator));
                let (mut order, mut end) = (String::new(), close + 1);
                if says_all(tokens, end, &["within", "group", "("])
                    && let Some(last) = closing(tokens, end + 2)
                {
                    order = rewrite(&tokens[end + 3..last]);
                    end = last + 1;
                }
                push(out, &format!("string_agg({distinct}({})::varchar, {separator} {order})", rewrite(value)));
                return end;
            }
            push(out, token.text);
        }
        _ => push(out, token.text),
    }
    at + 1
}

fn nvl2(arguments: &[String]) -> String {
    match arguments {
        [value, some, none] => format!("case when ({value}) is not null then {some} else {none} end"),
        _ => format!("nvl2({})", arguments.join(", ")),
    }
}

/// DECODE, in which NULL equals NULL.
fn decode(arguments: &[String]) -> String {
    let Some((value, rest)) = arguments.split_first() else { return "decode()".to_owned() };
    let mut text = "case".to_owned();
    for pair in rest.chunks(2) {
        match pair {
            [wanted, result] => {
                for piece in [" when not ((", value, ") is distinct from (", wanted, ")) then ", result] {
                    text.push_str(piece);
                }
            }
            [default] => {
                text.push_str(" else ");
                text.push_str(default);
            }
            _ => {}
        }
    }
    text + " end"
}

/// A part of a date under the name that PostgreSQL has for it.
fn date_part(name: &str) -> String {
    match name {
        "dayofweek" | "dw" | "weekday" => "dow",
        "dayofyear" | "dy" => "doy",
        "qtr" | "quarters" | "qtrs" => "quarter",
        "y" | "yr" | "yrs" | "years" => "year",
        "mon" | "mons" | "months" => "month",
        "w" | "weeks" => "week",
        "d" | "days" => "day",
        "h" | "hr" | "hrs" | "hours" => "hour",
        "m" | "min" | "mins" | "minutes" => "minute",
        "s" | "sec" | "secs" | "seconds" => "second",
        "ms" | "msec" | "msecs" | "millisecond" => "milliseconds",
        "us" | "usec" | "usecs" | "microsecond" => "microseconds",
        other => other,
    }
    .to_owned()
}
