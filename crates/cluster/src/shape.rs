//! The two kinds of Redshift warehouse.

use std::str::FromStr;

use crate::error::{Error, Kind, Result};

/// Which kind of warehouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    #[default]
    /// Nodes that run until they are paused.
    Provisioned,
    /// Computing that is there when it is asked for.
    Serverless,
}

impl Shape {
    /// As in the settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Provisioned => "provisioned",
            Self::Serverless => "serverless",
        }
    }
}

impl FromStr for Shape {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::Provisioned, Self::Serverless].into_iter().find(|shape| shape.name() == text).ok_or_else(|| {
            Error::new(Kind::Settings, format!("invalid kind of cluster `{text}`"))
                .with_hint("expected `provisioned` or `serverless`")
        })
    }
}
