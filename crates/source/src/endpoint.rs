//! Where requests may go: regions, endpoints and bucket names are checked before anything is sent.

use std::net::IpAddr;

use url::{Host, Url};

use crate::error::{Error, Kind, Result};

/// The longest label of a host name.
const LONGEST_LABEL: usize = 63;

/// Reads a region. Stores other than S3 name theirs differently, but all names consist of letters, digits, hyphens and
/// underscores.
///
/// # Errors
/// [`Kind::Settings`] for anything else, as it could lead a request to another host.
pub fn parse_region(text: &str) -> Result<String> {
    if is_label(text, |c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_')) {
        return Ok(text.to_owned());
    }
    Err(Error::new(Kind::Settings, format!("`{}` is not a valid region", text.escape_debug()))
        .with_hint("expected letters, digits and hyphens, as in eu-central-1"))
}

fn is_label(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    let at_ends = |c: Option<&u8>| c.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.len() <= LONGEST_LABEL && at_ends(bytes.first()) && at_ends(bytes.last()) && bytes.iter().all(|&c| allowed(c))
}

/// The domains of the partitions that have their own, by the beginning of their regions.
const DOMAINS: [(&str, &str); 7] = [
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
    ("us-gov-", "amazonaws.com"),
];

/// The domain of a region's hosts.
#[must_use]
pub fn domain(region: &str) -> &'static str {
    DOMAINS.iter().find(|(beginning, _)| region.starts_with(beginning)).map_or("amazonaws.com", |(_, domain)| domain)
}

/// Whether two regions belong to the same partition: credentials of one are of no use in another.
pub(super) fn is_same_partition(a: &str, b: &str) -> bool {
    let partition = |region: &str| DOMAINS.iter().position(|(beginning, _)| region.starts_with(beginning));
    partition(a) == partition(b)
}

/// The URL of an AWS service in a region.
///
/// # Errors
/// [`Kind::Settings`] when the region cannot be part of a host name.
pub fn service_url(service: &str, region: &str) -> Result<String> {
    if !is_label(region, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-') {
        return Err(Error::new(Kind::Settings, format!("`{}` is not a region of AWS", region.escape_debug()))
            .with_hint("expected lower-case letters, digits and hyphens, as in eu-central-1"));
    }
    Ok(format!("https://{service}.{region}.{}", domain(region)))
}

/// The region of the host of an S3 endpoint, if it is in the same partition as `region`.
pub(super) fn region_of_s3_host(host: &str, bucket: &str, region: &str) -> Option<String> {
    let host = host.strip_prefix(bucket).and_then(|host| host.strip_prefix('.')).unwrap_or(host);
    let host = host.strip_suffix(domain(region))?.strip_suffix('.')?;
    let host = ["s3.dualstack.", "s3.", "s3-"].iter().find_map(|beginning| host.strip_prefix(beginning))?;
    service_url("s3", host).is_ok().then(|| host.to_owned()).filter(|found| is_same_partition(found, region))
}

/// Reads an endpoint, as `https://host[:port]` with or without a path. `what` names it: the S3 endpoint.
///
/// # Errors
/// [`Kind::Settings`] for anything else. The text is not repeated: it may hold a password.
pub fn parse_endpoint(text: &str, what: &str) -> Result<Url> {
    let wrong = |why: &str| Error::new(Kind::Settings, format!("{what} {why}")).with_hint("name it as https://host[:port]");
    // A URL's parser leaves out line breaks without a word, and takes a backslash for a slash.
    if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
        return Err(wrong("must not hold white space, control characters or backslashes"));
    }
    let url = Url::parse(text).map_err(|error| wrong("is not a URL").caused_by(error))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("must not hold a user name or password"));
    }
    if !matches!(url.scheme(), "https" | "http") {
        return Err(wrong("must begin with https:// or http://"));
    }
    if url.host().is_none() || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("must be a host with an optional port and path"));
    }
    Ok(url)
}

/// Whether an endpoint is on this machine, so that no one can listen in between.
pub(super) fn is_loopback(endpoint: &Url) -> bool {
    match endpoint.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

/// The endpoint that the environment names for one service, or for all of them.
///
/// # Errors
/// [`Kind::Settings`] when it is not one.
pub fn endpoint_of_environment(service: &str) -> Result<Option<Url>> {
    let own = format!("AWS_ENDPOINT_URL_{}", service.to_uppercase().replace('-', "_"));
    for name in [own.as_str(), "AWS_ENDPOINT_URL"] {
        if let Some(text) = std::env::var(name).ok().filter(|value| !value.is_empty()) {
            return parse_endpoint(&text, &format!("the endpoint in {name}")).map(Some);
        }
    }
    Ok(None)
}

/// An endpoint as the beginning of a request's URL.
#[must_use]
pub fn as_base(endpoint: &Url) -> String {
    endpoint.as_str().trim_end_matches('/').to_owned()
}

/// Whether a name may be a bucket's anywhere: S3's oldest buckets and other stores have longer names, with capitals and
/// underscores, but nothing that could lead a request elsewhere.
pub(super) fn is_bucket_name(name: &str) -> bool {
    name.len() <= 255
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

/// Whether a name keeps to S3's rules of today, so that it can be a part of a host name: 3 to 63 lower-case letters,
/// digits, hyphens and points, each part between points beginning and ending with a letter or digit.
pub(super) fn is_host_bucket_name(name: &str) -> bool {
    let part = |part| is_label(part, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-');
    (3..=LONGEST_LABEL).contains(&name.len()) && name.split('.').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_hold_nothing_that_leads_elsewhere() {
        for good in ["eu-west-1", "us-gov-west-1", "auto", "RegionOne", "fr-par", "us_east", "eusc-de-east-1", "x"] {
            assert_eq!(parse_region(good).unwrap(), good);
        }
        let long = "a".repeat(64);
        for bad in [
            "",
            "eu-west-1.evil.example",
            "eu-west-1/",
            "a@b",
            "a#b",
            "a b",
            "eu-west-1\n",
            "\teu-west-1",
            "a:1",
            "-a",
            "a-",
            "é",
            "eu%2Fwest",
            "a?b",
            "a\\b",
            "a\0b",
            &long,
        ] {
            let error = parse_region(bad).unwrap_err();
            assert_eq!(error.kind(), Kind::Settings, "{bad:?}");
            assert!(!error.to_string().contains('\n'), "{error}");
        }
        assert_eq!(service_url("sts", "cn-north-1").unwrap(), "https://sts.cn-north-1.amazonaws.com.cn");
        assert!(service_url("sts", "RegionOne").is_err() && service_url("sts", "us_east").is_err());
    }

    #[test]
    fn endpoints_are_plain_addresses() {
        for good in ["https://store.example", "http://127.0.0.1:9000/", "https://store.example/minio", "http://[::1]:9"] {
            assert!(parse_endpoint(good, "the endpoint").is_ok(), "{good}");
        }
        for bad in [
            "",
            "store.example",
            "ftp://store.example",
            "https://me:secret@store.example",
            "https://me@store.example",
            "https://store.example/?secret",
            "https://store.example/#secret",
            "https://",
            "https://store\n.example",
            " https://store.example",
            "https://store.example\\@other.example",
            "file:///secret",
        ] {
            let error = parse_endpoint(bad, "the endpoint").unwrap_err();
            assert!(error.kind() == Kind::Settings && !error.report().contains("secret"), "{bad:?}: {error}");
        }
    }

    #[test]
    fn only_hosts_of_s3_in_the_same_partition_name_a_region() {
        let region = |host: &str| region_of_s3_host(host, "music", "us-east-1");
        for (host, found) in [
            ("music.s3.eu-west-1.amazonaws.com", "eu-west-1"),
            ("s3.eu-west-1.amazonaws.com", "eu-west-1"),
            ("music.s3-us-west-2.amazonaws.com", "us-west-2"),
            ("music.s3.dualstack.eu-west-1.amazonaws.com", "eu-west-1"),
        ] {
            assert_eq!(region(host).as_deref(), Some(found));
        }
        for host in [
            "evil.example",
            "s3.eu-west-1.amazonaws.com.evil.example",
            "s3.cn-north-1.amazonaws.com.cn",
            "s3.cn-north-1.amazonaws.com",
            "s3.us-gov-west-1.amazonaws.com",
            "evil.s3.eu-west-1.amazonaws.com",
            "s3.a.b.amazonaws.com",
            "s3.amazonaws.com",
            "s3.eu-west-1.evilamazonaws.com",
            "",
        ] {
            assert_eq!(region(host), None, "{host}");
        }
    }

    #[test]
    fn bucket_names_are_told_apart() {
        for name in ["music", "my-music.2018", "abc", "1a2"] {
            assert!(is_bucket_name(name) && is_host_bucket_name(name), "{name}");
        }
        for name in ["Music", "my_music", "ab", "a..b", "music-", "a.-b", &"a".repeat(64)] {
            assert!(is_bucket_name(name) && !is_host_bucket_name(name), "{name}");
        }
        for name in ["", ".music", "-music", "mu sic", "mu/sic", "mu@sic", "mu#sic", "mü", &"a".repeat(256)] {
            assert!(!is_bucket_name(name), "{name}");
        }
    }
}
