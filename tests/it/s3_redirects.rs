//! No signed request goes to a host that somebody else names: redirects, regions, endpoints, bucket names.

use std::process::Command;

use crate::support::raw_http::{RawServer, header, listing, reply};
use crate::support::warehouse::{Answer, Site};

const TOKEN: &str = "canaryTokenOfTheRedirects";
const SONG: &str =
    "{\"song_id\":\"S1\",\"title\":\"T\",\"artist_id\":\"A1\",\"artist_name\":\"N\",\"duration\":1.5,\"year\":0}\n";
const LOAD: [&str; 5] = ["load", "--songs", "s3://music/song_data", "--warehouse", "w.duckdb"];

fn signed<'a>(command: &'a mut Command, endpoint: &str) -> &'a mut Command {
    command
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", "AKIDREDIRECTS")
        .env("AWS_SECRET_ACCESS_KEY", "secretOfTheRedirects")
        .env("AWS_SESSION_TOKEN", TOKEN)
        .env("AWS_EC2_METADATA_DISABLED", "true")
}

fn run(site: &Site, endpoint: &str, arguments: &[&str]) -> Answer {
    let mut command = site.command(arguments);
    signed(&mut command, endpoint).env("AWS_REGION", "us-east-1");
    Answer::of(&command.output().unwrap())
}

fn is_listing(head: &str) -> bool {
    head.contains("list-type=2")
}

fn songs(head: &str) -> Vec<u8> {
    match head {
        _ if is_listing(head) => listing(&[("song_data/a.json", SONG.len(), "e-1")]),
        _ => reply(200, &[("etag", "\"e-1\"")], SONG),
    }
}

#[test]
fn a_redirect_to_another_host_is_named_and_not_followed() {
    let site = Site::new();
    for status in [301, 302, 303, 307, 308] {
        for of_listing in [true, false] {
            let other = RawServer::that_nobody_asks();
            let target = format!("{}/music?X-Amz-Signature=canaryQuery", other.url);
            let store = RawServer::start(move |head| match head {
                _ if is_listing(head) == of_listing => reply(status, &[("location", &target)], ""),
                _ => songs(head),
            });
            let answer = run(&site, &store.url, &LOAD).expect(1);
            assert!(answer.stderr.contains(&other.url) && answer.stderr.contains("not followed"), "{}", answer.stderr);
            assert!(!answer.stderr.contains("canary"), "{}", answer.stderr);
            assert_eq!(other.asked(), Vec::<String>::new(), "{status}");
            assert!(
                store.asked().iter().all(|head| header(head, "x-amz-security-token") == Some(TOKEN)),
                "it was worth something"
            );
        }
    }
}

#[test]
fn a_bucket_in_another_region_is_asked_there_with_a_new_signature() {
    let site = Site::new();
    let other = RawServer::that_nobody_asks();
    for (code, status) in [("PermanentRedirect", 301), ("TemporaryRedirect", 307), ("AuthorizationHeaderMalformed", 400)] {
        let target = other.url.clone();
        let store = RawServer::start(move |head| {
            if header(head, "authorization").is_some_and(|value| value.contains("/eu-west-1/s3/")) {
                return songs(head);
            }
            let body = format!("<Error><Code>{code}</Code><Region>eu-west-1</Region></Error>");
            reply(status, &[("location", &target), ("x-amz-bucket-region", "eu-west-1")], body)
        });
        let report = run(&site, &store.url, &[&LOAD[..], &["--json", "--full-refresh"]].concat());
        assert!(matches!(report.code, 0), "{}", report.stderr);
        assert_eq!(store.asked().len(), 3, "one request was repeated");
    }
    assert_eq!(other.asked(), Vec::<String>::new());
}

#[test]
fn a_region_that_cannot_be_the_buckets_is_not_asked() {
    let site = Site::new();
    let other = RawServer::that_nobody_asks();
    let host = other.url.trim_start_matches("http://").to_owned();
    for named in ["cn-north-1", "us-gov-west-1", &format!("{host}/"), "eu-west-1.evil.example", "us-east-1", ""] {
        let (region, target) = (named.to_owned(), other.url.clone());
        let store = RawServer::start(move |_| {
            let body = format!("<Error><Code>PermanentRedirect</Code><Endpoint>{target}</Endpoint></Error>");
            reply(301, &[("location", &target), ("x-amz-bucket-region", &region)], body)
        });
        let answer = run(&site, &store.url, &LOAD).expect(1);
        assert_eq!(store.asked().len(), 1, "{named}");
        assert!(answer.stderr.contains(&other.url), "{named}: {}", answer.stderr);
    }
    // One that sends requests on and on is left soon.
    let store = RawServer::start(|head| {
        let is_first = header(head, "authorization").is_some_and(|value| value.contains("/eu-west-1/"));
        reply(301, &[("x-amz-bucket-region", if is_first { "eu-west-2" } else { "eu-west-1" })], "")
    });
    run(&site, &store.url, &LOAD).expect(1);
    assert_eq!(store.asked().len(), 3);
    assert_eq!(other.asked(), Vec::<String>::new());
}

/// What is asked for, by which command line, with which variables.
type Asking<'a> = (&'a str, Vec<&'a str>, Vec<(&'a str, &'a str)>);

#[test]
fn no_other_signed_request_follows_a_redirect_either() {
    let site = Site::new();
    let other = RawServer::that_nobody_asks();
    let target = other.url.clone();
    let service = RawServer::start(move |_| reply(307, &[("location", &format!("{target}/x"))], ""));
    let port = service.url.rsplit(':').next().unwrap();
    let token = site.put("token.jwt", "canaryOfTheWebIdentity");
    site.put(
        "config",
        format!(
            "[profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = secretOfTheRedirects\n\
             [profile role]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = base\nregion = us-east-1\n\
             [profile machine]\nrole_arn = arn:aws:iam::123456789012:role/r\ncredential_source = Ec2InstanceMetadata\n\
             [profile web]\nrole_arn = arn:aws:iam::123456789012:role/r\nweb_identity_token_file = {}\n\
             [profile sso]\nsso_start_url = https://d-1.awsapps.com/start\nsso_region = us-east-1\n\
             sso_account_id = 123456789012\nsso_role_name = r\n",
            token.display()
        ),
    );
    // Where AWS's tools keep what they got: named by the SHA-1 of the start URL.
    site.put(
        ".aws/sso/cache/0c54b6c27e90660baa89eaad85ac1d5dae26cb7d.json",
        "{\"accessToken\":\"canaryOfSso\",\"expiresAt\":\"2999-01-01T00:00:00Z\",\"startUrl\":\"https://d-1.awsapps.com/start\",\
         \"region\":\"us-east-1\"}",
    );
    let redshift = "redshift://ann@127.0.0.1:1/dev";
    let metadata = ("AWS_EC2_METADATA_DISABLED", "false");
    let nobody = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", ""), ("AWS_SESSION_TOKEN", "")];
    let container = format!("http://127.0.0.1:{port}/credentials");
    let from_container = [&nobody[..], &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &container)]].concat();
    let from_machine = [&nobody[..], &[metadata]].concat();
    let requests: [Asking<'_>; 9] = [
        (
            "secrets",
            vec!["digest", "--warehouse", redshift],
            vec![("SPARKIFY_REDSHIFT_SECRET", "music"), ("SPARKIFY_REDSHIFT_REGION", "us-east-1")],
        ),
        (
            "passwords",
            vec!["digest", "--warehouse", redshift],
            vec![
                ("SPARKIFY_REDSHIFT_IAM", "true"),
                ("SPARKIFY_REDSHIFT_CLUSTER", "music"),
                ("SPARKIFY_REDSHIFT_REGION", "us-east-1"),
            ],
        ),
        ("cluster", vec!["cluster", "status"], vec![]),
        ("role", [&LOAD[..], &["--s3-profile", "role"]].concat(), vec![]),
        ("web identity", [&LOAD[..], &["--s3-profile", "web"]].concat(), vec![]),
        ("sso", [&LOAD[..], &["--s3-profile", "sso"]].concat(), vec![]),
        ("machine", [&LOAD[..], &["--s3-profile", "machine"]].concat(), vec![metadata]),
        ("container", LOAD.to_vec(), from_container),
        ("metadata", LOAD.to_vec(), from_machine),
    ];
    for (name, arguments, variables) in requests {
        let before = service.asked().len();
        let mut command = site.command(&arguments);
        signed(&mut command, &service.url)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_CONFIG_FILE", site.path("config"))
            .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &service.url)
            .envs(variables);
        let answer = Answer::of(&command.output().unwrap());
        assert_eq!(answer.code, 1, "{name}: {}", answer.stderr);
        assert!(!answer.stderr.contains("canary"), "{name}: {}", answer.stderr);
        assert!(service.asked().len() > before, "{name}: nothing was asked: {}", answer.stderr);
        assert_eq!(other.asked(), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn what_could_lead_elsewhere_is_refused_before_anything_is_asked() {
    let site = Site::new();
    let store = RawServer::that_nobody_asks();
    let refused = |arguments: &[&str], variables: &[(&str, &str)], part: &str| {
        let mut command = site.command(arguments);
        signed(&mut command, &store.url).env("AWS_REGION", "us-east-1").envs(variables.iter().copied());
        let answer = Answer::of(&command.output().unwrap());
        assert_eq!(answer.code, 2, "{arguments:?} {variables:?}: {}", answer.stderr);
        assert!(answer.stderr.contains(part), "{arguments:?} {variables:?}: {}", answer.stderr);
    };
    for region in ["eu-west-1.evil.example/", "a@b", "eu#west", "eu west", "eu-west-1\n", "eu/west", "eu:1", "eu-"] {
        refused(&[&LOAD[..], &["--s3-region", region]].concat(), &[], "is not a valid region");
        refused(&LOAD, &[("AWS_REGION", region)], "is not a valid region");
        refused(&["cluster", "status"], &[("AWS_REGION", region)], "is not a valid region");
        refused(&["cluster", "status", "--region", region], &[], "is not a valid region");
        refused(&LOAD, &[("SPARKIFY_REDSHIFT_REGION", region)], "is not a valid region");
        site.put("config", format!("[default]\nregion = {}\n", region.trim_end()));
        if region.trim_end() == region {
            let config = site.path("config").display().to_string();
            refused(&LOAD, &[("AWS_REGION", ""), ("AWS_CONFIG_FILE", &config)], "the AWS profile");
        }
    }
    for endpoint in [
        "store.example",
        "ftp://store.example",
        "https://me:canary@store.example",
        "https://store.example/?canary",
        "https://x\n.y",
    ] {
        refused(&[&LOAD[..], &["--s3-endpoint", endpoint]].concat(), &[], "s3.endpoint");
        refused(&LOAD, &[("AWS_ENDPOINT_URL_S3", endpoint)], "AWS_ENDPOINT_URL_S3");
        refused(&["cluster", "status"], &[("AWS_ENDPOINT_URL", endpoint)], "AWS_ENDPOINT_URL");
    }
    for bucket in ["mu@sic", "mu#sic", "mu sic", "-music", ".music", "mu:sic"] {
        refused(&["load", "--songs", &format!("s3://{bucket}/x"), "--warehouse", "w.duckdb"], &[], "names no valid bucket");
    }
    let oldest = ["load", "--songs", "s3://My_Music/x", "--warehouse", "w.duckdb", "--s3-path-style=false"];
    refused(&oldest, &[], "cannot be part of a host name");
    assert_eq!(store.asked(), Vec::<String>::new());
}
