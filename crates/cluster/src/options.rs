//! The settings of the cluster.

use std::str::FromStr;
use std::time::Duration;

use super::prices::{Cost, Prices};
use super::shape::Shape;
use crate::error::{Error, Kind, Result};
use crate::source::Location;

/// The settings of `[cluster]`, which have their defaults from where they are read.
#[derive(Debug, Clone)]
#[cfg_attr(test, derive(Default))]
pub struct ClusterOptions {
    /// The stack's name, which is the cluster's too.
    pub stack: String,
    /// The region, if it is not the environment's or the profile's.
    pub region: Option<String>,
    /// The AWS profile, if it is not the default one.
    pub profile: Option<String>,
    /// Which of the templates.
    pub shape: Shape,
    /// The kind of the nodes.
    pub node_type: String,
    /// How many nodes.
    pub nodes: u32,
    /// Redshift processing units that a workgroup has at least and at most.
    pub base_rpu: u32,
    /// See above.
    pub max_rpu: u32,
    /// RPU hours after which a workgroup is off for the rest of the day.
    pub rpu_hours_a_day: u32,
    /// The database.
    pub database: String,
    /// Its administrator.
    pub admin: String,
    /// The database user that loads log in as, if not the administrator.
    pub user: Option<String>,
    /// Its owner, if not the caller.
    pub owner: Option<String>,
    /// The VPC, if not the default one.
    pub vpc: Option<String>,
    /// Its subnets, if not all of them.
    pub subnets: Vec<String>,
    /// COPY goes through the VPC.
    pub enhanced_vpc_routing: bool,
    /// Connections and statements are logged.
    pub audit_log: bool,
    /// When AWS may work on the cluster.
    pub maintenance_window: String,
    /// How long automatic snapshots stay.
    pub snapshot_days: u32,
    /// How long it runs before it pauses by itself.
    pub ttl: Ttl,
    /// Where loads stage what COPY reads.
    pub staging: Option<Location>,
    /// A service that answers with the caller's address.
    pub address_service: String,
    /// When the prices were right.
    pub prices_as_of: String,
    /// What things cost.
    pub prices: Prices,
}

/// How long a cluster may run; `None` is for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ttl(pub Option<Duration>);

impl FromStr for Ttl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || {
            wrong(
                format!("invalid time to live `{text}`"),
                "expected a time such as 30m, 4h or 2d, from 10 minutes to 30 days; or none",
            )
        };
        if text == "none" {
            return Ok(Self(None));
        }
        let unit = text.chars().last().ok_or_else(bad)?;
        let factor = match unit {
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => return Err(bad()),
        };
        let seconds = text[..text.len() - 1].parse::<u64>().ok().and_then(|n| n.checked_mul(factor)).ok_or_else(bad)?;
        if !(600..=30 * 86_400).contains(&seconds) {
            return Err(bad());
        }
        Ok(Self(Some(Duration::from_secs(seconds))))
    }
}

impl std::fmt::Display for Ttl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.map(|time| time.as_secs()) {
            None => f.write_str("none"),
            Some(s) if s % 86_400 == 0 => write!(f, "{}d", s / 86_400),
            Some(s) if s % 3600 == 0 => write!(f, "{}h", s / 3600),
            Some(s) => write!(f, "{}m", s / 60),
        }
    }
}

impl ClusterOptions {
    /// What the cluster costs that these options ask for.
    pub(super) fn cost(&self) -> Cost {
        match self.shape {
            Shape::Provisioned => self.prices.nodes(&self.node_type, self.nodes),
            Shape::Serverless => self.prices.workgroup(self.base_rpu, self.rpu_hours_a_day),
        }
    }
}

/// A stack's name, which must be one of a cluster too.
///
/// # Errors
/// [`Kind::Settings`] for a name that AWS would not accept.
pub fn parse_stack(text: &str) -> Result<String> {
    let fits = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.len() <= 48
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.ends_with('-')
        && !text.contains("--");
    if fits {
        return Ok(text.to_owned());
    }
    Err(wrong(
        format!("invalid stack name `{text}`"),
        "expected at most 48 lower-case letters, digits and single hyphens, a letter first",
    ))
}

/// A node type of a family that AWS still offers.
///
/// # Errors
/// [`Kind::Settings`] for a retired family, with its successor.
pub fn parse_node_type(text: &str) -> Result<String> {
    let successor = match text {
        "dc2.large" | "dc1.large" => Some("ra3.large"),
        "dc2.8xlarge" | "dc1.8xlarge" | "ds2.8xlarge" => Some("ra3.4xlarge, two for one"),
        "ds2.xlarge" => Some("ra3.xlplus"),
        _ => None,
    };
    if let Some(successor) = successor {
        return Err(wrong(
            format!("nodes of type {text} are retired: AWS creates no new clusters of them"),
            format!("set cluster.node_type to {successor}"),
        ));
    }
    let (family, size) = text.split_once('.').unwrap_or((text, ""));
    if matches!(family, "ra3" | "rg") && !size.is_empty() && size.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    Err(wrong(format!("invalid node type `{text}`"), "expected for example ra3.large, ra3.xlplus, ra3.4xlarge or rg.large"))
}

/// A database or user name that needs no quotes and that Redshift accepts.
///
/// # Errors
/// [`Kind::Settings`] for others.
pub fn parse_database_name(text: &str) -> Result<String> {
    const RESERVED: [&str; 12] = [
        "public",
        "user",
        "system",
        "template0",
        "template1",
        "padb_harvest",
        "admin",
        "all",
        "default",
        "group",
        "table",
        "select",
    ];
    let fits = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.len() <= 63
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !RESERVED.contains(&text);
    if fits {
        Ok(text.to_owned())
    } else {
        Err(wrong(
            format!("invalid Redshift name `{text}`"),
            "expected lower-case letters, digits and underscores, and no reserved word",
        ))
    }
}

/// The ids of subnets, separated by commas.
///
/// # Errors
/// [`Kind::Settings`] for what is not an id.
pub fn parse_subnets(text: &str) -> Result<Vec<String>> {
    let ids: Vec<String> = text.split(',').map(|id| id.trim().to_owned()).collect();
    match ids.iter().find(|id| !id.starts_with("subnet-")) {
        Some(id) => {
            Err(wrong(format!("invalid subnet `{id}`"), "expected for example subnet-1a2b3c4d, several separated by commas"))
        }
        None => Ok(ids),
    }
}

/// A whole number within limits.
///
/// # Errors
/// [`Kind::Settings`] outside them.
pub fn parse_number(text: &str, least: u32, most: u32) -> Result<u32> {
    let bad = || wrong(format!("invalid number `{text}`: expected {least} to {most}"), "");
    text.parse().ok().filter(|n| (least..=most).contains(n)).ok_or_else(bad)
}

fn wrong(message: String, hint: impl Into<String>) -> Error {
    Error::new(Kind::Settings, message).with_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retired_nodes_are_refused_with_their_successor() {
        let error = parse_node_type("dc2.large").unwrap_err();
        assert!(error.to_string().contains("retired") && error.hint().contains("ra3.large"), "{error}");
        assert!(parse_node_type("m5.large").is_err() && parse_node_type("ra3.").is_err());
        for good in ["ra3.large", "ra3.xlplus", "ra3.16xlarge", "rg.large"] {
            assert_eq!(parse_node_type(good).unwrap(), good);
        }
    }

    #[test]
    fn times_to_live() {
        for (text, seconds) in [("30m", 1800), ("4h", 14_400), ("2d", 172_800)] {
            let ttl: Ttl = text.parse().unwrap();
            assert_eq!((ttl.0, ttl.to_string().as_str()), (Some(Duration::from_secs(seconds)), text));
        }
        assert_eq!("none".parse::<Ttl>().unwrap(), Ttl(None));
        for bad in ["", "4", "h", "5m", "31d", "-1h", "99999999999999999999d", "4ä"] {
            assert!(bad.parse::<Ttl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn names_are_those_that_aws_takes() {
        for good in ["sparkify", "sparkify-2", "a"] {
            assert!(parse_stack(good).is_ok(), "{good}");
        }
        for bad in ["", "Sparkify", "1st", "a--b", "a-", "a_b", "../x"] {
            assert!(parse_stack(bad).is_err(), "{bad}");
        }
        assert!(parse_database_name("sparkify_admin").is_ok());
        for bad in ["user", "public", "Admin", "a-b", "a'b", ""] {
            assert!(parse_database_name(bad).is_err(), "{bad}");
        }
    }
}
