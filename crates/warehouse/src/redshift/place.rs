//! Where a cluster is: a URL, completed from the environment and by defaults.

use std::path::PathBuf;

use super::RedshiftUrl;
use super::wire::Target;
use crate::error::{Error, Kind, Result};
use crate::postgres::tls::Tls;
use crate::postgres::url::SslMode;

/// What every client takes for the port.
const PORT: u16 = 5439;
/// What every cluster has.
const DATABASE: &str = "dev";

/// A URL with everything that it leaves out.
pub(super) struct Place {
    pub host: String,
    pub port: u16,
    pub user: Option<String>,
    pub database: String,
    pub ssl_mode: SslMode,
    root_certificates: Option<PathBuf>,
}

impl Place {
    pub fn new(url: &RedshiftUrl, environment: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let parts = &url.parts;
        let host = parts.host.clone().ok_or_else(|| {
            Error::new(Kind::Settings, format!("cannot resolve `{url}`: the URL names no host"))
                .with_hint("name the host: redshift://USER@HOST:5439/DATABASE")
        })?;
        let ssl_mode = SslMode::of(parts.ssl_mode, environment("PGSSLMODE"), &host)?;
        Ok(Self {
            host,
            port: parts.port.unwrap_or(PORT),
            user: parts.user.clone().or_else(|| environment("PGUSER")),
            database: parts.database.clone().unwrap_or_else(|| DATABASE.to_owned()),
            ssl_mode,
            root_certificates: parts.root_certificates.clone().or_else(|| environment("PGSSLROOTCERT").map(PathBuf::from)),
        })
    }

    pub fn target(&self) -> Result<Target> {
        let tls = match self.ssl_mode {
            SslMode::Disable => None,
            mode => Some(Tls::new(mode, self.root_certificates.as_deref())?.config()),
        };
        let tls_required = matches!(self.ssl_mode, SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull);
        Ok(Target { host: self.host.clone(), port: self.port, tls, tls_required })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str, variables: &[(&str, &str)]) -> Place {
        let environment = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        Place::new(&RedshiftUrl::parse(url).unwrap(), environment).unwrap()
    }

    #[test]
    fn certificates_are_looked_at_unless_the_server_is_this_machine_or_the_user_says_so() {
        for (url, mode) in [
            ("redshift://u@c.abc.us-west-2.redshift.amazonaws.com/d", SslMode::VerifyFull),
            ("redshift://u@10.0.0.1/d", SslMode::VerifyFull),
            ("redshift://u@localhost/d", SslMode::Prefer),
            ("redshift://u@127.0.0.1:5440/d", SslMode::Prefer),
            ("redshift://u@db.example.com/d?sslmode=verify-ca", SslMode::VerifyCa),
        ] {
            assert_eq!(place(url, &[]).ssl_mode, mode, "{url}");
        }
        assert_eq!(place("redshift://u@db/d", &[("PGSSLMODE", "disable")]).ssl_mode, SslMode::Disable);
    }

    #[test]
    fn what_the_url_leaves_out_has_its_usual_value() {
        let found = place("redshift://c.example.com", &[("PGUSER", "ann")]);
        assert_eq!((found.port, found.database.as_str(), found.user.as_deref()), (5439, "dev", Some("ann")));
    }
}
