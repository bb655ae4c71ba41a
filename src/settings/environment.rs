//! The variables of the environment: those that are settings, those that are not, and those that somebody mistyped.

use std::ffi::OsString;

use super::declaration::SETTINGS;
use super::setting::Setting;
use crate::error::{Error, Kind, Result};
use crate::nearest::nearest;

const PREFIX: &str = "SPARKIFY_";

/// Variables that are no settings, and who reads them.
const OTHERS: [(&str, &str); 10] = [
    ("SPARKIFY_LOG", "the command: what is logged on stderr"),
    ("SPARKIFY_PASSWORD", "the command: the password of the warehouse's user"),
    // Developers of sparkify have these in the environment that the command runs in, too.
    ("SPARKIFY_REAL_DATA", "the tests"),
    ("SPARKIFY_EVENTSIM_CONFIGS", "the tests"),
    ("SPARKIFY_TEST_VENV", "the tests"),
    ("SPARKIFY_POSTGRES_BIN", "the tests"),
    ("SPARKIFY_UPDATE_DOCS", "the tests"),
    ("SPARKIFY_KILLS", "the tests"),
    ("SPARKIFY_DECODER_CASES", "the tests"),
    ("SPARKIFY_PROPERTY_CASES", "the tests"),
];

/// Refuses variables that look like sparkify's and are none, so that no slip of the keyboard has a load go elsewhere.
///
/// # Errors
/// [`Kind::Settings`] with the first of them in the order of names, and what was meant.
pub fn check(variables: impl Iterator<Item = (OsString, OsString)>) -> Result<()> {
    let mut variables: Vec<(String, OsString)> =
        variables.filter_map(|(name, value)| name.into_string().ok().map(|name| (name, value))).collect();
    variables.sort();
    let known = known();
    for (name, value) in variables {
        let is_known = known.contains(&name);
        if is_known && value.to_str().is_none() {
            return Err(Error::new(Kind::Settings, format!("the value of the variable {name} is not valid UTF-8")));
        }
        let is_meant = name.starts_with(PREFIX) || known.iter().any(|other| name.eq_ignore_ascii_case(other));
        if is_meant && !is_known && !is_service_link(&name) {
            return Err(unknown(&name, &known));
        }
    }
    Ok(())
}

/// The variables that are read, here or by the tests.
fn known() -> Vec<String> {
    SETTINGS.iter().map(Setting::variable).chain(OTHERS.iter().map(|(name, _)| (*name).to_owned())).collect()
}

fn unknown(name: &str, known: &[String]) -> Error {
    let error = Error::new(Kind::Settings, format!("there is no setting for the variable {}", name.escape_debug()));
    let without_prefix = known.iter().map(|name| name.strip_prefix(PREFIX).unwrap_or(name));
    let wanted =
        name.get(..PREFIX.len()).filter(|begin| begin.eq_ignore_ascii_case(PREFIX)).map_or(name, |begin| &name[begin.len()..]);
    match nearest(wanted, without_prefix).first() {
        Some(near) => error.with_hint(format!("did you mean {PREFIX}{near}? otherwise unset it")),
        None => error.with_hint("unset it; `sparkify config` shows all settings, and config/reference.toml their variables"),
    }
}

/// What Kubernetes sets for its containers of a service named `sparkify` or `sparkify-…`: nobody typed that.
fn is_service_link(name: &str) -> bool {
    let is_port = |text: &str| text.is_empty() || text.starts_with('_');
    name.rsplit_once("_SERVICE_HOST").is_some_and(|(_, rest)| rest.is_empty())
        || name.rsplit_once("_SERVICE_PORT").is_some_and(|(_, rest)| is_port(rest))
        || name
            .rsplit_once("_PORT")
            .is_some_and(|(_, rest)| rest.is_empty() || ["_TCP", "_UDP", "_SCTP"].iter().any(|protocol| rest.contains(protocol)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(variables: &[(&str, &str)]) -> Result<()> {
        check(variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))))
    }

    #[test]
    fn what_is_known_passes_and_slips_are_refused_with_what_was_meant() {
        checked(&[("SPARKIFY_WAREHOUSE", "w.duckdb"), ("SPARKIFY_LOG", "debug"), ("PATH", "/bin"), ("SPARK_HOME", "/x")])
            .unwrap();
        for setting in SETTINGS {
            checked(&[(&setting.variable(), "x")]).unwrap();
        }
        for (name, meant) in [
            ("SPARKIFY_WAREHUSE", "SPARKIFY_WAREHOUSE"),
            ("SPARKIFY_THREAD", "SPARKIFY_THREADS"),
            ("SPARKIFY_S3_REGOIN", "SPARKIFY_S3_REGION"),
            ("SPARKIFY_PASWORD", "SPARKIFY_PASSWORD"),
            ("SPARKIFY_SKIP_BAD_FILE", "SPARKIFY_SKIP_BAD_FILES"),
            ("sparkify_warehouse", "SPARKIFY_WAREHOUSE"),
        ] {
            // An empty value does not count as a value, but the name is wrong all the same.
            for value in ["x", ""] {
                let error = checked(&[(name, value)]).unwrap_err();
                assert_eq!(error.to_string(), format!("there is no setting for the variable {name}"));
                assert_eq!(error.hint(), format!("did you mean {meant}? otherwise unset it"));
                assert_eq!(error.exit_code(), 2);
            }
        }
        assert!(checked(&[("SPARKIFY_QQQQQQQQQQ", "x")]).unwrap_err().hint().starts_with("unset it"));
    }

    #[test]
    fn the_links_of_a_service_are_nobodys_slip() {
        for name in [
            "SPARKIFY_SERVICE_HOST",
            "SPARKIFY_SERVICE_PORT",
            "SPARKIFY_SERVICE_PORT_HTTP",
            "SPARKIFY_PORT",
            "SPARKIFY_PORT_5432_TCP",
            "SPARKIFY_PORT_5432_TCP_ADDR",
            "SPARKIFY_DB_SERVICE_HOST",
        ] {
            checked(&[(name, "tcp://10.0.0.1:5432")]).unwrap();
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_value_that_is_no_text_is_not_passed_over() {
        use std::os::unix::ffi::OsStringExt;
        let variables = [("SPARKIFY_WAREHOUSE".into(), OsString::from_vec(vec![0x77, 0xff]))];
        assert_eq!(check(variables.into_iter()).unwrap_err().kind(), Kind::Settings);
    }
}
