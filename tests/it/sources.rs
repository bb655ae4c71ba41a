//! Listing and reading, from disk and from an S3 server that misbehaves on demand.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write as _};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use sparkify::error::{Error, Kind};
use sparkify::source::{Compression, Fetcher, Listing, Location, S3Options, SourceFile, Sources, file_error};
use tempfile::TempDir;

use crate::support::s3::{Fault, LEAKED_TOKEN, S3Server};

const BUDGET: usize = 8 << 20;

// ---------------------------------------------------------------------------------------------------------- helpers

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn put(root: &Path, name: &str, content: impl AsRef<[u8]>) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn at(text: &str) -> Location {
    Location::parse(text).unwrap()
}

fn on_disk() -> Sources {
    Sources::new(S3Options::default())
}

fn list_disk(path: &Path) -> Result<Listing, Error> {
    on_disk().list(&at(path.to_str().unwrap()))
}

/// What is listed, as paths below `root`, and what is passed over, with why.
fn below<'a>(root: &str, listing: &'a Listing) -> (Vec<&'a str>, Vec<(&'a str, &'static str)>) {
    let cut = |url: &'a str| url.strip_prefix(root).unwrap_or(url).trim_start_matches('/');
    let files = listing.files.iter().map(|file| cut(&file.url)).collect();
    (files, listing.skipped.iter().map(|(url, why)| (cut(url), *why)).collect())
}

fn disk_url(path: &Path) -> String {
    format!("file://{}", path.display())
}

fn lines(seed: usize, bytes: usize) -> Vec<u8> {
    let mut text = String::new();
    let mut number = seed as u64 + 1;
    while text.len() < bytes {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        writeln!(text, "{{\"n\":{number}}}").unwrap();
    }
    text.into_bytes()
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn zstd(data: &[u8]) -> Vec<u8> {
    zstd::encode_all(data, 1).unwrap()
}

fn read_one(fetcher: &Fetcher, index: usize) -> Result<Vec<u8>, Error> {
    let mut reader = fetcher.open(index)?;
    let mut content = Vec::new();
    reader.read_to_end(&mut content).map_err(|error| file_error(&fetcher.files()[index], error))?;
    assert_eq!(reader.raw_bytes_read(), fetcher.files()[index].size);
    reader.finish()?;
    Ok(content)
}

fn read_listed(sources: &Sources, files: Vec<SourceFile>) -> Vec<Result<Vec<u8>, Error>> {
    let fetcher = sources.fetch(files, BUDGET).unwrap();
    (0..fetcher.files().len()).map(|index| read_one(&fetcher, index)).collect()
}

fn read_first(sources: &Sources, listing: &Listing) -> Result<Vec<u8>, Error> {
    read_listed(sources, listing.files[..1].to_vec()).remove(0)
}

struct Store {
    server: S3Server,
    _root: TempDir,
}

fn store() -> Store {
    let root = folder();
    fs::create_dir(root.path().join("music")).unwrap();
    Store { server: S3Server::start(root.path()), _root: root }
}

fn options(server: &S3Server) -> S3Options {
    S3Options {
        endpoint: Some(server.endpoint().to_owned()),
        region: Some("us-east-1".to_owned()),
        max_retries: Some(4),
        first_pause: Some(Duration::from_millis(10)),
        stall_timeout: Some(Duration::from_secs(20)),
        ..S3Options::default()
    }
}

/// For tests in which the server falls silent.
fn impatient(server: &S3Server) -> S3Options {
    S3Options { stall_timeout: Some(Duration::from_millis(600)), ..options(server) }
}

fn wait_until(what: impl Fn() -> bool) {
    let begun = Instant::now();
    while !what() && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn keys(key: &str, secret: &str, token: Option<&str>) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(Credentials::new(key, secret, token.map(str::to_owned), None, "test"))
}

impl Store {
    fn sources(&self) -> Sources {
        self.sources_with(options(&self.server))
    }

    fn sources_with(&self, options: S3Options) -> Sources {
        Sources::with_credentials(options, keys(self.server.access_key, self.server.secret_key, None))
    }

    fn list(&self, place: &str) -> Result<Listing, Error> {
        self.sources().list(&at(place))
    }
}

/// The whole error as people may get to see it, after checking that it holds no secret.
fn seen(error: &Error) -> String {
    let text = format!("{}\n{}\n{error:?}", error.report(), error.hint());
    for secret in [LEAKED_TOKEN, "secretOfTheTestServer", "AKIDTESTSERVER", "otherSecret", "myToken"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    error.to_string()
}

fn fails(result: Result<impl Sized, Error>, kind: Kind, part: &str) {
    let error = result.err().expect("an error");
    let text = seen(&error);
    assert_eq!(error.kind(), kind, "{}", error.report());
    assert!(text.contains(part), "{text} should contain {part}");
}

// -------------------------------------------------------------------------------------------------------- locations

#[test]
fn locations_are_paths_file_urls_or_s3_urls() {
    for (text, s3) in [
        ("log_data", false),
        ("./a b", false),
        ("/data/log_data/", false),
        ("file:///data/log%20data", false),
        ("s3://music", true),
        ("s3://music/", true),
        ("s3://music/log_data", true),
        ("s3://my.music-2/log_data/2018/", true),
    ] {
        let location = at(text);
        assert_eq!((location.to_string().as_str(), location.is_s3()), (text, s3));
    }
    for text in ["", "gs://music/x", "http://host/x", "s3://", "s3:///key", "s3://music//x", "s3://music/a/../b", "s3://-x/"] {
        fails(Location::parse(text), Kind::Settings, "");
    }
    let error = Location::parse("https://me:otherSecret@host/x").unwrap_err();
    assert!(error.hint().contains("s3://bucket/prefix"));
    seen(&error);
    seen(&Location::parse("s3://me:otherSecret@music/x").unwrap_err());
}

#[test]
fn names_tell_the_packing() {
    for (name, packing) in [
        ("a.json", Some(Compression::None)),
        ("a.b.JSONL", Some(Compression::None)),
        ("a.json.gz", Some(Compression::Gzip)),
        ("a.jsonl.zst", Some(Compression::Zstd)),
        ("a.gz", None),
        ("json", None),
        ("a.json.bz2", None),
        ("a.json.gz.gz", None),
        ("é", None),
        ("日本", None),
    ] {
        assert_eq!(Compression::of_name(name), packing, "{name}");
    }
}

// ------------------------------------------------------------------------------------------------------ listing disk

#[test]
fn a_folder_is_listed_in_full_and_in_order() {
    let root = folder();
    let logs = root.path().join("log_data");
    put(&logs, "2018/11/2018-11-02-events.json", "{}");
    put(&logs, "2018/11/2018-11-01-events.json", "{} ");
    put(&logs, "2018/10/x.jsonl.gz", "z");
    put(&logs, "2018/10/y.json.zst", "z");
    put(&logs, "2018/empty.json", "");
    put(&logs, "2018/readme.txt", "hello");
    put(&logs, ".DS_Store", "x");
    put(&logs, "2018/.ipynb_checkpoints/2018-11-01-events.json", "{}");
    put(root.path(), "log_data_old/old.json", "{}");
    let listing = list_disk(&logs).unwrap();
    let (files, passed_over) = below(&disk_url(&logs), &listing);
    assert_eq!(
        files,
        ["2018/10/x.jsonl.gz", "2018/10/y.json.zst", "2018/11/2018-11-01-events.json", "2018/11/2018-11-02-events.json"]
    );
    assert_eq!(
        passed_over,
        [
            (".DS_Store", "hidden"),
            ("2018/.ipynb_checkpoints", "hidden"),
            ("2018/empty.json", "empty"),
            ("2018/readme.txt", "not named .json or .jsonl")
        ]
    );
    let file = &listing.files[2];
    let path = logs.join("2018/11/2018-11-01-events.json");
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let ns = modified.duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    assert_eq!(file.version, format!("{ns}-3"));
    assert_eq!((file.size, u128::try_from(file.modified_us).unwrap()), (3, ns / 1000));
    assert_eq!(file.display_name(), path.display().to_string());
    assert_eq!(listing, list_disk(&logs.join("../log_data/")).unwrap());
    assert_eq!(listing, on_disk().list(&at(&disk_url(&logs))).unwrap());
}

#[test]
fn a_single_file_is_a_location_too() {
    let root = folder();
    put(root.path(), ".hidden/one.json", "{}");
    put(root.path(), "notes.txt", "x");
    put(root.path(), "empty.json", "");
    assert_eq!(list_disk(&root.path().join(".hidden/one.json")).unwrap().files.len(), 1);
    fails(list_disk(&root.path().join("notes.txt")), Kind::SourceMissing, "not named .json");
    fails(list_disk(&root.path().join("empty.json")), Kind::SourceMissing, "(empty)");
    fails(list_disk(&root.path().join("empty.json/below")), Kind::SourceMissing, "does not exist");
}

#[test]
fn a_folder_without_json_is_no_source() {
    let root = folder();
    fails(list_disk(&root.path().join("nowhere")), Kind::SourceMissing, "does not exist");
    fails(list_disk(root.path()), Kind::SourceMissing, "holds no JSON files: the folder is empty");
    put(root.path(), "a.txt", "x");
    put(root.path(), "b.csv", "x");
    fails(list_disk(root.path()), Kind::SourceMissing, "holds no JSON files; 2 others were skipped");
    assert!(list_disk(&root.path().join("nowhere")).unwrap_err().to_string().contains("nowhere"));
}

#[test]
fn odd_names_survive_the_way_through_a_url() {
    let root = folder();
    let mut names = vec!["a b.json", "100%25.json", "q?x#y.json", "Björk \"漢\".json", "back\\slash.json", "semi;colon&.json"];
    names.sort_unstable();
    for name in &names {
        put(root.path(), name, name);
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let name = std::ffi::OsStr::from_bytes(b"latin\xe9.json");
        fs::write(root.path().join(name), "latin").unwrap();
        names.push("latin");
    }
    let listing = list_disk(root.path()).unwrap();
    let mut contents: Vec<String> = read_listed(&on_disk(), listing.files.clone())
        .into_iter()
        .map(|content| String::from_utf8(content.unwrap()).unwrap())
        .collect();
    contents.sort_unstable();
    names.sort_unstable();
    assert_eq!(contents, names);
    assert!(listing.files.iter().all(|file| file.url.is_ascii() && !file.url.contains([' ', '#', '?'])));
}

#[cfg(unix)]
#[test]
fn links_are_followed_once_and_never_in_circles() {
    use std::os::unix::fs::symlink;
    let root = folder();
    let (logs, other) = (root.path().join("logs"), root.path().join("elsewhere"));
    put(&logs, "a/one.json", "{}");
    put(&logs, "..data/mounted.json", "{}");
    put(&other, "deep/two.json", "{}");
    put(&other, "three.txt", "{}");
    symlink("a", logs.join("again")).unwrap();
    symlink("../..", logs.join("a/up")).unwrap();
    symlink("a/one.json", logs.join("same.json")).unwrap();
    symlink("..data/mounted.json", logs.join("mounted.json")).unwrap();
    symlink(&other, logs.join("other")).unwrap();
    symlink(&other, other.join("deep/self")).unwrap();
    symlink("../elsewhere/three.txt", logs.join("three.json")).unwrap();
    symlink("nowhere.json", logs.join("lost.json")).unwrap();
    symlink("ring.json", logs.join("ring.json")).unwrap();
    let follow = |path: &Path| on_disk().following_links(true).list(&Location::parse(path.to_str().unwrap()).unwrap()).unwrap();
    let listing = follow(&logs);
    let (files, passed_over) = below(&disk_url(&logs), &listing);
    assert_eq!(files, ["a/one.json", "mounted.json", "other/deep/two.json", "three.json"]);
    let why: HashMap<_, _> = passed_over.into_iter().collect();
    for twice in ["again", "a/up", "same.json", "other/deep/self"] {
        assert_eq!(why[twice], "link to something listed anyway", "{twice}");
    }
    assert_eq!((why["lost.json"], why["ring.json"]), ("link to nowhere", "link to nowhere"));
    symlink(&logs, root.path().join("entry")).unwrap();
    assert_eq!(follow(&root.path().join("entry")).files.len(), 4);

    // Unless it is asked for, no link leads out, from whatever place the folder is reached.
    for place in [logs.clone(), root.path().join("entry")] {
        let listing = list_disk(&place).unwrap();
        let (files, passed_over) = below(&disk_url(&place), &listing);
        assert_eq!(files, ["a/one.json", "mounted.json"]);
        let why: HashMap<_, _> = passed_over.into_iter().collect();
        for out in ["other", "three.json"] {
            assert_eq!(why[out], sparkify::source::LINK_OUT, "{out}");
        }
        assert_eq!((why["a/up"], why["again"]), ("link to something listed anyway", "link to something listed anyway"));
    }
}

#[cfg(unix)]
#[test]
fn what_may_not_be_read_is_an_error() {
    use std::os::unix::fs::PermissionsExt;
    let root = folder();
    put(root.path(), "closed/a.json", "{}");
    put(root.path(), "open/b.json", "{}");
    let (closed, file) = (root.path().join("closed"), root.path().join("open/b.json"));
    let files = list_disk(&root.path().join("open")).unwrap().files;
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o0)).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o0)).unwrap();
    // The superuser may read everything.
    if fs::read_dir(&closed).is_err() {
        fails(list_disk(root.path()), Kind::SourceDenied, "closed");
        fails(read_listed(&on_disk(), files).remove(0), Kind::SourceFile, "b.json cannot be read: no permission");
    }
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(unix)]
#[test]
fn a_pipe_named_like_a_file_is_not_opened() {
    let root = folder();
    put(root.path(), "a.json", "{}");
    if Command::new("mkfifo").arg(root.path().join("pipe.json")).status().is_ok_and(|status| status.success()) {
        let listing = list_disk(root.path()).unwrap();
        assert_eq!(listing.files.len(), 1);
        assert_eq!(listing.skipped[0].1, "not a regular file");
    }
}

// ------------------------------------------------------------------------------------------------------ reading disk

/// One content in all packings, also in several members.
fn packings(content: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let (left, right) = content.split_at(content.len() / 3);
    vec![
        ("a.json", content.to_vec()),
        ("b.json.gz", gzip(content)),
        ("c.json.gz", [gzip(left), gzip(b""), gzip(right)].concat()),
        ("d.json.zst", zstd(content)),
        ("e.json.zst", [zstd(left), zstd(b""), zstd(right)].concat()),
    ]
}

#[test]
fn every_packing_reads_the_same() {
    let content = lines(1, 700_000);
    let root = folder();
    let store = store();
    for (name, packed) in packings(&content) {
        put(root.path(), name, &packed);
        store.server.put("music", name, packed);
    }
    let sources = store.sources();
    for place in [root.path().to_str().unwrap(), "s3://music"] {
        let listing = sources.list(&at(place)).unwrap();
        assert_eq!(listing.files.len(), 5);
        for read in read_listed(&sources, listing.files.clone()) {
            assert!(read.unwrap() == content);
        }
        let fetcher = sources.fetch(listing.files, BUDGET).unwrap();
        let mut all = b"before".to_vec();
        for index in 0..5 {
            fetcher.read_all(index, &mut all).unwrap();
        }
        assert!(all == [b"before".to_vec(), content.repeat(5)].concat());
    }
}

#[test]
fn blocks_are_filled_as_far_as_there_is_content() {
    let content = lines(1, 300_000);
    let root = folder();
    put(root.path(), "a.json.gz", gzip(&content));
    let fetcher = on_disk().fetch(list_disk(root.path()).unwrap().files, BUDGET).unwrap();
    let mut reader = fetcher.open(0).unwrap();
    let mut block = vec![0; 200_000];
    assert_eq!(reader.read_block(&mut block).unwrap(), 200_000);
    assert!(block == content[..200_000]);
    assert_eq!(reader.read_block(&mut block).unwrap(), content.len() - 200_000);
    assert_eq!(reader.read_block(&mut block).unwrap(), 0);
    reader.finish().unwrap();
}

#[test]
fn damaged_files_are_named() {
    let content = lines(3, 400_000);
    let (gz, zst) = (gzip(&content), zstd(&content));
    let mut flipped = gz.clone();
    flipped[gz.len() / 2] ^= 0x10;
    let cases = [
        ("cut.json.gz", gz[..gz.len() - 9].to_vec(), "is cut off"),
        ("cut.json.zst", zst[..zst.len() - 9].to_vec(), "is cut off"),
        ("flipped.json.gz", flipped, "is not valid gzip data"),
        ("garbage.json.gz", [gz.clone(), b"garbage at the end".to_vec()].concat(), "is not valid gzip data"),
        ("garbage.json.zst", [zst, b"garbage at the end".to_vec()].concat(), "is not valid zstd data"),
        ("plain.json.gz", content.clone(), "is not valid gzip data"),
        ("plain.json.zst", content.clone(), "is not valid zstd data"),
        ("short.json.gz", gz[..5].to_vec(), "is cut off"),
    ];
    let root = folder();
    let store = store();
    for (name, data, _) in &cases {
        put(root.path(), name, data);
        store.server.put("music", name, data);
    }
    let sources = store.sources();
    for place in [root.path().to_str().unwrap(), "s3://music"] {
        let listing = sources.list(&at(place)).unwrap();
        for (file, read) in listing.files.iter().zip(read_listed(&sources, listing.files.clone())) {
            let (name, _, why) = cases.iter().find(|case| file.url.ends_with(case.0)).unwrap();
            let error = read.unwrap_err();
            assert_eq!(error.kind(), Kind::SourceFile);
            assert_eq!(error.to_string().split(why).next().unwrap().trim_end(), file.display_name(), "{name}: {error}");
        }
    }
}

#[test]
fn a_file_that_changed_or_went_is_an_error() {
    let root = folder();
    let files = |name: &str| {
        put(root.path(), name, "{\"old\":1}");
        list_disk(&root.path().join(name)).unwrap().files
    };
    let check = |files: Vec<SourceFile>, part: &str| {
        let fetcher = on_disk().fetch(files, BUDGET).unwrap();
        let mut all = b"kept".to_vec();
        fails(fetcher.read_all(0, &mut all), Kind::SourceFile, part);
        assert_eq!(all, b"kept");
        fails(read_one(&fetcher, 0), Kind::SourceFile, part);
    };
    let (longer, shorter, touched, gone) = (files("l.json"), files("s.json"), files("t.json"), files("g.json"));
    put(root.path(), "l.json", "{\"old\":1}{\"new\":2}");
    put(root.path(), "s.json", "{}");
    let later = SystemTime::now() + Duration::from_secs(7);
    fs::File::options().write(true).open(root.path().join("t.json")).unwrap().set_modified(later).unwrap();
    fs::remove_file(root.path().join("g.json")).unwrap();
    check(longer, "l.json changed between listing and reading");
    check(shorter, "s.json changed between listing and reading");
    check(touched, "t.json changed between listing and reading");
    check(gone, "g.json is gone");
    // One that was packed and is being written anew is not called damaged.
    put(root.path(), "z.json.gz", gzip(&lines(1, 5000)));
    let packed = list_disk(&root.path().join("z.json.gz")).unwrap().files;
    put(root.path(), "z.json.gz", &gzip(&lines(2, 5000))[..700]);
    check(packed, "z.json.gz changed between listing and reading");
}

#[test]
fn a_copy_with_the_same_time_is_the_same_version() {
    let root = folder();
    put(root.path(), "a.json", "{}");
    let before = list_disk(root.path()).unwrap();
    let path = root.path().join("a.json");
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    fs::copy(&path, root.path().join("b")).unwrap();
    fs::remove_file(&path).unwrap();
    fs::rename(root.path().join("b"), &path).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
    assert_eq!(before, list_disk(root.path()).unwrap());
}

// ------------------------------------------------------------------------------------------------------- listing S3

#[test]
fn a_prefix_is_a_folder() {
    let store = store();
    store.server.put("music", "log_data/2018/b.json", "{}");
    store.server.put("music", "log_data/2018/a é+%20.json.gz", "x");
    store.server.put("music", "log_data/2018/.hidden/c.json", "{}");
    store.server.put("music", "log_data/empty.json", "");
    store.server.put("music", "log_data/_SUCCESS", "x");
    store.server.put("music", "log_data_old/old.json", "{}");
    store.server.put("music", "log_data.json", "{}");
    store.server.put_marker("music", "log_data/");
    store.server.put_marker("music", "log_data/2018/");
    for place in ["s3://music/log_data", "s3://music/log_data/"] {
        let listing = store.list(place).unwrap();
        let (files, passed_over) = below("s3://music/log_data", &listing);
        assert_eq!(files, ["2018/a é+%20.json.gz", "2018/b.json"]);
        assert_eq!(
            passed_over,
            [
                ("", "folder marker"),
                ("2018", "folder marker"),
                ("2018/.hidden/c.json", "hidden"),
                ("_SUCCESS", "not named .json or .jsonl"),
                ("empty.json", "empty"),
            ]
        );
        assert_eq!(listing.files[0].compression, Compression::Gzip);
        assert!(listing.files.iter().all(|file| !file.version.is_empty() && !file.version.contains('"')));
        assert_eq!(listing.files[1].display_name(), "s3://music/log_data/2018/b.json");
        assert_eq!(listing.files[1].modified_us / 60_000_000, chrono::Utc::now().timestamp() / 60);
    }
    let all = store.list("s3://music").unwrap();
    assert_eq!(all.files.len(), 4);
    assert_eq!(store.list("s3://music/log_data.json").unwrap().files.len(), 1);
    fails(store.list("s3://music/log_data.json/"), Kind::SourceMissing, "does not exist");
    fails(store.list("s3://music/log_data/_SUCCESS"), Kind::SourceMissing, "not named .json");
    fails(store.list("s3://music/log_dat"), Kind::SourceMissing, "s3://music/log_dat does not exist");
    // Only what is hidden below the place that was named stays out.
    assert_eq!(store.list("s3://music/log_data/2018/.hidden/").unwrap().files.len(), 1);
}

#[test]
fn thousands_of_objects_come_in_pages() {
    let store = store();
    for number in 0..2300 {
        store.server.put("music", &format!("song_data/{}/T{number}.json", number % 7), "{}");
    }
    store.server.faults().add(1, "continuation-token", Fault::Status(503, "SlowDown"));
    store.server.faults().add(1, "list-type", Fault::Cut);
    let listing = store.list("s3://music/song_data").unwrap();
    assert_eq!(listing.files.len(), 2300);
    assert!(listing.files.is_sorted_by(|a, b| a.url < b.url));
    assert_eq!(store.server.faults().count("list-type"), 5);
}

#[test]
fn every_refusal_has_its_own_kind() {
    let store = store();
    store.server.put("music", "log_data/a.json", "{}");
    store.server.put("public", "log_data/a.json", "{}");
    let refused = |status, code| {
        store.server.faults().add(1, "", Fault::Status(status, code));
        store.list("s3://music/log_data")
    };
    fails(store.list("s3://nobody/log_data"), Kind::SourceMissing, "the bucket `nobody` does not exist");
    fails(refused(403, "AccessDenied"), Kind::SourceDenied, "no access to the bucket `music`");
    fails(refused(403, "InvalidAccessKeyId"), Kind::SourceCredentials, "`music`: the access key is unknown");
    fails(refused(403, "SignatureDoesNotMatch"), Kind::SourceCredentials, "`music`: the secret key");
    fails(refused(400, "ExpiredToken"), Kind::SourceCredentials, "`music`: the session has expired");
    fails(refused(400, "InvalidToken"), Kind::SourceCredentials, "`music`: the session token is not valid");
    fails(refused(400, "AuthorizationHeaderMalformed"), Kind::SourceRegion, "not in the region us-east-1");
    fails(refused(400, "InvalidArgument"), Kind::SourceUnavailable, "cannot read the bucket `music`");
    let asked = store.server.faults().requests().len();
    store.server.faults().add(1, "", Fault::OtherRegion("cn-north-1"));
    let error = store.list("s3://music/log_data").unwrap_err();
    assert!(error.hint().contains("--s3-region cn-north-1"));
    fails(Err::<(), _>(error), Kind::SourceRegion, "`music` is in the region cn-north-1, not us-east-1");
    assert_eq!(store.server.faults().requests().len(), asked + 1, "none of these is worth a second try");
    let list = |key, secret, token| {
        let sources = Sources::with_credentials(options(&store.server), keys(key, secret, token));
        assert!(!format!("{sources:?}").contains("otherSecret"));
        sources.list(&at("s3://music/log_data"))
    };
    fails(list("AKIDOTHER", "otherSecret", Some("myToken")), Kind::SourceCredentials, "the access key is unknown");
    fails(list(store.server.access_key, "otherSecret", Some("myToken")), Kind::SourceCredentials, "the secret key");
    let anonymous = Sources::new(S3Options { anonymous: true, ..options(&store.server) });
    fails(anonymous.list(&at("s3://music/log_data")), Kind::SourceDenied, "`music`");
    let listing = anonymous.list(&at("s3://public/log_data")).unwrap();
    assert_eq!(read_first(&anonymous, &listing).unwrap(), b"{}");
}

#[test]
fn endpoints_are_checked_before_anything_is_sent() {
    let list = |endpoint: &str, allow_http| {
        let options = S3Options {
            endpoint: Some(endpoint.to_owned()),
            allow_http,
            max_retries: Some(0),
            stall_timeout: Some(Duration::from_millis(300)),
            ..S3Options::default()
        };
        Sources::with_credentials(options, keys("AKID", "otherSecret", None)).list(&at("s3://music/x"))
    };
    for endpoint in ["http://minio.example:9000", "http://10.0.0.7", "http://localhost.example"] {
        fails(list(endpoint, false), Kind::Settings, "unencrypted");
    }
    for endpoint in ["minio:9000", "ftp://minio", "http://me:otherSecret@localhost", "https://host/?x=otherSecret", "nonsense"] {
        fails(list(endpoint, true), Kind::Settings, "the S3 endpoint");
    }
    let closed = "http://127.0.0.1:9";
    fails(list(closed, false), Kind::SourceUnavailable, "cannot read the bucket `music`");
    fails(list("http://[::1]:9", false), Kind::SourceUnavailable, "cannot read the bucket `music`");
}

// ------------------------------------------------------------------------------------------------------- reading S3

#[test]
fn passing_trouble_is_overcome() {
    let store = store();
    let content = lines(5, 600_000);
    store.server.put("music", "a.json", &content);
    store.server.put("music", "b.json.gz", gzip(&content));
    let sources = store.sources_with(impatient(&store.server));
    let faults = store.server.faults();
    for fault in [
        Fault::Status(500, "InternalError"),
        Fault::Status(503, "SlowDown"),
        Fault::Status(429, ""),
        Fault::Status(400, "RequestTimeout"),
        Fault::Silence,
        Fault::Delay(Duration::from_millis(50)),
        Fault::Throttle(60_000, Duration::from_millis(5)),
        Fault::Cut,
        Fault::Stall,
    ] {
        faults.add(1, "list-type", fault.clone());
        let listing = sources.list(&at("s3://music")).unwrap();
        faults.add(2, "a.json", fault.clone());
        faults.add(2, "b.json.gz", fault.clone());
        for read in read_listed(&sources, listing.files) {
            assert!(read.unwrap() == content, "{fault:?}");
        }
    }
}

#[test]
fn a_body_that_breaks_is_resumed_where_it_broke() {
    let store = store();
    let content = lines(6, 1 << 20);
    store.server.put("music", "a.json", &content);
    // More breaks than tries: each brings something, so it goes on.
    store.server.faults().add(9, "GET /music/a.json", Fault::Cut);
    let sources = store.sources();
    let listing = sources.list(&at("s3://music")).unwrap();
    assert!(read_first(&sources, &listing).unwrap() == content);
    let asked: Vec<String> = store.server.faults().requests().into_iter().filter(|line| line.contains("a.json")).collect();
    assert_eq!(asked.len(), 10);
    assert_eq!(asked[1], format!("GET /music/a.json bytes={}-{}", content.len() / 2, content.len() - 1));
}

#[test]
fn lasting_trouble_is_reported() {
    let store = store();
    store.server.put("music", "a.json", lines(1, 10_000));
    let sources = store.sources_with(impatient(&store.server));
    let listing = sources.list(&at("s3://music")).unwrap();
    let faults = store.server.faults();
    let read = |fault: Fault| {
        faults.add(100, "", fault);
        let before = faults.requests().len();
        let result = read_first(&sources, &listing);
        faults.clear();
        (result, faults.requests().len() - before)
    };
    let (result, tries) = read(Fault::Status(503, "SlowDown"));
    fails(result, Kind::SourceUnavailable, "cannot read s3://music/a.json");
    assert_eq!(tries, 5);
    let (result, tries) = read(Fault::Silence);
    fails(result, Kind::SourceUnavailable, "cannot read s3://music/a.json");
    assert_eq!(tries, 5);
    for (status, code, kind, part) in [
        (403, "AccessDenied", Kind::SourceDenied, "no access to s3://music/a.json"),
        (403, "InvalidObjectState", Kind::SourceFile, "s3://music/a.json is archived"),
        (404, "NoSuchKey", Kind::SourceFile, "s3://music/a.json is gone"),
        (404, "NoSuchBucket", Kind::SourceMissing, "the bucket `music` does not exist"),
        (412, "PreconditionFailed", Kind::SourceFile, "s3://music/a.json changed between listing and reading"),
        (400, "ExpiredToken", Kind::SourceCredentials, "the session has expired"),
    ] {
        let (result, tries) = read(Fault::Status(status, code));
        fails(result, kind, part);
        assert_eq!(tries, 1, "{code}");
    }
    faults.add(100, "", Fault::Status(500, "InternalError"));
    fails(sources.list(&at("s3://music")), Kind::SourceUnavailable, "cannot read the bucket `music`");
}

#[test]
fn objects_that_changed_or_went_are_errors() {
    let store = store();
    for name in ["changed.json", "gone.json", "kept.json", "resumed.json"] {
        store.server.put("music", name, lines(1, 100_000));
    }
    let sources = store.sources_with(impatient(&store.server));
    let files = sources.list(&at("s3://music")).unwrap().files;
    store.server.put("music", "changed.json", lines(2, 100_000));
    store.server.remove("music", "gone.json");
    store.server.faults().add(1, "resumed.json", Fault::Stall);
    let fetcher = sources.fetch(files, BUDGET).unwrap();
    let mut kept = b"kept".to_vec();
    fails(fetcher.read_all(0, &mut kept), Kind::SourceFile, "s3://music/changed.json changed between listing and reading");
    assert_eq!(kept, b"kept");
    fails(read_one(&fetcher, 1), Kind::SourceFile, "s3://music/gone.json is gone");
    read_one(&fetcher, 2).unwrap();
    // Another content between two halves must not be put together with the first.
    store.server.put("music", "resumed.json", lines(3, 100_000));
    fails(read_one(&fetcher, 3), Kind::SourceFile, "s3://music/resumed.json changed");
    fails(fetcher.open(2), Kind::Io, "second time");
    fails(fetcher.open(99), Kind::Io, "no file number 99");
}

#[test]
fn a_bit_that_flipped_on_the_way_is_noticed_in_packed_data() {
    let store = store();
    store.server.put("music", "a.json.gz", gzip(&lines(1, 300_000)));
    let listing = store.list("s3://music").unwrap();
    store.server.faults().add(1, "GET /music/a.json.gz", Fault::Corrupt);
    fails(read_first(&store.sources(), &listing), Kind::SourceFile, "s3://music/a.json.gz is not valid gzip data");
}

#[test]
fn several_threads_read_within_a_small_memory() {
    let store = store();
    let mut expected = Vec::new();
    for number in 0..60 {
        let content = lines(number, if number % 4 == 0 { 900_000 } else { 3_000 });
        store.server.put("music", &format!("{number:03}.json.gz"), gzip(&content));
        expected.push(content);
    }
    let sources = store.sources();
    let files = sources.list(&at("s3://music")).unwrap().files;
    let fetcher = sources.fetch(files, 1).unwrap();
    let (next, read) = (AtomicUsize::new(0), Mutex::new(HashMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::SeqCst);
                    match index {
                        60.. => break,
                        // Some are not wanted, some are left half-way.
                        _ if index % 10 == 3 => drop(fetcher.open(index).unwrap()),
                        _ if index % 10 == 4 => drop(fetcher.open(index).unwrap().read(&mut [0; 99]).unwrap()),
                        _ => drop(read.lock().unwrap().insert(index, read_one(&fetcher, index).unwrap())),
                    }
                }
            });
        }
    });
    let read = read.into_inner().unwrap();
    assert_eq!(read.len(), 48);
    assert!(read.iter().all(|(index, content)| *content == expected[*index]));
    assert!(store.server.faults().most_under_way() > 2);
}

#[test]
fn no_more_is_downloaded_ahead_than_memory_allows() {
    let store = store();
    for number in 0..40 {
        store.server.put("music", &format!("{number:03}.json"), lines(number, 100_000));
    }
    let sources = store.sources_with(impatient(&store.server));
    let files = sources.list(&at("s3://music")).unwrap().files;
    let fetcher = sources.fetch(files, 256 << 10).unwrap();
    let asked = || store.server.faults().count("GET /music/0");
    wait_until(|| asked() == 16);
    // Longer than a connection may be silent: that nobody reads is not the server's silence.
    std::thread::sleep(Duration::from_millis(800));
    assert_eq!(asked(), 16);
    read_one(&fetcher, 0).unwrap();
    wait_until(|| asked() == 17);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(asked(), 17, "{:#?}", store.server.faults().requests());
}

#[test]
fn a_reader_needs_nothing_but_itself() {
    let store = store();
    let content = lines(1, 700_000);
    for number in 0..40 {
        store.server.put("music", &format!("{number:03}.json"), &content);
    }
    let mut reader = {
        let sources = store.sources();
        let files = sources.list(&at("s3://music")).unwrap().files;
        sources.fetch(files, 1).unwrap().open(0).unwrap()
    };
    let mut read = Vec::new();
    reader.read_to_end(&mut read).unwrap();
    assert!(read == content);
    std::thread::sleep(Duration::from_millis(100));
    assert!(store.server.faults().count("GET /music/0") <= 18, "what was not opened is not downloaded");
}

#[test]
fn any_number_of_readers_can_be_open_at_once() {
    let store = store();
    let content = lines(1, 50_000);
    for number in 0..150 {
        store.server.put("music", &format!("{number:03}.json"), &content);
    }
    let sources = store.sources();
    let fetcher = sources.fetch(sources.list(&at("s3://music")).unwrap().files, 1).unwrap();
    let mut readers: Vec<_> = (0..150).map(|index| fetcher.open(index).unwrap()).collect();
    // Last to first is the worst order for a download that goes ahead.
    for reader in readers.iter_mut().rev() {
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        assert!(read == content);
    }
}

#[test]
fn everything_ends_at_once_when_asked_to() {
    let store = store();
    for number in 0..30 {
        store.server.put("music", &format!("{number:03}.json"), lines(number, 300_000));
    }
    let slow = S3Options { stall_timeout: Some(Duration::from_mins(1)), ..options(&store.server) };
    let listing = store.list("s3://music").unwrap();
    let begun = Instant::now();
    store.server.faults().add(100, "", Fault::Stall);
    // A signal ends reading and listing.
    let sources = store.sources_with(slow.clone());
    let fetcher = sources.fetch(listing.files.clone(), 1).unwrap();
    let mut held: Vec<_> = (0..20).map(|index| fetcher.open(index).unwrap()).collect();
    std::thread::scope(|scope| {
        let read = scope.spawn(|| held[7].read_to_end(&mut Vec::new()));
        let listed = scope.spawn(|| sources.list(&at("s3://music")).map(drop));
        std::thread::sleep(Duration::from_millis(100));
        sources.stop().stop();
        let error = file_error(&listing.files[7], read.join().unwrap().unwrap_err());
        fails(Err::<(), _>(error), Kind::Interrupted, "interrupted");
        fails(listed.join().unwrap(), Kind::Interrupted, "interrupted");
    });
    drop(held);
    fails(fetcher.open(20), Kind::Interrupted, "");
    fails(sources.list(&at("/")), Kind::Interrupted, "");
    drop((fetcher, sources));
    // Without a signal, whoever is no longer needed goes without waiting for the network.
    let sources = store.sources_with(slow);
    let fetcher = sources.fetch(listing.files, BUDGET).unwrap();
    drop(fetcher.open(0).unwrap());
    drop((fetcher, sources));
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

// ------------------------------------------------------------------------------------------------------ credentials

/// Not a test of its own: what [`credentials_come_from_where_aws_keeps_them`] runs in another environment.
#[test]
#[ignore = "run by another test"]
fn child_that_lists() {
    let Ok(place) = std::env::var("SPARKIFY_TEST_PLACE") else { return };
    let options = S3Options { profile: std::env::var("SPARKIFY_TEST_PROFILE").ok(), ..S3Options::default() };
    let sources = Sources::new(options);
    match sources.list(&at(&place)).and_then(|listing| read_first(&sources, &listing)) {
        Ok(content) => println!("READ {}", String::from_utf8(content).unwrap()),
        Err(error) => println!("FAILED {:?} {}", error.kind(), seen(&error)),
    }
}

#[test]
fn credentials_come_from_where_aws_keeps_them() {
    let store = store();
    store.server.put("music", "a.json", "{\"it\":\"works\"}");
    let home = folder();
    let profiles = format!(
        "[default]\naws_access_key_id = AKIDOTHER\naws_secret_access_key = otherSecret\n\
         [music]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        store.server.access_key, store.server.secret_key
    );
    fs::write(home.path().join("credentials"), profiles).unwrap();
    fs::write(home.path().join("config"), "[profile music]\nregion = eu-north-1\n").unwrap();
    let run = |settings: &[(&str, &str)]| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let module = module_path!().split_once("::").map_or("", |(_, path)| path);
        command.args([&format!("{module}::child_that_lists"), "--exact", "--ignored", "--nocapture"]);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
            command.env_remove(name);
        }
        command
            .env("AWS_ENDPOINT_URL_S3", store.server.endpoint())
            .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", store.server.endpoint())
            .env("AWS_SHARED_CREDENTIALS_FILE", home.path().join("credentials"))
            .env("AWS_CONFIG_FILE", home.path().join("config"))
            .env("SPARKIFY_TEST_PLACE", "s3://music")
            .envs(settings.iter().copied());
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let (key, secret) = (store.server.access_key, store.server.secret_key);
    let read = "READ {\"it\":\"works\"}";
    let from_env = [("AWS_ACCESS_KEY_ID", key), ("AWS_SECRET_ACCESS_KEY", secret), ("AWS_REGION", "us-east-1")];
    assert!(run(&from_env).contains(read));
    assert!(run(&[("AWS_PROFILE", "music")]).contains(read));
    assert!(run(&[("SPARKIFY_TEST_PROFILE", "music")]).contains(read));
    assert!(run(&[]).contains("FAILED SourceCredentials"), "the default profile holds another key");
    let asked = || store.server.faults().count("/latest/");
    assert_eq!(asked(), 0, "the machine's own credentials are the last resort");
    let none = run(&[("AWS_SHARED_CREDENTIALS_FILE", "/nowhere"), ("AWS_CONFIG_FILE", "/nowhere")]);
    assert!(none.contains("FAILED SourceCredentials no usable AWS credentials for the bucket `music`"), "{none}");
    assert!(asked() > 0);
}

/// Gives credentials for so long, and counts how often it was asked.
#[derive(Debug)]
struct ShortLived {
    credentials: (&'static str, &'static str),
    life: Duration,
    asked: Arc<AtomicUsize>,
}

impl ProvideCredentials for ShortLived {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let (key, secret) = self.credentials;
        let expiry = SystemTime::now() + self.life;
        future::ProvideCredentials::ready(Ok(Credentials::new(key, secret, None, Some(expiry), "test")))
    }
}

#[test]
fn credentials_are_kept_until_shortly_before_they_expire() {
    let store = store();
    for number in 0..10 {
        store.server.put("music", &format!("{number}.json"), "{}");
    }
    for (life, expected) in [(Duration::from_hours(1), 1), (Duration::from_secs(5), 11)] {
        let asked = Arc::new(AtomicUsize::new(0));
        let credentials = (store.server.access_key, store.server.secret_key);
        let provider = ShortLived { credentials, life, asked: Arc::clone(&asked) };
        let sources = Sources::with_credentials(options(&store.server), SharedCredentialsProvider::new(provider));
        let listing = sources.list(&at("s3://music")).unwrap();
        assert!(read_listed(&sources, listing.files).iter().all(Result::is_ok));
        assert_eq!(asked.load(Ordering::SeqCst), expected);
    }
}
