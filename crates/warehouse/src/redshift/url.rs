//! Where a Redshift warehouse is: a URL that never holds a password.

use std::fmt;

use crate::PostgresUrl;
use crate::error::{Error, Kind, Result};

const SCHEME: &str = "redshift://";
/// All of a URL that leaves everything to be looked up.
const STACK: &str = "redshift:";
const SHAPE: &str =
    "write it as redshift://USER@HOST:5439/DATABASE?sslmode=verify-full, or as `redshift:` for the cluster of the stack";

/// `redshift://user@host:5439/database?sslmode=…`, or `redshift:` for the cluster of the configured stack, which has to be
/// looked up first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedshiftUrl {
    /// The same in a PostgreSQL client's terms.
    pub(super) parts: PostgresUrl,
    text: String,
}

/// A host name of Amazon's says which cluster or workgroup it is, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// The cluster's or the workgroup's name.
    pub name: String,
    pub region: String,
    pub serverless: bool,
}

impl RedshiftUrl {
    /// Whether a text is such a URL.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        text.starts_with(STACK)
    }

    /// Reads the URL.
    ///
    /// # Errors
    /// [`Kind::Settings`] when it is none, or has a password or an unknown parameter.
    pub fn parse(text: &str) -> Result<Self> {
        if text == STACK {
            return Ok(Self { parts: PostgresUrl::default(), text: text.to_owned() });
        }
        let Some(rest) = text.strip_prefix(SCHEME) else {
            return Err(Error::new(Kind::Settings, "the warehouse's URL cannot be read").with_hint(SHAPE));
        };
        // A user of IAM's has a colon in its name, which is no password.
        let rest = match rest.split_once('@') {
            Some((user, behind)) => {
                match user.strip_prefix("IAM:").map(|u| ("IAM", u)).or(user.strip_prefix("IAMR:").map(|u| ("IAMR", u))) {
                    Some((kind, name)) => format!("{kind}%3A{name}@{behind}"),
                    None => rest.to_owned(),
                }
            }
            None => rest.to_owned(),
        };
        let parts = PostgresUrl::parse(&format!("postgres://{rest}")).map_err(|error| {
            let hint = if error.hint().contains("postgres://") { SHAPE.to_owned() } else { error.hint().to_owned() };
            error.with_hint(hint)
        })?;
        if parts.host.is_none() {
            return Err(Error::new(Kind::Settings, "the warehouse's URL names no host").with_hint(SHAPE));
        }
        Ok(Self { parts, text: text.to_owned() })
    }

    /// Of a place that was looked up.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn at(user: Option<&str>, host: &str, port: u16, database: &str) -> Result<Self> {
        let user = user.map(|user| format!("{user}@")).unwrap_or_default();
        Self::parse(&format!("{SCHEME}{user}{host}:{port}/{database}"))
    }

    /// Whether it stands for the cluster of the configured stack, which is not looked up yet.
    #[must_use]
    pub fn is_of_stack(&self) -> bool {
        self.text == STACK
    }

    /// The database's name.
    #[must_use]
    pub fn database(&self) -> &str {
        self.parts.database.as_deref().unwrap_or("dev")
    }

    /// What Amazon's own host names say.
    pub(super) fn endpoint(&self) -> Option<Endpoint> {
        let host = self.parts.host.as_deref()?;
        let labels: Vec<&str> = host.split('.').collect();
        match labels.as_slice() {
            [name, _, region, "redshift", "amazonaws", "com", ..] => {
                Some(Endpoint { name: (*name).to_owned(), region: (*region).to_owned(), serverless: false })
            }
            [name, _, region, "redshift-serverless", "amazonaws", "com", ..] => {
                Some(Endpoint { name: (*name).to_owned(), region: (*region).to_owned(), serverless: true })
            }
            _ => None,
        }
    }
}

impl fmt::Display for RedshiftUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found() {
        let url = RedshiftUrl::parse("redshift://ann@c.abc.us-west-2.redshift.amazonaws.com:5439/dev?sslmode=verify-ca").unwrap();
        assert_eq!(
            (url.parts.user.as_deref(), url.parts.port, url.parts.database.as_deref()),
            (Some("ann"), Some(5439), Some("dev"))
        );
        assert_eq!(url.endpoint(), Some(Endpoint { name: "c".to_owned(), region: "us-west-2".to_owned(), serverless: false }));
        let serverless =
            RedshiftUrl::parse("redshift://wg.123456789012.eu-west-1.redshift-serverless.amazonaws.com/dev").unwrap();
        assert_eq!(
            serverless.endpoint(),
            Some(Endpoint { name: "wg".to_owned(), region: "eu-west-1".to_owned(), serverless: true })
        );
        assert_eq!(RedshiftUrl::parse("redshift://ann@db.example.com/dev").unwrap().endpoint(), None);
    }

    #[test]
    fn users_of_iam_have_a_colon_and_no_password() {
        for (text, user) in [("redshift://IAM:ann@h/dev", "IAM:ann"), ("redshift://IAMR:loader@h/dev", "IAMR:loader")] {
            assert_eq!(RedshiftUrl::parse(text).unwrap().parts.user.as_deref(), Some(user));
        }
    }

    #[test]
    fn passwords_are_refused_without_showing_them() {
        for text in ["redshift://u:s3cret@h/d", "redshift://u@h/d?password=s3cret"] {
            let error = RedshiftUrl::parse(text).unwrap_err();
            assert!(!error.report().contains("s3cret") && !error.hint().contains("s3cret"), "{}", error.report());
        }
        assert!(RedshiftUrl::parse("redshift:///dev").unwrap_err().hint().contains("redshift://USER@HOST"));
    }

    #[test]
    fn without_anything_it_is_the_stacks() {
        assert!(RedshiftUrl::is_one("redshift:") && RedshiftUrl::parse("redshift:").unwrap().is_of_stack());
        assert!(!RedshiftUrl::parse("redshift://ann@h/dev").unwrap().is_of_stack());
        for text in ["redshift:dev", "redshift:/dev"] {
            let error = RedshiftUrl::parse(text).unwrap_err();
            assert!(RedshiftUrl::is_one(text) && error.hint().contains("`redshift:`"), "{text}");
        }
    }
}
