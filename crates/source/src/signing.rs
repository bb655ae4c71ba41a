//! Requests with the signature that AWS services require.

use std::time::SystemTime;

use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;

/// A request to sign.
#[derive(Debug)]
pub struct Unsigned<'a> {
    /// As in signatures.
    pub service: &'a str,
    /// As in signatures.
    pub region: &'a str,
    /// GET, HEAD, POST.
    pub method: &'a str,
    /// Where it goes.
    pub url: &'a str,
    /// Names and values.
    pub headers: &'a [(&'a str, &'a str)],
    /// What is sent.
    pub body: String,
}

/// A request with the signature that AWS services require. Code that logs headers does not show the secret ones.
///
/// # Errors
/// A text that says which URL or header is invalid.
pub fn signed(request: Unsigned<'_>, keys: aws_credential_types::Credentials) -> std::result::Result<reqwest::Request, String> {
    let identity = keys.into();
    let mut settings = SigningSettings::default();
    if request.service == "s3" {
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        // Keys are encoded once, and their slashes and points are a part of them.
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(request.region)
        .name(request.service)
        .time(SystemTime::now())
        .settings(settings)
        .build()
        .map_err(|e| e.to_string())?
        .into();
    let body = SignableBody::Bytes(request.body.as_bytes());
    let signable = SignableRequest::new(request.method, request.url, request.headers.iter().copied(), body);
    let signed = signable.and_then(|signable| sign(signable, &parameters)).map_err(|e| e.to_string())?;
    let mut built = http::Request::builder().method(request.method).uri(request.url);
    for (name, value) in request.headers {
        built = built.header(*name, *value);
    }
    let (instructions, _) = signed.into_parts();
    let mut built = built.body(request.body).map_err(|e| e.to_string())?;
    instructions.apply_to_request_http1x(&mut built);
    for (name, value) in built.headers_mut() {
        value.set_sensitive(matches!(name.as_str(), "authorization" | "x-amz-security-token"));
    }
    reqwest::Request::try_from(built).map_err(|e| e.to_string())
}
