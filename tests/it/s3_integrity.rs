//! What arrives from S3 is what the store keeps, or it is not loaded.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use sparkify::source::{Location, S3Options, Sources, Upload};

use crate::support::generate::Random;
use crate::support::raw_http::{RawServer, header, listing, reply, unmeasured};
use crate::support::s3::crc32;
use crate::support::warehouse::{Answer, Site};

const SONG: &str =
    "{\"song_id\":\"S1\",\"title\":\"T\",\"artist_id\":\"A1\",\"artist_name\":\"N\",\"duration\":123.5,\"year\":1999}\n";
const LOAD: [&str; 5] = ["load", "--songs", "s3://music/song_data", "--warehouse", "w.duckdb"];

/// The song's checksums, as Python's libraries have them.
const SUMS: [(&str, &str, &str); 5] = [
    ("x-amz-checksum-crc32", "CRC32", "JzWX6w=="),
    ("x-amz-checksum-crc32c", "CRC32C", "lrwRYA=="),
    ("x-amz-checksum-crc64nvme", "CRC64NVME", "1Y0c9V7/NB4="),
    ("x-amz-checksum-sha1", "SHA-1", "/8T/xzsQTDmxFD09NUrsGxqFnJY="),
    ("x-amz-checksum-sha256", "SHA-256", "1yOiBGS1fopPVErPan7cAKmaf3OnIM04DJ5MxvqNOmg="),
];
const MD5: &str = "648e0f0bc2eab4c5c4e67b342b99de80";

/// Checksums of the checksums of the song's parts of 40, 30 and 23 bytes.
const SUMS_OF_SUMS: [(&str, &str, &str); 4] = [
    ("x-amz-checksum-crc32", "CRC32", "fA/gPw==-3"),
    ("x-amz-checksum-crc32c", "CRC32C", "Qp8F1g==-3"),
    ("x-amz-checksum-sha1", "SHA-1", "Ma2lUPU6ejl3rEisPf1nnETL3qc=-3"),
    ("x-amz-checksum-sha256", "SHA-256", "AO/RCS38VZB5Q2BcTzN1mwWuYAm4kLcyhPaaYXsW3RM=-3"),
];

/// The song as it may arrive, all of the same length: a digit changed, two exchanged, one doubled and the last lost.
fn spoilt() -> [String; 3] {
    let doubled = SONG.replace("123.5", "1123.5").replace("1999", "199");
    [SONG.replace("123.5", "124.5"), SONG.replace("123.5", "132.5"), doubled]
}

/// Runs in a folder without a warehouse.
fn fresh(site: &Site, endpoint: &str, arguments: &[&str]) -> Answer {
    let _ = std::fs::remove_file(site.path("w.duckdb"));
    run(site, endpoint, arguments)
}

fn run(site: &Site, endpoint: &str, arguments: &[&str]) -> Answer {
    let mut command = site.command(arguments);
    command
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", "AKIDINTEGRITY")
        .env("AWS_SECRET_ACCESS_KEY", "secretOfTheIntegrity")
        .env("AWS_REGION", "us-east-1");
    Answer::of(&command.output().unwrap())
}

fn is_listing(head: &str) -> bool {
    head.contains("list-type=2")
}

fn is_object(head: &str, key: &str) -> bool {
    head.starts_with(&format!("GET /music/{key}"))
}

/// A store with one song under `song_data/a.json` that arrives spoilt the first so many times.
fn store(times: usize, spoilt: String, etag: &'static str, headers: Vec<(&'static str, String)>) -> RawServer {
    let asked = AtomicUsize::new(0);
    RawServer::start(move |head| {
        if is_listing(head) {
            return listing(&[("song_data/a.json", SONG.len(), etag), ("song_data/b.json", OTHER.len(), "e-1")]);
        }
        if is_object(head, "song_data/b.json") {
            return reply(200, &[("etag", "\"e-1\"")], OTHER);
        }
        if let Some((_, number)) = head.lines().next().and_then(|line| line.split_once("partNumber=")) {
            let size = ["40", "30", "23"][number.split(' ').next().unwrap().parse::<usize>().unwrap() - 1];
            return unmeasured(200, &[("content-length", size), ("x-amz-mp-parts-count", "3")], "");
        }
        let quoted = format!("\"{etag}\"");
        let mut sent = vec![("etag", quoted.as_str())];
        // Only who asks for it is told.
        let is_asked = header(head, "x-amz-checksum-mode") == Some("ENABLED")
            && header(head, "authorization").is_none_or(|value| value.contains("x-amz-checksum-mode"));
        sent.extend(headers.iter().filter(|_| is_asked).map(|(name, value)| (*name, value.as_str())));
        let is_spoilt = asked.fetch_add(1, Ordering::SeqCst) < times;
        reply(200, &sent, if is_spoilt { &spoilt } else { SONG })
    })
}

const OTHER: &str = "{\"song_id\":\"S2\",\"title\":\"U\",\"artist_id\":\"A1\",\"artist_name\":\"N\"}\n";

fn durations(site: &Site) -> i64 {
    site.number("select cast(coalesce(sum(duration * 10), 0) as bigint) as n from songs")
}

/// Loads from a store that spoils the song always, once, never; it has what the store tells on its side.
fn is_checked(name: &str, etag: &'static str, headers: &[(&'static str, &str)]) {
    let headers: Vec<(&'static str, String)> = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let site = Site::new();
    for (times, spoilt) in [2, 1, 1].into_iter().zip(spoilt()) {
        assert_eq!(spoilt.len(), SONG.len());
        let server = store(times, spoilt.clone(), etag, headers.clone());
        fresh(&site, &server.url, &LOAD).expect(0);
        assert_eq!(durations(&site), 1235, "{name}");
        assert_eq!(server.asked().iter().filter(|head| is_object(head, "song_data/a.json")).count(), times + 1, "{name}");
    }
    let server = store(usize::MAX, spoilt()[0].clone(), etag, headers);
    let failed = fresh(&site, &server.url, &LOAD).expect(1);
    assert!(failed.stderr.contains("s3://music/song_data/a.json arrives damaged"), "{}", failed.stderr);
    assert!(failed.stderr.contains(&format!("its {name} is ")), "{}", failed.stderr);
    fresh(&site, &server.url, &[&LOAD[..], &["--skip-bad-files"]].concat()).expect(3);
    assert_eq!((site.number("select count(*) from songs"), durations(&site)), (1, 0), "{name}: only the other song");
}

#[test]
fn a_byte_that_changed_on_the_way_is_asked_for_again_then_refused_by_name() {
    for (header, name, sum) in SUMS {
        is_checked(name, "e-1", &[(header, sum), ("x-amz-checksum-type", "FULL_OBJECT")]);
    }
    for (header, name, sum) in SUMS_OF_SUMS {
        is_checked(name, "e-3", &[(header, sum), ("x-amz-checksum-type", "COMPOSITE")]);
    }
    is_checked("MD5 (ETag)", MD5, &[]);
    is_checked("MD5 (ETag)", MD5, &[("x-amz-server-side-encryption", "AES256")]);
}

#[test]
fn what_cannot_be_compared_is_read_by_its_size() {
    let site = Site::new();
    let sum = ("x-amz-checksum-crc32", SUMS_OF_SUMS[0].2.to_owned());
    let wrong = SONG.replace("123.5", "124.5");
    for (etag, headers, more) in [
        ("e-1", vec![], &[][..]),
        (MD5, vec![("x-amz-server-side-encryption", "aws:kms".to_owned())], &[]),
        (MD5, vec![("x-amz-server-side-encryption-customer-algorithm", "AES256".to_owned())], &[]),
        (MD5, vec![], &["SPARKIFY_S3_ETAG_MD5"]),
    ] {
        let server = store(usize::MAX, wrong.clone(), etag, headers);
        let mut command = site.command(&[&LOAD[..], &["-vv"]].concat());
        command.env("AWS_ENDPOINT_URL", &server.url).env("AWS_REGION", "us-east-1").env("SPARKIFY_S3_ANONYMOUS", "true");
        command.envs(more.iter().map(|name| (*name, "false")));
        let _ = std::fs::remove_file(site.path("w.duckdb"));
        let loaded = Answer::of(&command.output().unwrap()).expect(0);
        assert_eq!(durations(&site), 1245);
        assert!(loaded.stderr.contains("only the size is"), "{}", loaded.stderr);
    }
    // A store that knows nothing of parts answers with all of the object.
    let server = RawServer::start(move |head| match head {
        _ if is_listing(head) => listing(&[("song_data/a.json", SONG.len(), "e-3")]),
        _ if head.starts_with("HEAD") => unmeasured(200, &[("content-length", "93")], ""),
        _ => reply(200, &[("etag", "\"e-3\""), (sum.0, &sum.1)], SONG),
    });
    fresh(&site, &server.url, &LOAD).expect(0);
    assert_eq!(durations(&site), 1235);
    assert!(
        server
            .asked()
            .iter()
            .all(|head| is_listing(head) != (header(head, "x-amz-checksum-mode").is_some() || head.starts_with("HEAD")))
    );
}

const VISIT: &str = "{\"ts\":1541106106796,\"page\":\"Home\",\"sessionId\":2,\"itemInSession\":0,\"userId\":\"\"}\n";

/// Lines of visitors who look at the home page, with text that cannot be packed well.
fn log(lines: usize) -> String {
    let (mut random, mut text) = (Random::new(7), String::new());
    for number in 0..lines {
        write!(
            text,
            "{{\"ts\":{},\"page\":\"Home\",\"sessionId\":1,\"itemInSession\":{number},\"userId\":\"\",\"userAgent\":\"",
            1_541_106_106_796_u64 + number as u64
        )
        .unwrap();
        (0..8).for_each(|_| write!(text, "{:016x}", random.next()).unwrap());
        text.push_str("\"}\n");
    }
    text
}

#[test]
fn a_large_object_that_arrives_damaged_is_read_anew_before_anything_is_kept() {
    let plain = log(6000);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(plain.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    for (name, content) in [("a.json", plain.into_bytes()), ("a.json.gz", packed)] {
        // More than is held back at this memory.
        assert!(content.len() > 600 << 10);
        let key = format!("log_data/{name}");
        let site = Site::new();
        let load = ["load", "--logs", "s3://music/log_data", "--warehouse", "w.duckdb", "--memory", "256MiB"];
        let content = Arc::new(content);
        let serve = |times: usize, cuts: usize| {
            let (content, sum, key, asked) = (Arc::clone(&content), crc32(&content), key.clone(), AtomicUsize::new(0));
            RawServer::start(move |head| {
                if is_listing(head) {
                    return listing(&[(&key, content.len(), "e-1"), ("log_data/b.json", VISIT.len(), "e-1")]);
                }
                if is_object(head, "log_data/b.json") {
                    return reply(200, &[("etag", "\"e-1\"")], VISIT);
                }
                let number = asked.fetch_add(1, Ordering::SeqCst);
                let from = header(head, "range")
                    .map_or(0, |range| range.trim_start_matches("bytes=").split('-').next().unwrap().parse::<usize>().unwrap());
                let mut body = content.to_vec();
                if number < times {
                    // A letter of the first line's user agent; in packed data, anything.
                    body[from + 140] ^= 1;
                }
                let range = format!("bytes {from}-{}/{}", content.len() - 1, content.len());
                let whole = [("etag", "\"e-1\""), ("x-amz-checksum-crc32", sum.as_str())];
                let part = [("etag", "\"e-1\""), ("content-range", range.as_str())];
                let (status, headers) = if from == 0 { (200, &whole) } else { (206, &part) };
                let length = (content.len() - from).to_string();
                let sent = if number < cuts { &body[from..from + 200_000] } else { &body[from..] };
                unmeasured(status, &[&headers[..], &[("content-length", &length)]].concat(), sent)
            })
        };
        // Cut twice, and the last piece damaged: what was claimed of the whole holds for all pieces.
        let server = serve(1, 2);
        fresh(&site, &server.url, &load).expect(0);
        assert_eq!(site.number("select count(*) from page_views"), 6001, "{name}");
        let agents = "select cast(sum(hash(user_agent) % 1000003) as bigint) as n from page_views";
        let right = site.number(agents);

        let server = serve(0, 0);
        fresh(&site, &server.url, &load).expect(0);
        assert_eq!(site.number(agents), right, "{name}");

        let server = serve(usize::MAX, 0);
        let failed = fresh(&site, &server.url, &load).expect(1);
        assert!(failed.stderr.contains(&format!("s3://music/{key} arrives damaged")), "{}", failed.stderr);
        assert_eq!(server.asked().iter().filter(|head| is_object(head, &key)).count(), 2, "once more, not for ever");
        fresh(&site, &serve(usize::MAX, 0).url, &[&load[..], &["--skip-bad-files"]].concat()).expect(3);
        assert_eq!(site.number("select count(*) from page_views"), 1, "{name}");
        fresh(&site, &serve(1, 0).url, &[&load[..], &["--skip-bad-files"]].concat()).expect(0);
        assert_eq!((site.number("select count(*) from page_views"), site.number(agents)), (6001, right), "{name}");
    }
}

#[test]
fn answers_of_servers_in_between_are_seen_through() {
    let site = Site::new();
    let error = "<?xml version=\"1.0\"?><Error><Code>InternalError</Code><Message>m</Message></Error>";
    let page = "<html><body>Please sign in to this network</body></html>";
    let half = &SONG[..SONG.len() / 2];
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(SONG.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    let etag = ("etag", "\"e-1\"");
    let rest = format!("bytes {}-{}/{}", half.len(), SONG.len() - 1, SONG.len());
    let rest = ("content-range", rest.as_str());
    // What is answered first, and whether it is for the listing.
    let first: Vec<(&str, bool, Vec<u8>)> = vec![
        ("an error with status 200", false, reply(200, &[], error)),
        ("an error with status 200 for a listing", true, reply(200, &[], error)),
        ("a page instead of a listing", true, reply(200, &[], page)),
        ("a listing that is cut", true, unmeasured(200, &[], "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false")),
        ("a page instead of the object", false, reply(200, &[], page)),
        ("a packed body", false, reply(200, &[etag, ("content-encoding", "gzip")], &packed)),
        ("no length, and cut", false, unmeasured(200, &[etag], half)),
        ("no length", false, unmeasured(200, &[etag], SONG)),
        ("a wrong encoding", false, reply(200, &[etag, ("content-encoding", "gzip")], SONG)),
        ("nothing", false, Vec::new()),
        ("in chunks", false, unmeasured(200, &[etag, ("transfer-encoding", "chunked")], format!("5d\r\n{SONG}\r\n0\r\n\r\n"))),
    ];
    for (name, of_listing, answer) in first {
        let (asked, rest) = (AtomicUsize::new(0), rest.1.to_owned());
        let server = RawServer::start(move |head| {
            if is_listing(head) == of_listing && asked.fetch_add(1, Ordering::SeqCst) == 0 {
                return answer.clone();
            }
            match head {
                _ if is_listing(head) => listing(&[("song_data/a.json", SONG.len(), "e-1")]),
                _ if header(head, "range").is_some() => reply(206, &[etag, ("content-range", &rest)], &SONG[SONG.len() / 2..]),
                _ => reply(200, &[etag], SONG),
            }
        });
        let loaded = fresh(&site, &server.url, &LOAD);
        assert_eq!(loaded.code, 0, "{name}: {}", loaded.stderr);
        assert_eq!(durations(&site), 1235, "{name}");
    }
}

#[test]
fn what_is_written_is_told_with_its_checksum() {
    let server = RawServer::start(|_| reply(200, &[("etag", "\"e-1\"")], ""));
    let options = S3Options { endpoint: Some(server.url.clone()), region: Some("us-east-1".to_owned()), ..S3Options::default() };
    let keys = Credentials::new("AKID", "secret", None, None, "test");
    let sources = Sources::with_credentials(options, SharedCredentialsProvider::new(keys));
    let upload = Upload::to(&sources, &Location::parse("s3://music/staging/").unwrap()).unwrap();
    let mut object = upload.object("manifest").unwrap();
    object.write(b"{\"entries\":[]}\n").unwrap();
    object.finish().unwrap();
    upload.finish().unwrap();
    let asked = server.asked();
    let put = asked.iter().find(|head| head.starts_with("PUT /music/staging/manifest")).unwrap();
    assert_eq!(header(put, "x-amz-checksum-sha256"), Some("egt5Q8zSk4IeacNBOr3+vz1049miqSwvNip/y6ty+LM="));
    let signed = "7a0b7943ccd293821e69c3413abdfebf3d74e3d9a2a92c2f362a7fcbab72f8b3";
    assert_eq!(header(put, "x-amz-content-sha256"), Some(signed));
}
