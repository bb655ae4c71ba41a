//! COPY's grammar, as far as it loads JSON from S3.

use super::refuse::Refusal;
use super::token::{Is, Token};

/// A statement that was understood.
#[derive(Debug, Clone)]
pub struct CopyStatement {
    /// The table, its schema before it if one was given.
    pub table: Vec<String>,
    pub columns: Option<Vec<String>>,
    pub bucket: String,
    /// A key or the beginning of keys; with `manifest`, the manifest's key.
    pub key: String,
    pub manifest: bool,
    pub authorization: Authorization,
    pub json: Json,
    pub region: Option<String>,
    pub compression: Compression,
    pub truncate_columns: bool,
    pub blanks_as_null: bool,
    pub empty_as_null: bool,
    pub accept_any_date: bool,
    pub accept_inv_chars: Option<char>,
    pub round_dec: bool,
    pub explicit_ids: bool,
    pub no_load: bool,
    pub time_format: TimeFormat,
    /// So many errors fail the statement; `None` takes any number.
    pub max_error: Option<usize>,
    pub ignore_header: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorization {
    Roles(Vec<String>),
    DefaultRole,
    Keys,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    Auto,
    AutoIgnoreCase,
    Paths { bucket: String, key: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    None,
    Gzip,
    Zstd,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeFormat {
    Default,
    Auto,
    EpochSeconds,
    EpochMilliseconds,
}

fn syntax(token: Option<&Token<'_>>) -> Refusal {
    let message =
        token.map_or("syntax error at end of input".to_owned(), |token| format!("syntax error at or near \"{}\"", token.text));
    Refusal { code: "42601", message }
}

fn wrong(message: impl Into<String>) -> Refusal {
    Refusal { code: "0A000", message: message.into() }
}

struct Reader<'t, 'a> {
    tokens: &'t [Token<'a>],
    at: usize,
}

impl<'t, 'a> Reader<'t, 'a> {
    fn peek(&self) -> Option<&'t Token<'a>> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Result<&'t Token<'a>, Refusal> {
        let token = self.peek().ok_or_else(|| syntax(None))?;
        self.at += 1;
        Ok(token)
    }

    /// Whether this word comes next; it is read then.
    fn takes(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.says(word));
        self.at += usize::from(found);
        found
    }

    fn name(&mut self) -> Result<String, Refusal> {
        let token = self.next()?;
        if token.is_name() { Ok(token.name()) } else { Err(syntax(Some(token))) }
    }

    fn text(&mut self) -> Result<String, Refusal> {
        let token = self.next()?;
        if token.is == Is::Text { Ok(token.content()) } else { Err(syntax(Some(token))) }
    }

    fn optional_text(&mut self) -> Option<String> {
        let token = self.peek().filter(|token| token.is == Is::Text)?;
        self.at += 1;
        Some(token.content())
    }

    fn number(&mut self) -> Result<usize, Refusal> {
        self.takes("as");
        let token = self.next()?;
        token.text.parse().map_err(|_| syntax(Some(token)))
    }
}

/// Options that do not go with JSON.
const NOT_WITH_JSON: [&str; 8] =
    ["csv", "delimiter", "escape", "fillrecord", "fixedwidth", "ignoreblanklines", "readratio", "removequotes"];

/// Understands a COPY.
///
/// # Errors
/// What Redshift would say.
#[allow(clippy::too_many_lines, reason = "one arm an option")]
pub fn parse(tokens: &[Token<'_>]) -> Result<CopyStatement, Refusal> {
    let mut reader = Reader { tokens, at: 1 };
    let mut table = vec![reader.name()?];
    if reader.takes(".") {
        table.push(reader.name()?);
    }
    let mut columns = None;
    if reader.takes("(") {
        let mut names = vec![reader.name()?];
        while reader.takes(",") {
            names.push(reader.name()?);
        }
        if !reader.takes(")") {
            return Err(syntax(reader.peek()));
        }
        columns = Some(names);
    }
    if !reader.takes("from") {
        return Err(syntax(reader.peek()));
    }
    if reader.peek().is_some_and(|token| token.says_one_of(&["stdin", "stdout"])) {
        return Err(wrong("COPY from stdin is not supported"));
    }
    let source = reader.text()?;
    let Some((bucket, key)) = s3_address(&source) else {
        return Err(wrong(format!("the stand-in copies from s3:// alone, not from '{source}'")));
    };
    let mut statement = CopyStatement {
        table,
        columns,
        bucket,
        key,
        manifest: false,
        authorization: Authorization::Keys,
        json: Json::Auto,
        region: None,
        compression: Compression::None,
        truncate_columns: false,
        blanks_as_null: false,
        empty_as_null: false,
        accept_any_date: false,
        accept_inv_chars: None,
        round_dec: false,
        explicit_ids: false,
        no_load: false,
        time_format: TimeFormat::Default,
        max_error: Some(0),
        ignore_header: 0,
    };
    let mut authorization = None;
    let mut format = None;
    let mut max_error_given = false;
    let mut seen: Vec<String> = Vec::new();
    while reader.peek().is_some() {
        let token = reader.next()?;
        if token.is != Is::Word {
            return Err(syntax(Some(token)));
        }
        let word = token.text.to_lowercase();
        if seen.contains(&word) {
            return Err(Refusal { code: "42601", message: format!("conflicting or redundant options: {word}") });
        }
        seen.push(word.clone());
        let mut authorize = |found: Authorization| {
            if authorization.replace(found).is_some() {
                Err(wrong("conflicting or redundant options: authorization"))
            } else {
                Ok(())
            }
        };
        match word.as_str() {
            "iam_role" => {
                reader.takes("as");
                if reader.takes("default") {
                    authorize(Authorization::DefaultRole)?;
                } else {
                    authorize(Authorization::Roles(reader.text()?.split(',').map(str::to_owned).collect()))?;
                }
            }
            "access_key_id" => {
                reader.takes("as");
                reader.text()?;
                authorize(Authorization::Keys)?;
            }
            "secret_access_key" | "session_token" | "dateformat" => {
                reader.takes("as");
                reader.text()?;
            }
            "credentials" => {
                reader.takes("as");
                let credentials = reader.text()?;
                authorize(match credentials.strip_prefix("aws_iam_role=") {
                    Some(roles) => Authorization::Roles(roles.split(',').map(str::to_owned).collect()),
                    None => Authorization::Keys,
                })?;
            }
            "format" => {
                reader.takes("as");
                let named = reader.next()?;
                if !named.says("json") {
                    return Err(if named.is == Is::Word { other_format(named.text) } else { syntax(Some(named)) });
                }
                format = Some(json(&mut reader)?);
            }
            "json" => {
                reader.takes("as");
                format = Some(json(&mut reader)?);
            }
            "avro" | "parquet" | "orc" | "shapefile" => return Err(other_format(&word)),
            "manifest" => statement.manifest = true,
            "region" => {
                reader.takes("as");
                statement.region = Some(reader.text()?);
            }
            "gzip" => statement.compression = Compression::Gzip,
            "zstd" => statement.compression = Compression::Zstd,
            "bzip2" | "lzop" => return Err(wrong(format!("the stand-in does not unpack {word}"))),
            "truncatecolumns" => statement.truncate_columns = true,
            "blanksasnull" => statement.blanks_as_null = true,
            "emptyasnull" => statement.empty_as_null = true,
            "acceptanydate" => statement.accept_any_date = true,
            "acceptinvchars" => {
                reader.takes("as");
                let text = reader.optional_text().unwrap_or_else(|| "?".to_owned());
                let mut characters = text.chars();
                match (characters.next(), characters.next()) {
                    (Some(c), None) if c.is_ascii() && c != '\0' => statement.accept_inv_chars = Some(c),
                    _ => return Err(wrong("ACCEPTINVCHARS takes one ASCII character")),
                }
            }
            "roundec" => statement.round_dec = true,
            "explicit_ids" => statement.explicit_ids = true,
            "noload" => statement.no_load = true,
            "timeformat" => {
                reader.takes("as");
                statement.time_format = match reader.text()?.as_str() {
                    // The keywords are told from each other by case too.
                    "auto" => TimeFormat::Auto,
                    "epochsecs" => TimeFormat::EpochSeconds,
                    "epochmillisecs" => TimeFormat::EpochMilliseconds,
                    other => return Err(wrong(format!("the stand-in does not know the time format '{other}'"))),
                };
            }
            "maxerror" => {
                let count = reader.number()?;
                if count > 100_000 {
                    return Err(wrong(format!("MAXERROR {count} is beyond 100000")));
                }
                max_error_given = true;
                statement.max_error = Some(count);
            }
            "ignoreallerrors" => statement.max_error = None,
            "ignoreheader" => statement.ignore_header = reader.number()?,
            "compupdate" => {
                if !["on", "off", "true", "false", "preset"].iter().any(|value| reader.takes(value))
                    && reader.peek().is_some_and(|t| t.is != Is::Word)
                {
                    return Err(syntax(reader.peek()));
                }
            }
            "statupdate" => {
                let _ = ["on", "off", "true", "false"].iter().any(|value| reader.takes(value));
            }
            "comprows" => {
                reader.number()?;
            }
            "null" => return Err(wrong("NULL AS is not supported with JSON")),
            "encoding" => {
                reader.takes("as");
                let named = reader.next()?;
                if !named.says("utf8") {
                    return Err(wrong(format!("the stand-in does not know the encoding {}", named.text)));
                }
            }
            "encrypted" | "master_symmetric_key" => return Err(wrong("client-side encryption is no longer supported")),
            "ssh" => return Err(wrong("the stand-in does not copy over SSH")),
            _ if NOT_WITH_JSON.contains(&word.as_str()) => {
                return Err(wrong(format!("{} is not supported with JSON", word.to_uppercase())));
            }
            _ => return Err(syntax(Some(token))),
        }
    }
    statement.json = format.ok_or_else(|| other_format("delimited text"))?;
    statement.authorization = authorization.ok_or_else(|| wrong("CREDENTIALS argument is required but was not supplied"))?;
    if max_error_given && statement.max_error.is_none() {
        return Err(wrong("MAXERROR and IGNOREALLERRORS exclude each other"));
    }
    if seen.iter().filter(|word| ["gzip", "zstd"].contains(&word.as_str())).count() > 1 {
        return Err(wrong("conflicting or redundant options: compression"));
    }
    if statement.accept_any_date && !seen.iter().any(|word| word == "dateformat") {
        return Err(wrong("ACCEPTANYDATE needs DATEFORMAT"));
    }
    Ok(statement)
}

fn json(reader: &mut Reader<'_, '_>) -> Result<Json, Refusal> {
    let Some(option) = reader.optional_text() else { return Ok(Json::Auto) };
    match option.as_str() {
        "auto" => Ok(Json::Auto),
        "auto ignorecase" => Ok(Json::AutoIgnoreCase),
        "noshred" => Err(wrong("the stand-in has no SUPER columns for 'noshred'")),
        _ => {
            let (bucket, key) = s3_address(&option).ok_or_else(|| wrong(format!("Invalid JSON option '{option}'")))?;
            Ok(Json::Paths { bucket, key })
        }
    }
}

fn other_format(name: &str) -> Refusal {
    wrong(format!("the stand-in copies JSON alone, not {name}"))
}

/// Bucket and key of `s3://bucket/key`.
pub fn s3_address(url: &str) -> Option<(String, String)> {
    let (bucket, key) = url.strip_prefix("s3://")?.split_once('/')?;
    (!bucket.is_empty()).then(|| (bucket.to_owned(), key.to_owned()))
}
