//! Who the users are: name, gender, place and browser, drawn once per user.

use super::names::{CHROMES, FAMILIES, FIREFOXES, MEN, PHONES, PLACES, SYSTEMS, WOMEN};
use super::random::{Random, Weighted};

/// The tables that user profiles are drawn from.
#[derive(Debug, Clone)]
pub struct ProfileTables {
    /// Women first, then men.
    pub first_names: Vec<&'static str>,
    /// The first of the men's names.
    pub men_from: usize,
    /// Family names.
    pub last_names: Vec<&'static str>,
    /// Metropolitan areas.
    pub places: Vec<&'static str>,
    /// Browsers, as they present themselves; most in quotes, as in real logs.
    pub agents: Vec<String>,
    first: [Weighted; 2],
    last: Weighted,
    place: Weighted,
    agent: Weighted,
}

/// One user's numbers in [`ProfileTables`]'s tables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UserProfile {
    /// Of the first name, which determines the gender.
    pub first: u16,
    /// Of the family name.
    pub last: u16,
    /// Of the place.
    pub place: u16,
    /// Of the browser.
    pub agent: u16,
}

/// Frequencies that fall with the rank, as those of names do.
fn falling_with_rank(count: usize) -> Weighted {
    Weighted::new(&(0..count).map(|rank| 1.0 / (rank as f64 + 12.0)).collect::<Vec<_>>())
}

fn weights(counts: impl IntoIterator<Item = u32>) -> Weighted {
    Weighted::new(&counts.into_iter().map(f64::from).collect::<Vec<_>>())
}

fn agents() -> (Vec<String>, Vec<u32>) {
    let mut all: Vec<(String, u32)> = Vec::new();
    for (system, users) in SYSTEMS {
        for (version, share) in CHROMES {
            let text =
                format!("\"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version} Safari/537.36\"");
            all.push((text, users * share * 2));
        }
        for (version, share) in FIREFOXES {
            // Firefox spells versions of macOS with points and leaves the last number out.
            let system = if system.starts_with("Mac") { system.replace('_', ".") } else { system.to_owned() };
            let text = format!("Mozilla/5.0 ({system}; rv:{version}) Gecko/20100101 Firefox/{version}");
            all.push((text, users * share));
        }
        if system.starts_with("Macintosh") {
            let text =
                format!("\"Mozilla/5.0 ({system}) AppleWebKit/537.77.4 (KHTML, like Gecko) Version/7.0.5 Safari/537.77.4\"");
            all.push((text, users * 12));
        }
        if system.starts_with("Windows NT 6") {
            all.push((format!("Mozilla/5.0 ({system}; Trident/7.0; rv:11.0) like Gecko"), users * 6));
        }
    }
    for (device, users) in [("iPhone; CPU iPhone OS", 18), ("iPad; CPU OS", 8)] {
        for (version, safari, share) in PHONES {
            let text = format!(
                "\"Mozilla/5.0 ({device} {version} like Mac OS X) AppleWebKit/537.51.2 (KHTML, like Gecko) \
                 Version/{safari} Mobile/11D257 Safari/9537.53\""
            );
            all.push((text, users * share * 2));
        }
    }
    all.into_iter().unzip()
}

impl ProfileTables {
    /// The tables.
    #[must_use]
    pub fn new() -> Self {
        let (women, men): (Vec<&str>, Vec<&str>) = (WOMEN.split(' ').collect(), MEN.split(' ').collect());
        let last_names: Vec<&str> = FAMILIES.split(' ').collect();
        let (agents, shares) = agents();
        Self {
            men_from: women.len(),
            first: [falling_with_rank(women.len()), falling_with_rank(men.len())],
            last: falling_with_rank(last_names.len()),
            place: weights(PLACES.map(|(_, inhabitants)| inhabitants)),
            agent: weights(shares),
            first_names: [women, men].concat(),
            last_names,
            places: PLACES.map(|(name, _)| name).to_vec(),
            agents,
        }
    }

    /// Draws a profile.
    pub fn draw(&self, random: &mut Random) -> UserProfile {
        let is_man = random.happens(0.47);
        let first = self.first[usize::from(is_man)].pick(random) + if is_man { self.men_from } else { 0 };
        UserProfile {
            first: first as u16,
            last: self.last.pick(random) as u16,
            place: self.place.pick(random) as u16,
            agent: self.agent.pick(random) as u16,
        }
    }

    /// `F` or `M`.
    #[must_use]
    pub fn gender(&self, first: usize) -> &'static str {
        if first < self.men_from { "F" } else { "M" }
    }
}

impl Default for ProfileTables {
    fn default() -> Self {
        Self::new()
    }
}
