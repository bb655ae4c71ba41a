//! A profile that is named is the one that is used, or the reason is told.

use std::path::PathBuf;

use crate::support::raw_http::{RawServer, header, listing, reply};
use crate::support::warehouse::{Answer, Site};

const SONG: &str =
    "{\"song_id\":\"S1\",\"title\":\"T\",\"artist_id\":\"A1\",\"artist_name\":\"N\",\"duration\":1.5,\"year\":0}\n";
const LOAD: [&str; 6] = ["load", "--songs", "s3://music/song_data", "--warehouse", "w.duckdb", "--full-refresh"];

/// Secrets of every kind; none of them may be seen.
const CANARY: &str = "canarySecret";

/// A store, and the services that give credentials; who asked which is told by the signatures.
struct Amazon {
    site: Site,
    server: RawServer,
}

const STS: &str = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>AKIDASSUMED</AccessKeyId>\
    <SecretAccessKey>canarySecretAssumed</SecretAccessKey><SessionToken>canarySecretToken</SessionToken>\
    <Expiration>2999-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>A:s</AssumedRoleId>\
    <Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>";

impl Amazon {
    fn new() -> Self {
        let site = Site::new();
        let server = RawServer::start(|head| match head {
            _ if head.contains("role%2Fforbidden") => {
                reply(403, &[], "<ErrorResponse><Error><Code>AccessDenied</Code><Message>MFA</Message></Error></ErrorResponse>")
            }
            _ if head.contains("Action=AssumeRoleWithWebIdentity") => {
                reply(200, &[], STS.replace("AssumeRole", "AssumeRoleWithWebIdentity").replace("AKIDASSUMED", "AKIDWEB"))
            }
            _ if head.contains("Action=AssumeRole") => reply(200, &[], STS),
            _ if head.contains("list-type=2") => listing(&[("song_data/a.json", SONG.len(), "e-1")]),
            _ if head.starts_with("GET /music/") => reply(200, &[("etag", "\"e-1\"")], SONG),
            // Everything else, the machine's metadata service too, knows nothing.
            _ => reply(404, &[], ""),
        });
        let amazon = Self { site, server };
        let token = amazon.site.put("token.jwt", CANARY);
        amazon.site.put(
            ".aws/config",
            format!(
                "[default]\nregion = eu-west-3\n\
                 [profile music]\nregion = eu-north-1\n\
                 [profile bare]\nregion = eu-north-1\n\
                 [profile role]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = music\n\
                 [profile code]\nrole_arn = arn:aws:iam::123456789012:role/forbidden\nsource_profile = music\n\
                 mfa_serial = arn:aws:iam::123456789012:mfa/ann\n\
                 [profile sso]\nsso_session = work\nsso_account_id = 123456789012\nsso_role_name = r\n\
                 [sso-session work]\nsso_start_url = https://d-1.awsapps.com/start\nsso_region = us-east-1\n\
                 [profile over-sso]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = sso\n\
                 [profile process]\ncredential_process = echo '{{\"Version\": 1, \"AccessKeyId\": \"AKIDPROCESS\", \
                 \"SecretAccessKey\": \"{CANARY}\"}}'\n\
                 [profile broken]\ncredential_process = echo {CANARY} >&2; exit 3\n\
                 [profile web]\nrole_arn = arn:aws:iam::123456789012:role/r\nweb_identity_token_file = {}\n\
                 [profile loop]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = loop2\n\
                 [profile loop2]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = loop\n",
                token.display()
            ),
        );
        amazon.site.put(
            ".aws/credentials",
            format!(
                "[music]\naws_access_key_id = AKIDMUSIC\naws_secret_access_key = {CANARY}\n\
                     [keys]\naws_access_key_id = AKIDKEYS\naws_secret_access_key = {CANARY}\n"
            ),
        );
        amazon
    }

    /// Runs with keys in the environment unless they are taken away; nothing secret may be said.
    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Answer {
        let mut command = self.site.command(arguments);
        command
            .env("AWS_ENDPOINT_URL", &self.server.url)
            .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &self.server.url)
            .env("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT")
            .env("AWS_SECRET_ACCESS_KEY", CANARY)
            .envs(variables.iter().copied());
        let answer = Answer::of(&command.output().unwrap());
        assert!(!format!("{}{}", answer.stdout, answer.stderr).contains(CANARY), "{}", answer.stderr);
        answer
    }

    fn with_profile(&self, name: &str, variables: &[(&str, &str)]) -> Answer {
        self.run(&[&LOAD[..], &["--s3-profile", name, "-vv"]].concat(), variables)
    }

    /// The key and the region that the last request to the store was signed with.
    fn signed_with(&self) -> (String, String) {
        let asked = self.server.asked();
        let last = asked.iter().rev().find(|head| head.contains("/music")).expect("a request to the store");
        let scope = header(last, "authorization").unwrap().split_once("Credential=").unwrap().1;
        let mut parts = scope.split('/');
        (parts.next().unwrap().to_owned(), parts.nth(1).unwrap().to_owned())
    }

    fn asked_for(&self, part: &str) -> usize {
        self.server.asked().iter().filter(|head| head.contains(part)).count()
    }
}

const NO_KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];

#[test]
fn a_named_profile_is_used_whatever_else_there_is() {
    let amazon = Amazon::new();
    for (profile, key, region) in [
        ("music", "AKIDMUSIC", "eu-north-1"),
        ("role", "AKIDASSUMED", "eu-north-1"),
        ("process", "AKIDPROCESS", "us-east-1"),
        ("web", "AKIDWEB", "us-east-1"),
        ("keys", "AKIDKEYS", "us-east-1"),
    ] {
        for environment in [&[][..], &NO_KEYS, &[("AWS_PROFILE", "bare")], &[("AWS_PROFILE", "nowhere")]] {
            amazon.with_profile(profile, environment).expect(0);
            assert_eq!(amazon.signed_with(), (key.to_owned(), region.to_owned()), "{profile} {environment:?}");
        }
        amazon.run(&LOAD, &[("SPARKIFY_S3_PROFILE", profile)]).expect(0);
        assert_eq!(amazon.signed_with().0, key);
        amazon.site.put("sparkify.toml", format!("[s3]\nprofile = \"{profile}\"\n"));
        amazon.run(&LOAD, &[("AWS_REGION", "eu-south-1")]).expect(0);
        assert_eq!(amazon.signed_with(), (key.to_owned(), "eu-south-1".to_owned()), "as with AWS's own tools");
        std::fs::remove_file(amazon.site.path("sparkify.toml")).unwrap();
    }
    assert_eq!(amazon.asked_for("/latest/"), 0, "the machine's role has no part in it");
}

#[test]
fn a_profile_that_is_missing_or_gives_nothing_is_not_replaced() {
    let amazon = Amazon::new();
    let known = "bare, broken, code, default, keys, loop, loop2, music, over-sso, process, role, sso, web";
    for environment in [&[][..], &NO_KEYS, &[("AWS_PROFILE", "music")]] {
        let missing = amazon.with_profile("nowhere", environment).expect(2);
        assert!(missing.stderr.contains("the AWS profile `nowhere` does not exist"), "{}", missing.stderr);
        assert!(missing.stderr.contains(known) && missing.stderr.contains(".aws/config"), "{}", missing.stderr);
        for (profile, why, remedy) in [
            ("bare", "the AWS profile `bare` holds no credentials", "aws configure --profile bare"),
            ("code", "mfa_serial", "aws configure export-credentials --profile code --format env"),
            ("sso", "the AWS profile `sso` signs in by SSO", "aws sso login --profile sso"),
            ("over-sso", "the AWS profile `sso` signs in by SSO", "aws sso login --profile sso"),
            ("broken", "the credential_process of the AWS profile `broken`", "aws configure export-credentials --profile broken"),
            ("loop", "loop", ""),
        ] {
            let none = amazon.with_profile(profile, environment).expect(1);
            assert!(none.stderr.contains(why) && none.stderr.contains(remedy), "{profile}: {}", none.stderr);
            assert!(none.stderr.contains("no usable AWS credentials for the bucket `music`"), "{}", none.stderr);
        }
    }
    assert_eq!(amazon.asked_for("AKIDENVIRONMENT") + amazon.asked_for("/latest/") + amazon.asked_for("list-type"), 0);
    let nowhere: PathBuf = amazon.site.path("nowhere");
    let files = [("AWS_CONFIG_FILE", nowhere.to_str().unwrap()), ("AWS_SHARED_CREDENTIALS_FILE", nowhere.to_str().unwrap())];
    let missing = amazon.with_profile("music", &files).expect(2);
    assert!(missing.stderr.contains("there are no profiles in") && missing.stderr.contains("nowhere"), "{}", missing.stderr);
}

#[test]
fn aws_profile_counts_as_in_the_tools_of_aws() {
    let amazon = Amazon::new();
    amazon.run(&LOAD, &[("AWS_PROFILE", "music")]).expect(0);
    assert_eq!(amazon.signed_with(), ("AKIDENVIRONMENT".to_owned(), "eu-north-1".to_owned()), "keys come first");
    amazon.run(&LOAD, &[&NO_KEYS[..], &[("AWS_PROFILE", "music")]].concat()).expect(0);
    assert_eq!(amazon.signed_with().0, "AKIDMUSIC");
    for keys in [&[][..], &NO_KEYS] {
        let missing = amazon.run(&LOAD, &[keys, &[("AWS_PROFILE", "nowhere")]].concat()).expect(2);
        assert!(missing.stderr.contains("`nowhere` of AWS_PROFILE does not exist"), "{}", missing.stderr);
    }
    let expired = amazon.run(&LOAD, &[&NO_KEYS[..], &[("AWS_PROFILE", "sso")]].concat()).expect(1);
    assert!(expired.stderr.contains("aws sso login --profile sso"), "{}", expired.stderr);
}

#[test]
fn the_cluster_is_made_with_the_profile_that_is_named() {
    let amazon = Amazon::new();
    let status = |more: &[&str], variables: &[(&str, &str)]| amazon.run(&[&["cluster", "status"], more].concat(), variables);
    let of_key = |key: &str| amazon.asked_for(&format!("Credential={key}/"));
    status(&["--profile", "music"], &[]);
    assert!(of_key("AKIDMUSIC") > 0);
    status(&[], &[("SPARKIFY_CLUSTER_PROFILE", "role")]);
    assert!(of_key("AKIDASSUMED") > 0);
    let missing = status(&["--profile", "nowhere"], &[]).expect(2);
    assert!(missing.stderr.contains("the AWS profile `nowhere` does not exist"), "{}", missing.stderr);
    let expired = status(&["--profile", "sso", "--region", "us-east-1"], &[]).expect(1);
    assert!(expired.stderr.contains("aws sso login --profile sso"), "{}", expired.stderr);
    assert_eq!(of_key("AKIDENVIRONMENT"), 0);
}

#[test]
fn the_metadata_service_is_asked_once_and_last() {
    let amazon = Amazon::new();
    let silent = RawServer::start(|_| Vec::new());
    let none = |variables: &[(&str, &str)]| {
        let variables = [&NO_KEYS[..], &[("AWS_EC2_METADATA_SERVICE_ENDPOINT", silent.url.as_str())], variables].concat();
        amazon.run(&LOAD, &variables).expect(1).stderr
    };
    let said = none(&[]);
    assert!(said.contains("no usable AWS credentials for the bucket `music`"), "{said}");
    assert!(said.contains("metadata service"), "{said}");
    assert_eq!(silent.asked().len(), 1, "{:?}", silent.asked());
    let said = none(&[("AWS_EC2_METADATA_DISABLED", "true")]);
    assert!(said.contains("AWS_EC2_METADATA_DISABLED"), "{said}");
    assert_eq!(silent.asked().len(), 1);
}
