//! What users play: songs of the catalogue and tracks that it lacks, by a popularity with a long tail.

mod files;
mod generate;
mod words;

use std::collections::HashSet;

pub use files::read_catalogue;
pub use generate::{Song, SongGenerator};

use super::random::{Purpose, Random, Weighted};

/// How often songs are played, by rank: `(rank + HEAD)` to the power of `-TAIL`.
const HEAD: f64 = 8.0;
const TAIL: f64 = 0.75;
/// For each song of the catalogue there are so many tracks that it lacks.
const OUTSIDE: usize = 5;
const FEWEST_OUTSIDE: usize = 2_000;
const MOST_OUTSIDE: usize = 400_000;

/// A track, as a log line names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// The artist as credited.
    pub artist: String,
    /// The title.
    pub title: String,
    /// The length in hundred-thousandths of a second.
    pub length: u32,
}

impl Track {
    /// How long it plays, in whole seconds.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        i64::from(self.length / 100_000)
    }
}

/// All tracks that can be played, and how often each is.
#[derive(Debug)]
pub struct TrackList {
    /// Songs of the catalogue come first.
    pub tracks: Vec<Track>,
    /// How many are songs of the catalogue.
    pub in_catalogue: usize,
    /// The share of plays that each track gets; they add up to 1.
    pub shares: Vec<f64>,
    weighted: Weighted,
}

impl TrackList {
    /// The songs of a catalogue, and for a share `unmatched` of the plays tracks that it lacks.
    #[must_use]
    pub fn new(seed: u64, catalogue: Vec<Track>, unmatched: f64) -> Self {
        let in_catalogue = catalogue.len();
        let known: HashSet<(&str, &str)> = catalogue.iter().map(|t| (t.artist.as_str(), t.title.as_str())).collect();
        let outside =
            if unmatched > 0.0 || in_catalogue == 0 { (in_catalogue * OUTSIDE).clamp(FEWEST_OUTSIDE, MOST_OUTSIDE) } else { 0 };
        let generator = SongGenerator::new(seed, Purpose::Outside, outside);
        let others: Vec<Track> = (0..outside)
            .map(|number| {
                let mut track = generator.track(number);
                while known.contains(&(track.artist.as_str(), track.title.as_str())) {
                    track.title.push_str(" (Bonus Track)");
                }
                track
            })
            .collect();
        let unmatched = if in_catalogue == 0 { 1.0 } else { unmatched };
        let mut shares = popularity(seed, Purpose::Catalogue, in_catalogue, 1.0 - unmatched);
        shares.extend(popularity(seed, Purpose::Outside, outside, unmatched));
        let mut tracks = catalogue;
        tracks.extend(others);
        Self { weighted: Weighted::new(&shares), tracks, in_catalogue, shares }
    }

    /// Draws what is played next.
    pub fn pick(&self, random: &mut Random) -> u32 {
        self.weighted.pick(random) as u32
    }
}

/// The shares of so many tracks, which add up to `total`; their ranks are drawn at random.
fn popularity(seed: u64, purpose: Purpose, count: usize, total: f64) -> Vec<f64> {
    let mut ranks: Vec<usize> = (0..count).collect();
    let mut random = Random::of(seed, purpose, u64::MAX);
    for at in (1..count).rev() {
        ranks.swap(at, random.below(at + 1));
    }
    let weights: Vec<f64> = ranks.iter().map(|&rank| (rank as f64 + HEAD).powf(-TAIL)).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum * total).collect()
}
