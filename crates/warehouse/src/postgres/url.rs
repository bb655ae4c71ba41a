//! Where a PostgreSQL warehouse is: a URL that never holds a password.

use std::fmt;
use std::path::PathBuf;

use url::Url;

use crate::error::{Error, Kind, Result};
use crate::reach::is_this_machine;

/// `postgres://user@host:port/database?sslmode=…`. What is left out comes from the PG* variables, as for other clients.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PostgresUrl {
    /// A name, an address, or the folder of a socket.
    pub(crate) host: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) user: Option<String>,
    pub(crate) database: Option<String>,
    pub(crate) ssl_mode: Option<SslMode>,
    /// Certificates to trust instead of the system's.
    pub(crate) root_certificates: Option<PathBuf>,
    /// Settings of the session, as `options=-csearch_path=music`.
    pub(crate) options: Option<String>,
    text: String,
}

/// How much a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SslMode {
    /// In the open.
    Disable,
    /// Encrypted if the server can; nobody looks whether it is the right server.
    Prefer,
    /// Encrypted; nobody looks whether it is the right server.
    Require,
    /// Encrypted, with a certificate that someone trusted has signed.
    VerifyCa,
    /// Encrypted, with such a certificate for this very host.
    VerifyFull,
}

/// Stands for the host that a URL leaves out behind a user, which other clients allow but not the standard for URLs.
const NO_HOST: &str = "none.invalid";

/// The URL, with a host where there is a user only.
fn with_some_host(text: &str) -> String {
    let begin = text.find("://").map_or(0, |at| at + 3);
    let end = text[begin..].find(['/', '?', '#']).map_or(text.len(), |length| begin + length);
    if text[begin..end].ends_with('@') { format!("{}{NO_HOST}{}", &text[..end], &text[end..]) } else { text.to_owned() }
}

const PARAMETERS: &str = "sslmode, sslrootcert, options, host and port";

impl PostgresUrl {
    /// Reads the URL.
    ///
    /// # Errors
    /// [`Kind::Settings`] when it is none, or has a password or an unknown parameter.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |what: String| {
            Error::new(Kind::Settings, what).with_hint("write it as postgres://USER@HOST:PORT/DATABASE?sslmode=verify-full")
        };
        // Nothing of the text is shown: there may be a password in it.
        let url = Url::parse(&with_some_host(text)).map_err(|e| wrong(format!("the warehouse's URL cannot be read: {e}")))?;
        if url.password().is_some() || url.query_pairs().any(|(key, _)| key == "password") {
            return Err(Error::new(Kind::Settings, "there is a password in the warehouse's URL, where others can see it")
                .with_hint("set it as SPARKIFY_PASSWORD or PGPASSWORD, or put it into ~/.pgpass"));
        }
        let decoded = |text: &str| {
            let pair = format!("x={}", text.replace('+', "%2B"));
            url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
        };
        let given = |text: &str| (!text.is_empty()).then(|| decoded(text));
        let mut parsed = Self {
            host: url.host_str().filter(|host| *host != NO_HOST).map(|host| host.trim_matches(['[', ']'])).and_then(given),
            port: url.port(),
            user: given(url.username()),
            database: given(url.path().trim_start_matches('/')),
            text: text.to_owned(),
            ..Self::default()
        };
        for (key, value) in url.query_pairs() {
            match &*key {
                "sslmode" => parsed.ssl_mode = Some(SslMode::parse(&value)?),
                "sslrootcert" => parsed.root_certificates = Some(PathBuf::from(&*value)),
                "options" => parsed.options = Some(value.into_owned()),
                "host" => parsed.host = Some(value.into_owned()),
                "port" => parsed.port = Some(value.parse().map_err(|_| wrong(format!("invalid port `{value}`")))?),
                _ => return Err(wrong(format!("the warehouse's URL has a parameter {key}; known are {PARAMETERS}"))),
            }
        }
        Ok(parsed)
    }
}

impl PostgresUrl {
    /// The database, if the URL names one.
    #[must_use]
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl SslMode {
    pub fn parse(text: &str) -> Result<Self> {
        Ok(match text {
            "disable" => Self::Disable,
            "prefer" | "allow" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => {
                return Err(Error::new(Kind::Settings, format!("invalid sslmode `{text}`"))
                    .with_hint("expected disable, prefer, require, verify-ca and verify-full"));
            }
        })
    }

    /// What the URL says, else the variable, else what fits the host.
    pub fn of(given: Option<Self>, variable: Option<String>, host: &str) -> Result<Self> {
        match (given, variable) {
            (Some(mode), _) => Ok(mode),
            (None, Some(text)) => Self::parse(&text),
            // Nobody can listen between a machine and itself.
            (None, None) if is_this_machine(host) => Ok(Self::Prefer),
            (None, None) => Ok(Self::VerifyFull),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_and_decoded() {
        let url =
            PostgresUrl::parse("postgres://an%40n@db.example.com:5433/my%20music?sslmode=require&options=-csearch_path%3Dx")
                .unwrap();
        assert_eq!((url.host.as_deref(), url.port), (Some("db.example.com"), Some(5433)));
        assert_eq!((url.user.as_deref(), url.database.as_deref()), (Some("an@n"), Some("my music")));
        assert_eq!((url.ssl_mode, url.options.as_deref()), (Some(SslMode::Require), Some("-csearch_path=x")));
        let socket = PostgresUrl::parse("postgresql:///music?host=/run/postgresql").unwrap();
        assert_eq!((socket.host.as_deref(), socket.user.as_deref()), (Some("/run/postgresql"), None));
        assert_eq!(PostgresUrl::parse("postgres://[::1]:5432/m").unwrap().host.as_deref(), Some("::1"));
        assert_eq!(PostgresUrl::parse("postgres://%2Frun%2Fpg/m").unwrap().host.as_deref(), Some("/run/pg"));
        let user_alone = PostgresUrl::parse("postgres://ann@/music").unwrap();
        assert_eq!((user_alone.host, user_alone.user.as_deref()), (None, Some("ann")));
        assert_eq!(PostgresUrl::parse("postgres://a+b@h/m").unwrap().user.as_deref(), Some("a+b"));
    }

    #[test]
    fn passwords_and_unknown_parameters_are_refused_without_showing_them() {
        for text in ["postgres://u:s3cret@h/d", "postgres://u@h/d?password=s3cret", "postgres://u:s3cret@h:port/d"] {
            let error = PostgresUrl::parse(text).unwrap_err();
            assert!(!error.report().contains("s3cret") && !error.hint().contains("s3cret"), "{}", error.report());
        }
        let error = PostgresUrl::parse("postgres://u@h/d?sslmod=require").unwrap_err();
        assert!(error.to_string().contains("parameter sslmod"), "{error}");
        assert!(PostgresUrl::parse("postgres://u@h/d?sslmode=maybe").is_err());
    }
}
