//! COPY: the statement, the objects it needs, and whether it loaded what it was given.

use std::fmt::Write as _;

use super::json;
use super::session::Session;
use super::staging::Staging;
use super::{RedshiftOptions, number};
use crate::error::{Error, Kind, Result};
use crate::source::Compression;
use crate::{Statement, literal};

/// The most errors that COPY can be told to bear.
pub(super) const MOST_ERRORS: u64 = 100_000;

/// Who COPY reads S3 as, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Access {
    pub role: String,
    pub region: String,
}

impl Access {
    /// # Errors
    /// [`Kind::Settings`] when no role is set.
    pub fn new(options: &RedshiftOptions, region: impl FnOnce() -> Result<String>) -> Result<Self> {
        let role = options.iam_role.clone().ok_or_else(|| {
            Error::new(Kind::Settings, "redshift.iam_role is not set, so the cluster cannot read S3")
                .with_hint("set it to the ARN of a role that is attached to the cluster, or to `default`")
        })?;
        let region = options.region.clone().map_or_else(region, Ok)?;
        Ok(Self { role, region })
    }
}

/// A COPY of JSON into some columns of a table.
pub(super) struct Copy<'a> {
    pub table: &'a str,
    pub columns: Vec<&'a str>,
    /// Where the values of the columns stand in each object, in the columns' order.
    pub paths: String,
    pub compression: Compression,
    /// So many errors fail it; below, the rows are left out.
    pub max_errors: u64,
}

impl Copy<'_> {
    /// The statement, for a manifest and paths that are there.
    pub fn statement(&self, access: &Access, manifest: &str, paths: &str) -> String {
        let mut sql = format!("copy {} ({})", self.table, self.columns.join(", "));
        let role = match access.role.as_str() {
            "default" => "default".to_owned(),
            role => literal::text(role),
        };
        // Writing to a String cannot fail.
        let _ = write!(
            sql,
            "\nfrom {}\niam_role {role}\nformat as json {}\nmanifest\nregion {}{}\ntimeformat 'auto'\ncompupdate off\nstatupdate off\nmaxerror {};",
            literal::text(manifest),
            literal::text(paths),
            literal::text(&access.region),
            match self.compression {
                Compression::None => "",
                Compression::Gzip => "\ngzip",
                Compression::Zstd => "\nzstd",
            },
            self.max_errors.min(MOST_ERRORS)
        );
        sql
    }

    /// Writes manifest and paths, runs the statement, and tells how many rows it loaded.
    pub fn run<'u>(
        &self,
        session: &mut Session,
        staging: &mut Staging,
        access: &Access,
        urls: impl Iterator<Item = &'u str>,
    ) -> Result<Copied> {
        let manifest = staging.write(&format!("{}.manifest", self.table), json::manifest(urls).as_bytes())?;
        let paths = staging.write(&format!("{}.jsonpaths", self.table), self.paths.as_bytes())?;
        session.batch(&format!("copy {}", self.table), &self.statement(access, &manifest, &paths))?;
        let left_out = session.remarked("could not be loaded");
        // The tag of a COPY has no count on servers of this age.
        let row = session.row(Statement::RedshiftLastCopyCount, &[])?;
        number(&row, 0).map(|count| Copied { rows: count as u64, left_out })
    }
}

/// What a COPY did.
#[derive(Debug, Clone, Copy)]
pub(super) struct Copied {
    pub rows: u64,
    /// Within its limit it left rows out that it could not read.
    pub left_out: bool,
}

/// The error for a COPY that loaded other than what it was given.
pub(super) fn other_count(table: &str, given: u64, loaded: u64) -> Error {
    Error::new(Kind::Conservation, format!("{given} rows were written for {table}, but COPY loaded {loaded}"))
        .with_hint("nothing was changed; look for another process that writes to the staging prefix, and run the load again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statement_says_everything_that_has_a_dangerous_default() {
        let copy = Copy {
            table: "staged_lines",
            columns: vec!["artist", "ts"],
            paths: json::paths_of(&["artist", "ts"]),
            compression: Compression::Gzip,
            max_errors: 1_000_000,
        };
        let access = Access { role: "arn:aws:iam::123456789012:role/copy".to_owned(), region: "us-west-2".to_owned() };
        assert_eq!(
            copy.statement(&access, "s3://b/it's.manifest", "s3://b/x.jsonpaths"),
            "copy staged_lines (artist, ts)\nfrom 's3://b/it''s.manifest'\niam_role 'arn:aws:iam::123456789012:role/copy'\n\
             format as json 's3://b/x.jsonpaths'\nmanifest\nregion 'us-west-2'\ngzip\ntimeformat 'auto'\ncompupdate off\n\
             statupdate off\nmaxerror 100000;"
        );
    }

    #[test]
    fn without_a_role_nothing_is_tried() {
        let error = Access::new(&RedshiftOptions::default(), || Ok("us-west-2".to_owned())).unwrap_err();
        assert!(error.to_string().contains("redshift.iam_role"), "{error}");
    }
}
