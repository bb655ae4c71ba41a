//! The model that is used without a configuration: close to a real month of a small streaming service.

use super::model::{Model, State};
use super::model_spec::ModelSpec;
use super::seasonality::Seasonality;

/// Rows of `source: destination probability, …` in sections of one auth and level. A destination in another section names its
/// auth and level behind slashes. What is missing to 1 ends the session.
const TABLE: &str = "
# Guest free
Home: Register .22, About .10, Help .06, Home .08, Error .001
About: Home .30, Register .12, Help .05, About .03, Error .001
Help: Home .28, Register .06, About .02, Help .06, Error .001
Register: Submit Registration .62, Home .10, Register .06, Help .03, About .02, Error .002
Submit Registration: Home/Logged In/free .985, Error .015
Error: Home .55, Help .08, Error .04

# Logged Out free
Home: Login .46, Home .16, About .07, Help .05, Error .001
About: Login .38, Home .22, About .05, Help .03, Error .001
Help: Login .42, Home .20, Help .10, About .01, Error .001
Login: Home/Logged In/free .998, Error .002
Error: Home .50, Login .20, Help .05, Error .02

# Logged Out paid
Home: Login .36, Home .13, About .07, Help .04, Error .001
About: Login .24, Home .22, About .07, Help .03, Error .001
Help: Login .16, Home .20, Help .12, About .01, Error .001
Login: Home/Logged In/paid .998, Error .002
Error: Home .42, Login .18, Help .06, Error .02

# Logged In free
NextSong: NextSong .455, Roll Advert .045, Home .020, Logout .020, Thumbs Up .014, Upgrade .012, Add to Playlist .007, Thumbs Down .004, Add Friend .003, Help .003, Settings .003, About .002, Error .001
Home: NextSong .540, Settings .028, Home .014, Upgrade .012, Logout .009, Add Friend .004, About .003, Help .003, Error .001
Roll Advert: NextSong .620, Roll Advert .040, Upgrade .018, Thumbs Down .006, Logout .012, Home .010, Cancel .001, Error .001
Thumbs Up: NextSong .780, Add to Playlist .050, Add Friend .010, Home .010, Error .001
Thumbs Down: NextSong .720, Roll Advert .030, Home .020, Logout .020, Cancel .002, Error .001
Add to Playlist: NextSong .820, Thumbs Up .030, Home .020, Error .001
Add Friend: NextSong .520, Add Friend .180, Home .100, Settings .010, Error .001
Settings: NextSong .360, Save Settings .180, Home .120, Settings .080, Help .060, Upgrade .015, Logout .012, About .004, Cancel .006, Error .001
Save Settings: Home .780, Settings .090, NextSong .040, Error .001
Help: NextSong .380, Home .180, Help .070, Settings .030, Upgrade .010, Logout .010, About .005, Error .001
About: NextSong .280, Home .220, About .040, Help .020, Settings .010, Logout .010, Error .001
Upgrade: Submit Upgrade .290, NextSong .270, Home .150, Upgrade .080, Help .010, Logout .010, About .004, Error .001
Submit Upgrade: Home/Logged In/paid .997, Error .003
Cancel: Cancellation Confirmation/Cancelled/free .998, Error .002
Logout: Home/Logged Out/free .999, Error .001
Error: NextSong .330, Home .150, Logout .015, Help .010, Error .010

# Logged In paid
NextSong: NextSong .887, Home .020, Thumbs Up .018, Logout .010, Downgrade .009, Add to Playlist .009, Settings .005, Help .005, Add Friend .004, Thumbs Down .003, About .002, Error .001
Home: NextSong .850, Settings .028, Logout .018, Downgrade .016, Home .012, Add Friend .006, About .003, Help .003, Error .001
Thumbs Up: NextSong .910, Add to Playlist .055, Add Friend .010, Home .010, Error .001
Thumbs Down: NextSong .900, Home .030, Downgrade .010, Settings .010, Logout .015, Cancel .001, Error .001
Add to Playlist: NextSong .930, Thumbs Up .030, Home .015, Error .001
Add Friend: NextSong .700, Add Friend .170, Home .090, Error .001
Settings: NextSong .570, Save Settings .190, Settings .070, Home .060, Help .045, Downgrade .010, Logout .020, About .003, Cancel .005, Error .001
Save Settings: Home .840, Settings .080, NextSong .050, Error .001
Help: NextSong .760, Home .090, Help .045, Downgrade .020, Settings .020, Logout .010, About .004, Error .001
About: NextSong .420, Home .210, About .080, Help .015, Settings .010, Logout .010, Error .001
Downgrade: NextSong .600, Home .140, Downgrade .065, Submit Downgrade .050, Cancel .006, Logout .015, Help .008, About .002, Error .001
Submit Downgrade: Home/Logged In/free .997, Error .003
Cancel: Cancellation Confirmation/Cancelled/paid .998, Error .002
Logout: Home/Logged Out/paid .999, Error .001
Error: NextSong .240, Home .130, Help .012, Logout .010, Error .005
";

/// Where sessions begin, in the same sections.
const STARTS: &str = "
# Guest free
Home .74, Register .14, About .08, Help .03, Error .01
# Logged Out free
Home .70, Login .28, About .01, Help .01
# Logged Out paid
Home .75, Login .23, About .01, Help .01
# Logged In free
NextSong .578, Home .415, About .003, Help .003, Error .001
# Logged In paid
NextSong .610, Home .384, About .002, Help .003, Error .001
";

/// The HTTP method and status of a page.
fn method_and_status(page: &str) -> (&'static str, u16) {
    match page {
        "NextSong" | "Add to Playlist" => ("PUT", 200),
        "Error" => ("GET", 404),
        "Login" | "Logout" | "Cancel" | "Add Friend" | "Thumbs Up" | "Thumbs Down" => ("PUT", 307),
        _ if page.starts_with("Submit ") || page.starts_with("Save ") => ("PUT", 307),
        _ => ("GET", 200),
    }
}

fn state(page: &str, auth: &str, level: &str) -> State {
    let (method, status) = method_and_status(page);
    let (page, auth, level) = (page.to_owned(), auth.to_owned(), level.to_owned());
    State { page, auth, status, method: method.to_owned(), level }
}

/// The lines of a table with the auth and level of their section.
fn lines(table: &'static str) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let mut section = ("", "");
    table.lines().filter(|line| !line.is_empty()).filter_map(move |line| match line.strip_prefix("# ") {
        Some(title) => {
            section = title.rsplit_once(' ').unwrap_or(("", ""));
            None
        }
        None => Some((section.0, section.1, line)),
    })
}

/// The states and their probabilities in `Page .5, Other page/Auth/level .25`.
fn choices(text: &str, auth: &str, level: &str) -> Vec<(State, f64)> {
    let choice = |part: &str| {
        let (name, p) = part.trim().rsplit_once(' ')?;
        let mut parts = name.split('/');
        let (page, auth, level) = (parts.next()?, parts.next().unwrap_or(auth), parts.next().unwrap_or(level));
        Some((state(page, auth, level), p.parse().ok()?))
    };
    text.split(',').filter_map(choice).collect()
}

/// The built-in model. `None` only if the table is broken, which a test rules out.
#[must_use]
pub fn model() -> Option<Model> {
    let mut transitions = Vec::new();
    for (auth, level, line) in lines(TABLE) {
        let (page, row) = line.split_once(": ")?;
        let source = state(page, auth, level);
        transitions.extend(choices(row, auth, level).into_iter().map(|(dest, p)| (source.clone(), dest, p)));
    }
    let named = |pairs: &[(&str, f64)]| pairs.iter().map(|(name, weight)| ((*name).to_owned(), *weight)).collect::<Vec<_>>();
    let spec = ModelSpec {
        alpha: 90.0,
        beta: 604_800.0,
        session_gap: 1800,
        seasonality: Seasonality { damping: 0.094, weekend: 0.5, offset: 180 * 60, scale: 360 * 60 },
        churned: Some("Cancelled".to_owned()),
        newcomer: ("Guest".to_owned(), "free".to_owned()),
        levels: named(&[("free", 0.80), ("paid", 0.20)]),
        auths: named(&[("Logged In", 0.92), ("Logged Out", 0.08)]),
        starts: lines(STARTS).flat_map(|(auth, level, line)| choices(line, auth, level)).collect(),
        shown: [("Guest", false), ("Logged Out", false), ("Logged In", true), ("Cancelled", true)]
            .map(|(auth, shown)| (auth.to_owned(), shown))
            .into(),
        transitions,
    };
    spec.build().ok().map(|(model, _)| model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_model_is_whole() {
        let model = model().unwrap();
        assert_eq!(model.nodes.len(), 6 + 5 + 5 + 16 + 15 + 2);
        let transitions: usize = model.nodes.iter().map(|node| node.next.len()).sum();
        let written: usize = TABLE.lines().filter(|line| line.contains(": ")).map(|line| line.matches(',').count() + 1).sum();
        assert_eq!(transitions, written);
        for node in &model.nodes {
            let ends = node.next.last().is_none_or(|(sum, _)| *sum < 1.0);
            assert!(ends || node.state.status == 307 || node.state.page == "Logout", "{:?} never ends", node.state);
        }
        let pages: std::collections::BTreeSet<_> = model.nodes.iter().map(|node| node.state.page.as_str()).collect();
        assert_eq!(pages.len(), 22);
    }
}
