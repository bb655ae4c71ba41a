//! What a Redshift warehouse needs to know besides its URL.

use std::str::FromStr;

use crate::error::{Error, Kind, Result};
use crate::source::Location;

/// How loads into Redshift go about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RedshiftOptions {
    /// The role that COPY reads S3 with: an ARN, several joined by commas for a chain, or `default`.
    pub iam_role: Option<String>,
    /// The region of the sources and of the staging prefix.
    pub region: Option<String>,
    /// Where manifests, paths and compact files are put for the time of a load.
    pub staging: Option<Location>,
    /// Who reads the log files.
    pub stage: LoadMode,
    /// How the tables lie on the cluster.
    pub design: Design,
    /// The ARN or name of a secret with the user's password.
    pub secret: Option<String>,
    /// Log in by temporary credentials of IAM.
    pub iam: bool,
    /// The cluster that a host name of one's own stands for.
    pub cluster: Option<String>,
    /// How passwords are asked for, where that is known otherwise than from the URL. There is no setting for it.
    pub aws_context: Option<AwsContext>,
}

/// Where a cluster that was looked up is, and who asks for passwords to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsContext {
    /// The cluster's region. The buckets may be in another.
    pub region: String,
    /// The AWS profile, if it is not the default one. The buckets may be read with another.
    pub profile: Option<String>,
}

/// Who reads the log files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LoadMode {
    /// Whichever suits their number and sizes.
    #[default]
    Auto,
    /// The cluster.
    Direct,
    /// This machine, which writes few large files for the cluster.
    Compact,
}

impl LoadMode {
    /// As in the settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Direct => "direct",
            Self::Compact => "compact",
        }
    }
}

impl FromStr for LoadMode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::Auto, Self::Direct, Self::Compact].into_iter().find(|way| way.name() == text).ok_or_else(|| {
            Error::new(Kind::Settings, format!("invalid load mode `{text}`")).with_hint("expected auto, direct or compact")
        })
    }
}

/// How the tables lie on the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Design {
    /// Redshift chooses and changes its choice, but for the plays' sort key.
    #[default]
    Auto,
    /// Plays and users by user, small dimensions everywhere.
    Explicit,
}

impl Design {
    /// As in the settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Explicit => "explicit",
        }
    }
}

impl FromStr for Design {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::Auto, Self::Explicit].into_iter().find(|design| design.name() == text).ok_or_else(|| {
            Error::new(Kind::Settings, format!("invalid table design `{text}`")).with_hint("expected auto or explicit")
        })
    }
}

/// Reads a role: `default`, an ARN, or a chain of them.
///
/// # Errors
/// [`Kind::Settings`] when it is none of these.
pub fn parse_role(text: &str) -> Result<String> {
    let is_arn = |arn: &str| {
        let fields: Vec<&str> = arn.splitn(6, ':').collect();
        matches!(fields.as_slice(), ["arn", partition, "iam", "", account, role]
            if partition.starts_with("aws")
                && account.len() == 12
                && account.bytes().all(|b| b.is_ascii_digit())
                && role.strip_prefix("role/").is_some_and(|name| !name.is_empty())
                && role.bytes().all(|b| b.is_ascii_alphanumeric() || b"/+=.@_-".contains(&b)))
    };
    if text == "default" || text.split(',').all(is_arn) {
        return Ok(text.to_owned());
    }
    Err(Error::new(Kind::Settings, format!("invalid role `{text}`")).with_hint(
        "expected an ARN such as arn:aws:iam::123456789012:role/NAME, several joined by commas for a chain, or `default`",
    ))
}

/// Reads a staging prefix, which must be in S3 and not the bucket itself.
///
/// # Errors
/// [`Kind::Settings`] for a place on disk.
pub fn parse_staging(text: &str) -> Result<Location> {
    let location = Location::parse(text)?;
    if !location.is_s3() {
        return Err(Error::new(Kind::Settings, format!("`{text}` is not in S3, where the cluster could read it"))
            .with_hint("name a prefix that nothing else uses, as s3://bucket/sparkify-staging/"));
    }
    Ok(location)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_arns_chains_or_the_default() {
        let arn = "arn:aws:iam::123456789012:role/sparkify-copy";
        for good in ["default", arn, &format!("{arn},arn:aws:iam::210987654321:role/path/other")] {
            assert_eq!(parse_role(good).unwrap(), good);
        }
        for bad in [
            "",
            "sparkify-copy",
            "arn:aws:iam::1:role/x",
            "arn:aws:iam::123456789012:user/x",
            &format!("{arn}, {arn}"),
            &format!("{arn}'x"),
        ] {
            assert!(parse_role(bad).is_err(), "{bad}");
        }
    }
}
