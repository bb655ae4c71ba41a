//! The text of `config/reference.toml`: every setting with its default and why one would change it.

use std::fmt::Write as _;

use super::declaration::SETTINGS;
use super::setting::Setting;

const HEAD: &str = "\
# Every setting, with its default and why one would change it. Lines that begin with `#name =` are settings that are
# not set here: take the `#` away to set them. As it stands, this file changes nothing.
#
# A flag wins over a SPARKIFY_* variable, which wins over this file, which wins over the default. An empty variable counts
# as not set; one that names no setting, such as SPARKIFY_WAREHUSE, is refused. The nearest
# sparkify.toml from the working directory upwards counts; `sparkify config` shows what is in force and where it came
# from. Relative paths are meant from the file's folder. Passwords and keys do not belong here.
";

/// The variable stands in a line of its own where the line before it would be longer.
const LONGEST_LINE: usize = 122;

/// The text, section by section.
#[must_use]
pub fn reference() -> String {
    let (mut text, mut section) = (HEAD.to_owned(), "");
    for setting in SETTINGS {
        let (own, key) = setting.name.split_once('.').unwrap_or(("", setting.name));
        text.push('\n');
        if own != section {
            let _ = writeln!(text, "[{own}]");
            section = own;
        }
        let _ = writeln!(text, "{}\n#{key} = {}", explained(setting), value(setting));
    }
    text
}

/// The comment above a setting.
fn explained(setting: &Setting) -> String {
    let lines: Vec<String> = setting.why.iter().map(|line| format!("# {}", line.trim_start())).collect();
    let variable = format!("Variable {}.", setting.variable());
    let last = lines.last().map_or(0, |line| line.chars().count());
    let between = if last + 1 + variable.len() <= LONGEST_LINE { " " } else { "\n# " };
    [&lines.join("\n"), between, &variable].concat()
}

/// A value for the setting, as TOML spells it.
fn value(setting: &Setting) -> String {
    let value = if setting.example.is_empty() { setting.default().unwrap_or_default() } else { setting.example.to_owned() };
    let is_bare = value.parse::<i64>().is_ok() || value.parse::<bool>().is_ok();
    if is_bare { value } else { toml::Value::String(value).to_string() }
}
