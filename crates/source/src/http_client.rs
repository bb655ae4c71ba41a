//! Creates all HTTP clients. None follows a redirect, which would take signatures and tokens to another host.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::Client;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use url::Url;

use crate::error::{Error, Kind, Result};

/// A client with what `configure` adds. It never follows a redirect, whatever `configure` says.
///
/// # Errors
/// [`Kind::Io`] when encryption cannot be set up.
pub fn client(configure: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> Result<Client> {
    let builder = Client::builder()
        .user_agent(concat!("sparkify/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(Arc::new(Spread))
        // A body that the client decompressed would no longer have the size and the checksum that the store reports.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate();
    configure(builder)
        .redirect(Policy::none())
        .build()
        .map_err(|error| Error::new(Kind::Io, "cannot set up encrypted connections").caused_by(error))
}

/// Where an answer's `Location` leads, as it may be shown: scheme, host and port, as a path can hold a signature.
#[must_use]
pub fn shown_target(location: &str) -> String {
    match Url::parse(location) {
        Ok(url) if url.has_host() => url.origin().ascii_serialization(),
        _ => "another path".to_owned(),
    }
}

/// Looks names up as the system does, and takes a name's addresses in a random order: S3 has many, and spreads its load so.
struct Spread;

impl Resolve for Spread {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let mut addresses: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // The family that the system prefers stays in front.
            let preferred = addresses.first().map(SocketAddr::is_ipv4);
            let random = RandomState::new();
            addresses.sort_by_cached_key(|address| (Some(address.is_ipv4()) != preferred, random.hash_one(address)));
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::shown_target;

    #[test]
    fn a_target_is_shown_without_what_may_be_secret() {
        for (location, shown) in [
            ("https://other.example:8443/bucket/key?X-Amz-Signature=1", "https://other.example:8443"),
            ("https://user:password@other.example/", "https://other.example"),
            ("http://[::1]/x", "http://[::1]"),
            ("/elsewhere?X-Amz-Signature=1", "another path"),
            ("", "another path"),
        ] {
            assert_eq!(shown_target(location), shown);
        }
    }
}
