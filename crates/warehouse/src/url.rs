//! Where a warehouse is.

use std::fmt;
use std::path::{Path, PathBuf};

use super::recorder::{Recorder, Script};
use super::{Dialect, OpenOptions, PostgresUrl, Probe, RedshiftUrl, Warehouse, duckdb, postgres, redshift};
use crate::error::{Error, Kind, Result};

/// Where a warehouse is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WarehouseUrl {
    /// A DuckDB file.
    DuckDb(PathBuf),
    /// A database on a PostgreSQL server.
    Postgres(PostgresUrl),
    /// A database of an Amazon Redshift cluster or workgroup.
    Redshift(RedshiftUrl),
}

impl WarehouseUrl {
    /// Reads a path, `duckdb:path`, `duckdb:///path`, `postgres://user@host/database`, `redshift://user@host/database` or
    /// `redshift:`.
    ///
    /// # Errors
    /// [`Kind::Settings`] for another scheme, or a URL that holds a password.
    pub fn parse(text: &str) -> Result<Self> {
        if ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) {
            return PostgresUrl::parse(text).map(Self::Postgres);
        }
        if RedshiftUrl::is_one(text) {
            return RedshiftUrl::parse(text).map(Self::Redshift);
        }
        let path = text.strip_prefix("duckdb:").map_or(text, |rest| rest.strip_prefix("//").unwrap_or(rest));
        if path.is_empty() {
            return Err(Error::new(Kind::Settings, "the warehouse has no path"));
        }
        if let Some((scheme, _)) = path.split_once("://") {
            return Err(Error::new(Kind::Settings, format!("unknown scheme {scheme}:// of a warehouse")).with_hint(
                "expected a path, duckdb:PATH, postgres://USER@HOST/DATABASE, redshift://USER@HOST:5439/DATABASE, or `redshift:` for the cluster of the stack",
            ));
        }
        Ok(Self::DuckDb(PathBuf::from(path)))
    }

    /// The file that holds the warehouse, where one does. What an engine keeps beside it begins with its name.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::DuckDb(path) => Some(path),
            Self::Postgres(_) | Self::Redshift(_) => None,
        }
    }

    /// Whether there can be a warehouse. False only where it is known that there is none.
    #[must_use]
    pub fn may_exist(&self) -> bool {
        self.file().is_none_or(|file| file.try_exists().unwrap_or(true))
    }

    /// What to call it where others may read: without folders, hosts and users.
    #[must_use]
    pub fn short_name(&self) -> String {
        match self {
            Self::DuckDb(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            Self::Postgres(url) => url.database().unwrap_or("PostgreSQL").to_owned(),
            Self::Redshift(url) => url.database().to_owned(),
        }
    }

    /// How its engine spells SQL.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        match self {
            Self::DuckDb(_) => Dialect::DuckDb,
            Self::Postgres(_) => Dialect::Postgres,
            Self::Redshift(_) => Dialect::Redshift,
        }
    }

    /// Tries what a load needs of the warehouse, step by step.
    #[must_use]
    pub fn diagnose(&self, options: &OpenOptions) -> Vec<Probe> {
        match self {
            Self::Redshift(url) => redshift::diagnose(url, options),
            Self::Postgres(url) => postgres::diagnose(url, options),
            Self::DuckDb(_) if !self.may_exist() => {
                vec![Probe { what: "warehouse", outcome: Ok(format!("{self} does not exist yet; a load creates it")) }]
            }
            Self::DuckDb(_) => {
                let opened = self.open_read_only(options).and_then(|mut warehouse| warehouse.has_tables());
                let outcome = opened.map(|has_tables| {
                    let state = if has_tables { "has sparkify's tables" } else { "has no sparkify tables yet" };
                    format!("{self} can be opened and {state}")
                });
                vec![Probe { what: "warehouse", outcome }]
            }
        }
    }

    /// Opens the warehouse to change it; creates its tables if they are not there.
    ///
    /// # Errors
    /// [`Kind::WarehouseLocked`] and its kin.
    pub fn open(&self, options: &OpenOptions) -> Result<Warehouse> {
        Warehouse::new(match self {
            Self::DuckDb(path) => Box::new(duckdb::DuckDb::open(path, options)?),
            Self::Postgres(url) => Box::new(postgres::Postgres::open(url, options)?),
            Self::Redshift(url) => Box::new(redshift::Redshift::open(url, options)?),
        })
    }

    /// Opens the warehouse to read it.
    ///
    /// # Errors
    /// As [`Self::open`], and [`Kind::WarehouseMissing`].
    pub fn open_read_only(&self, options: &OpenOptions) -> Result<Warehouse> {
        Warehouse::read_only(match self {
            Self::DuckDb(path) => Box::new(duckdb::DuckDb::open_read_only(path, options)?),
            Self::Postgres(url) => Box::new(postgres::Postgres::open(url, options)?),
            Self::Redshift(url) => Box::new(redshift::Redshift::open_read_only(url, options)?),
        })
    }

    /// A warehouse like this one that writes what it would send into a script.
    #[must_use]
    pub fn recording(&self, options: &OpenOptions, script: Script) -> Warehouse {
        Warehouse::recorded(match self {
            Self::DuckDb(path) => Box::new(Recorder::new(duckdb::capabilities(path, options.resources), script)),
            Self::Postgres(url) => Box::new(Recorder::new(postgres::capabilities(url.to_string()), script)),
            Self::Redshift(url) => Box::new(redshift::Redshift::recording(url, options, script)),
        })
    }
}

impl fmt::Display for WarehouseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuckDb(path) => write!(f, "{}", path.display()),
            Self::Postgres(url) => write!(f, "{url}"),
            Self::Redshift(url) => write!(f, "{url}"),
        }
    }
}
