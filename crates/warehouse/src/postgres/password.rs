//! The password: from the environment or `.pgpass`, never shown.

use std::fmt;
use std::path::{Path, PathBuf};

/// A password that no message can show.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Password(String);

impl Password {
    /// A password from elsewhere.
    pub fn new(password: String) -> Self {
        Self(password)
    }

    /// For the driver alone.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(hidden)")
    }
}

/// Whom the password is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account<'a> {
    pub host: &'a str,
    pub port: u16,
    pub database: &'a str,
    pub user: &'a str,
}

/// The password, where one is set: SPARKIFY_PASSWORD, PGPASSWORD, then the first line of `.pgpass` that fits.
pub(crate) fn find(account: Account<'_>, environment: impl Fn(&str) -> Option<String>) -> Option<Password> {
    if let Some(password) = environment("SPARKIFY_PASSWORD").or_else(|| environment("PGPASSWORD")) {
        return Some(Password(password));
    }
    let file = environment("PGPASSFILE").map(PathBuf::from);
    let file = file.or_else(|| environment("HOME").map(|home| Path::new(&home).join(".pgpass")))?;
    let text = std::fs::read_to_string(&file).ok()?;
    if others_can_read(&file) {
        tracing::warn!("{} is not used: others can read it; `chmod 600` it", file.display());
        return None;
    }
    text.lines().find_map(|line| matching(line, account))
}

#[cfg(unix)]
fn others_can_read(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn others_can_read(_: &Path) -> bool {
    false
}

/// The password of a line `host:port:database:user:password` that is for this account.
fn matching(line: &str, account: Account<'_>) -> Option<Password> {
    if line.starts_with('#') {
        return None;
    }
    let fields = fields(line);
    let [host, port, database, user, password] = fields.as_slice() else { return None };
    let fits = |field: &str, value: &str| field == "*" || field == value;
    // Sockets are called localhost there.
    let name = if account.host.starts_with('/') { "localhost" } else { account.host };
    let is_it = (fits(host, name) || fits(host, account.host))
        && fits(port, &account.port.to_string())
        && fits(database, account.database)
        && fits(user, account.user);
    is_it.then(|| Password(password.clone()))
}

/// The fields of a line; a backslash takes the character behind it as it is.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        match (c, fields.last_mut()) {
            (':', _) => fields.push(String::new()),
            ('\\', Some(field)) => field.extend(characters.next()),
            (c, Some(field)) => field.push(c),
            (_, None) => {}
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: Account<'_> = Account { host: "db", port: 5432, database: "music", user: "ann" };

    fn found(line: &str) -> Option<String> {
        matching(line, ANN).map(|password| password.reveal().to_owned())
    }

    #[test]
    fn lines_are_matched_as_other_clients_do() {
        assert_eq!(found("db:5432:music:ann:s:x"), None, "a colon in a password is escaped");
        assert_eq!(found("db:5432:music:ann:s\\:x\\\\y").as_deref(), Some("s:x\\y"));
        assert_eq!(found("*:*:*:*:p").as_deref(), Some("p"));
        for other in ["#*:*:*:*:p", "db:5433:music:ann:p", "other:*:*:*:p", "db:*:music:bob:p", "", "db:5432"] {
            assert_eq!(found(other), None, "{other}");
        }
        let socket = Account { host: "/run/postgresql", ..ANN };
        assert!(matching("localhost:5432:music:ann:p", socket).is_some());
    }

    #[test]
    fn variables_come_first() {
        let environment = |name: &str| match name {
            "PGPASSWORD" => Some("b".to_owned()),
            "SPARKIFY_PASSWORD" => Some("a".to_owned()),
            _ => None,
        };
        assert_eq!(find(ANN, environment), Some(Password("a".to_owned())));
        assert_eq!(format!("{:?}", find(ANN, environment)), "Some(Password(hidden))");
    }
}
