//! Verifies objects: compares the checksums that the store gives with those of the bytes that were read.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;
use http::HeaderMap;
use md5::{Digest as _, Md5};

/// How a checksum is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Crc64Nvme,
    Crc32c,
    Crc32,
    Sha256,
    Sha1,
    /// Not one of S3's checksums, but the ETag of an object that was uploaded in one piece.
    Md5,
}

/// The checksums that S3 gives, the fastest first, with their headers.
const HEADERS: [(Algorithm, &str); 5] = [
    (Algorithm::Crc64Nvme, "x-amz-checksum-crc64nvme"),
    (Algorithm::Crc32c, "x-amz-checksum-crc32c"),
    (Algorithm::Crc32, "x-amz-checksum-crc32"),
    (Algorithm::Sha256, "x-amz-checksum-sha256"),
    (Algorithm::Sha1, "x-amz-checksum-sha1"),
];

impl Algorithm {
    const fn name(self) -> &'static str {
        match self {
            Self::Crc64Nvme => "CRC64NVME",
            Self::Crc32c => "CRC32C",
            Self::Crc32 => "CRC32",
            Self::Sha256 => "SHA-256",
            Self::Sha1 => "SHA-1",
            Self::Md5 => "MD5 (ETag)",
        }
    }

    const fn bytes(self) -> usize {
        match self {
            Self::Crc64Nvme => 8,
            Self::Crc32c | Self::Crc32 => 4,
            Self::Sha256 => 32,
            Self::Sha1 => 20,
            Self::Md5 => 16,
        }
    }
}

/// What an answer claims about its object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Claims {
    checksum: Option<Checksum>,
    /// It is encrypted with a key of its own, so that its ETag is not an MD5.
    has_own_key: bool,
}

/// A checksum of an object, or of the checksums of its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Checksum {
    algorithm: Algorithm,
    value: Vec<u8>,
    /// The number of parts that it covers; `None` for a checksum of the whole.
    parts: Option<usize>,
}

impl Claims {
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let checksum = HEADERS.iter().find_map(|&(algorithm, name)| Checksum::read(algorithm, text(name)?));
        let has_own_key = text("x-amz-server-side-encryption").is_some_and(|kind| kind != "AES256")
            || text("x-amz-server-side-encryption-customer-algorithm").is_some();
        Self { checksum, has_own_key }
    }

    /// The number of parts whose checksums the claim covers.
    pub(super) fn parts(&self) -> Option<usize> {
        self.checksum.as_ref().and_then(|checksum| checksum.parts)
    }

    /// What to compare the object with: the store's checksum, or else `etag`, which is passed only if it can be an MD5.
    /// `sizes` are those of the parts, if they are known. `None` if only the size can be compared.
    pub(super) fn check(&self, etag: Option<&str>, sizes: Option<Vec<u64>>) -> Option<Check> {
        let of_etag = || {
            let value = etag.filter(|_| !self.has_own_key).and_then(of_hex)?;
            Some(Checksum { algorithm: Algorithm::Md5, value, parts: None })
        };
        let checksum = self.checksum.clone().or_else(of_etag)?;
        match (checksum.parts, sizes) {
            (None, _) => Some(Check::new(checksum, Vec::new())),
            (Some(parts), Some(sizes)) if sizes.len() == parts => Some(Check::new(checksum, sizes)),
            (Some(_), _) => None,
        }
    }
}

impl Checksum {
    /// As S3 writes it: base64, with a hyphen and the number of parts behind it if it is a checksum of checksums.
    fn read(algorithm: Algorithm, text: &str) -> Option<Self> {
        let (value, parts) = match text.split_once('-') {
            Some((value, parts)) => (value, Some(parts.parse().ok().filter(|parts| *parts > 0)?)),
            None => (text, None),
        };
        let value = STANDARD.decode(value).ok().filter(|value| value.len() == algorithm.bytes())?;
        Some(Self { algorithm, value, parts })
    }
}

/// The bytes of an ETag that looks like an MD5: 32 hexadecimal digits and nothing else.
fn of_hex(etag: &str) -> Option<Vec<u8>> {
    let digits = Some(etag.as_bytes()).filter(|digits| digits.len() == 32)?;
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    digits.chunks_exact(2).map(|pair| Some(value(pair[0])? << 4 | value(pair[1])?)).collect()
}

/// A comparison under way. It takes the object's bytes in order, in pieces of any size.
pub(super) struct Check {
    claimed: Checksum,
    hasher: Hasher,
    /// The sizes of the parts after the current one, the last first.
    sizes: Vec<u64>,
    /// Bytes missing from the current part; without parts, no limit.
    left: u64,
    /// The checksums of the parts so far.
    of_parts: Vec<u8>,
}

impl Check {
    fn new(claimed: Checksum, mut sizes: Vec<u64>) -> Self {
        sizes.reverse();
        let left = sizes.pop().unwrap_or(u64::MAX);
        Self { hasher: Hasher::new(claimed.algorithm), claimed, sizes, left, of_parts: Vec::new() }
    }

    pub(super) fn update(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            let size = usize::try_from(self.left).map_or(data.len(), |left| left.min(data.len()));
            let (now, rest) = data.split_at(size);
            self.hasher.update(now);
            self.left -= size as u64;
            data = rest;
            if self.left == 0 {
                self.end_part();
            }
        }
    }

    fn end_part(&mut self) {
        let done = std::mem::replace(&mut self.hasher, Hasher::new(self.claimed.algorithm));
        self.of_parts.extend(done.finish());
        self.left = self.sizes.pop().unwrap_or(u64::MAX);
    }

    /// Compares, after the last byte.
    pub(super) fn finish(self) -> Result<(), Mismatch> {
        let algorithm = self.claimed.algorithm;
        let got = if self.claimed.parts.is_some() {
            let mut whole = Hasher::new(algorithm);
            whole.update(&self.of_parts);
            whole.finish()
        } else {
            self.hasher.finish()
        };
        if got == self.claimed.value {
            return Ok(());
        }
        let shown = |value: &[u8]| if algorithm == Algorithm::Md5 { hex(value) } else { STANDARD.encode(value) };
        Err(Mismatch { algorithm, expected: shown(&self.claimed.value), got: shown(&got) })
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The bytes that arrived are not those that the store keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mismatch {
    pub(super) algorithm: Algorithm,
    expected: String,
    got: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { algorithm, expected, got } = self;
        write!(f, "its {} is {got}, and the store says {expected}", algorithm.name())
    }
}

impl std::error::Error for Mismatch {}

enum Hasher {
    /// The digest, and how many bytes of its sum count.
    Crc(Box<crc_fast::Digest>, usize),
    Sha(Context),
    Md5(Md5),
}

impl Hasher {
    fn new(algorithm: Algorithm) -> Self {
        let crc = |kind| Self::Crc(Box::new(crc_fast::Digest::new(kind)), algorithm.bytes());
        match algorithm {
            Algorithm::Crc64Nvme => crc(CrcAlgorithm::Crc64Nvme),
            Algorithm::Crc32c => crc(CrcAlgorithm::Crc32Iscsi),
            Algorithm::Crc32 => crc(CrcAlgorithm::Crc32IsoHdlc),
            Algorithm::Sha256 => Self::Sha(Context::new(&SHA256)),
            Algorithm::Sha1 => Self::Sha(Context::new(&SHA1_FOR_LEGACY_USE_ONLY)),
            Algorithm::Md5 => Self::Md5(Md5::new()),
        }
    }

    fn update(&mut self, data: &[u8]) {
        match self {
            Self::Crc(digest, _) => digest.update(data),
            Self::Sha(context) => context.update(data),
            Self::Md5(digest) => digest.update(data),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Crc(digest, bytes) => digest.finalize().to_be_bytes()[8 - bytes..].to_vec(),
            Self::Sha(context) => context.finish().as_ref().to_vec(),
            Self::Md5(digest) => digest.finalize().to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the nine digits `123456789`, as the catalogues of checksums and the standards have them.
    const KNOWN: [(Algorithm, &str); 6] = [
        (Algorithm::Crc64Nvme, "ae8b14860a799888"),
        (Algorithm::Crc32c, "e3069283"),
        (Algorithm::Crc32, "cbf43926"),
        (Algorithm::Sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
        (Algorithm::Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        (Algorithm::Md5, "25f9e794323b453885f5181f1b624d0b"),
    ];
    const DIGITS: &[u8] = b"123456789";

    fn checked(claims: &Claims, etag: Option<&str>, sizes: Option<Vec<u64>>, data: &[u8]) -> Option<Result<(), Mismatch>> {
        let mut check = claims.check(etag, sizes)?;
        data.chunks(2).for_each(|data| check.update(data));
        Some(check.finish())
    }

    fn sum(algorithm: Algorithm, data: &[u8]) -> Vec<u8> {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(data);
        hasher.finish()
    }

    fn told(name: &str, value: &str) -> Claims {
        let mut headers = HeaderMap::new();
        headers.insert(http::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
        Claims::read(&headers)
    }

    #[test]
    fn sums_are_those_of_the_standards() {
        for (algorithm, known) in KNOWN {
            assert_eq!(hex(&sum(algorithm, DIGITS)), known, "{algorithm:?}");
        }
    }

    #[test]
    fn a_byte_more_less_or_other_is_noticed_by_every_algorithm() {
        for (algorithm, name) in HEADERS {
            let claims = told(name, &STANDARD.encode(sum(algorithm, DIGITS)));
            assert_eq!(checked(&claims, None, None, DIGITS), Some(Ok(())));
            for other in [&b"123456780"[..], b"12345678", b"1234567899", b"213456789", b""] {
                let mismatch = checked(&claims, None, None, other).unwrap().unwrap_err();
                assert!(mismatch.to_string().contains(algorithm.name()), "{mismatch}");
            }
        }
    }

    #[test]
    fn sums_of_sums_are_compared_part_by_part() {
        for (algorithm, name) in HEADERS {
            let parts = [sum(algorithm, b"1234"), sum(algorithm, b"567"), sum(algorithm, b"89")].concat();
            let claims = told(name, &format!("{}-3", STANDARD.encode(sum(algorithm, &parts))));
            assert_eq!(claims.parts(), Some(3));
            assert_eq!(checked(&claims, None, Some(vec![4, 3, 2]), DIGITS), Some(Ok(())));
            assert!(checked(&claims, None, Some(vec![4, 3, 2]), b"123456780").unwrap().is_err());
            assert!(checked(&claims, None, Some(vec![3, 4, 2]), DIGITS).unwrap().is_err());
            assert_eq!(checked(&claims, Some("25f9e794323b453885f5181f1b624d0b"), None, DIGITS), None, "an ETag says no more");
        }
    }

    #[test]
    fn an_etag_counts_where_it_is_an_md5() {
        let plain = Claims::default();
        let etag = Some("25f9e794323b453885f5181f1b624d0b");
        assert_eq!(checked(&plain, etag, None, DIGITS), Some(Ok(())));
        assert_eq!(checked(&plain, Some("25F9E794323B453885F5181F1B624D0B"), None, DIGITS), Some(Ok(())));
        assert!(checked(&plain, etag, None, b"123456780").unwrap().is_err());
        for none in
            [None, Some("25f9e794323b453885f5181f1b624d0b-2"), Some("25f9"), Some("25f9e794323b453885f5181f1b624d0g"), Some("")]
        {
            assert_eq!(checked(&plain, none, None, DIGITS), None);
        }
        assert_eq!(checked(&told("x-amz-server-side-encryption", "AES256"), etag, None, DIGITS), Some(Ok(())));
        for (name, value) in
            [("x-amz-server-side-encryption", "aws:kms"), ("x-amz-server-side-encryption-customer-algorithm", "AES256")]
        {
            assert_eq!(checked(&told(name, value), etag, None, DIGITS), None);
        }
    }

    #[test]
    fn a_claim_that_cannot_be_read_is_none() {
        for value in ["", "!", "AAAA", "y/Q5Jg==-0", "y/Q5Jg==-x", "y/Q5Jg==-"] {
            assert_eq!(told("x-amz-checksum-crc32", value), Claims::default(), "{value}");
        }
    }
}
