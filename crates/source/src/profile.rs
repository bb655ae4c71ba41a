//! AWS profiles: which one is meant, whether it exists, and why it gives no credentials.

use std::env;
use std::path::{Path, PathBuf};

use aws_config::profile::{self, ProfileSet};
use aws_types::os_shim_internal::{Env, Fs};

use crate::error::{Error, Kind, Result};

/// How many names an error lists.
const MOST_NAMES: usize = 20;

/// The profiles of this machine's AWS files.
///
/// # Errors
/// [`Kind::Settings`] when a file is not what AWS's tools read.
async fn load() -> Result<ProfileSet> {
    profile::load(&Fs::default(), &Env::default(), &<_>::default(), None).await.map_err(|error| {
        let cause = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        Error::new(Kind::Settings, format!("cannot read the AWS profiles in {}", places())).caused_by(cause)
    })
}

/// What `AWS_PROFILE` names.
fn of_environment() -> Option<String> {
    env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty())
}

/// Checks that the profile that a setting or `AWS_PROFILE` names exists. AWS's own tools refuse a missing one too, whatever
/// else could be used instead.
///
/// # Errors
/// [`Kind::Settings`], with the names of the profiles that exist.
pub(super) async fn check(named: Option<&str>) -> Result<()> {
    let (name, origin) = match (named, of_environment()) {
        (Some(name), _) => (name.to_owned(), ""),
        (None, Some(name)) => (name, " of AWS_PROFILE"),
        (None, None) => return Ok(()),
    };
    let profiles = load().await?;
    if profiles.get_profile(&name).is_some() {
        return Ok(());
    }
    let mut names: Vec<&str> = profiles.profiles().collect();
    names.sort_unstable();
    let hint = match names.len() {
        0 => format!("there are no profiles in {}", places()),
        count => {
            let more = if count > MOST_NAMES { format!(" and {} more", count - MOST_NAMES) } else { String::new() };
            names.truncate(MOST_NAMES);
            format!("the profiles in {} are: {}{more}", places(), names.join(", "))
        }
    };
    Err(Error::new(Kind::Settings, format!("the AWS profile `{}`{origin} does not exist", name.escape_debug())).with_hint(hint))
}

/// Where AWS's files are.
fn places() -> String {
    let place = |variable: &str, default: &str| {
        let named = env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from);
        named.unwrap_or_else(|| Path::new("~/.aws").join(default)).display().to_string()
    };
    format!("{} and {}", place("AWS_CONFIG_FILE", "config"), place("AWS_SHARED_CREDENTIALS_FILE", "credentials"))
}

/// Why there are no credentials, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Diagnosis {
    pub(super) why: String,
    pub(super) remedy: String,
}

/// Reads the profile that should have given credentials. `None` if it does not explain why it gave none.
pub(super) async fn diagnose(named: Option<&str>) -> Option<Diagnosis> {
    let meant = named.map(str::to_owned).or_else(of_environment);
    // No setting names the default profile. It may hold only a region, while the machine has a role.
    let is_meant = meant.is_some();
    let name = meant.unwrap_or_else(|| "default".to_owned());
    let profiles = load().await.ok()?;
    read(&profiles, &name, is_meant)
}

fn read(profiles: &ProfileSet, asked: &str, is_meant: bool) -> Option<Diagnosis> {
    let export = format!("run `eval \"$(aws configure export-credentials --profile {asked} --format env)\"`");
    let mut seen: Vec<&str> = Vec::new();
    let mut name = asked;
    // A role is assumed with the credentials of another profile, and that one may be a role again.
    while !seen.contains(&name) {
        seen.push(name);
        let profile = profiles.get_profile(name)?;
        let has = |keys: &[&str]| keys.iter().any(|key| profile.get(key).is_some());
        if has(&["mfa_serial"]) {
            return Some(Diagnosis {
                why: format!(
                    "the AWS profile `{name}` requires a code of an MFA device (mfa_serial), which sparkify does not ask for"
                ),
                remedy: format!("{export}, which asks for the code, then this command again without naming a profile"),
            });
        }
        if has(&["sso_session", "sso_start_url"]) {
            return Some(Diagnosis {
                why: format!(
                    "the AWS profile `{name}` signs in by SSO, and its session is missing, expired or not allowed the role"
                ),
                remedy: format!("run `aws sso login --profile {name}`"),
            });
        }
        if has(&["credential_process"]) {
            return Some(Diagnosis {
                why: format!("the credential_process of the AWS profile `{name}` gave no credentials"),
                remedy: format!("run `aws configure export-credentials --profile {name}` to see what it says"),
            });
        }
        if has(&["login_session"]) {
            return Some(Diagnosis {
                why: format!("the AWS profile `{name}` signs in through the console, which sparkify cannot do"),
                remedy: format!("{export}, then this command again without a profile"),
            });
        }
        match profile.get("source_profile").filter(|_| has(&["role_arn"])) {
            Some(source) => name = source,
            None if has(&["role_arn", "aws_access_key_id"]) || !is_meant => return None,
            None => {
                return Some(Diagnosis {
                    why: format!("the AWS profile `{name}` holds no credentials"),
                    remedy: format!("run `aws configure --profile {name}`, or name another profile"),
                });
            }
        }
    }
    None
}
