//! Simulates the users of a music service: a model of states and pauses, lived through by each user, written down as logs.
//!
//! [`Plan`] says what to simulate, [`simulate`] writes it, and [`visit`] shows the events without writing anything. The same
//! plan gives the same bytes on any number of threads. Each user draws from a stream of random numbers of its own, and events
//! are ordered by time, user and position.

mod builtin;
mod config;
mod disk;
mod engine;
mod faults;
mod json;
mod model;
mod model_spec;
mod names;
mod population;
mod profile;
mod random;
mod render;
mod seasonality;
mod slices;
mod songs;
mod store;
mod user;
mod when;
mod write;

use sparkify_decode as decode;
use sparkify_runtime::{error, interrupt, whole_file};
use sparkify_source as source;
use std::sync::mpsc::sync_channel;
use std::thread;

use serde::Serialize;

pub use builtin::model as built_in_model;
pub use config::Config;
pub use engine::Totals;
pub use faults::Faults;
pub use model::{Model, Node, State, take};
pub use population::Shard;
pub use random::{Purpose, Random};
pub use render::Format;
pub use seasonality::{DAY, Seasonality, is_free};
pub use songs::{Song, SongGenerator, Track, TrackList, read_catalogue};
pub use store::Store;
pub use user::{BehaviourConfig, Event, SILENCE, User, YEAR};
pub use when::{parse as parse_time, show as show_time};

use crate::error::{Error, Kind, Result};
use crate::interrupt::Interrupt;
use crate::source::Compression;
use profile::ProfileTables;
use render::Renderer;
use slices::{Piece, SliceRenderer, Spare};
use write::{Naming, Writer, Written};

/// What to simulate.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How users behave.
    pub model: Model,
    /// The seed of everything.
    pub seed: u64,
    /// Users at the beginning, of all shards.
    pub users: u64,
    /// The first user's id.
    pub first_user_id: u64,
    /// When it begins, in milliseconds since 1970.
    pub from_ms: i64,
    /// When it ends.
    pub to_ms: i64,
    /// The share by which users grow in a year.
    pub growth_rate: f64,
    /// The share of users that a year loses.
    pub attrition_rate: f64,
    /// How many songs the catalogue has.
    pub songs: usize,
    /// What is played of an existing catalogue, instead of a new one.
    pub catalogue: Option<Vec<Track>>,
    /// The share of plays of songs that the catalogue lacks.
    pub unmatched: f64,
    /// The form of the log.
    pub format: Format,
    /// How its files are compressed.
    pub compression: Compression,
    /// The name of the one file of a stream.
    pub file: String,
    /// A mark on every line.
    pub tag: Option<String>,
    /// Events happen in real time.
    pub continuous: bool,
    /// Reproduces eventsim's known bugs.
    pub compat: bool,
    /// This machine's part.
    pub shard: Shard,
    /// The faults to inject.
    pub faults: Option<Faults>,
    /// Threads to use.
    pub threads: usize,
}

impl Plan {
    /// A month of a hundred users after the built-in model.
    ///
    /// # Errors
    /// [`Kind::Io`] if the built-in model is broken, which a test rules out.
    pub fn new() -> Result<Self> {
        let model = built_in_model().ok_or_else(|| Error::new(Kind::Io, "the built-in model is broken"))?;
        Ok(Self::of(model))
    }

    /// The same after another model.
    #[must_use]
    pub fn of(model: Model) -> Self {
        Self {
            model,
            seed: 1,
            users: 100,
            first_user_id: 1,
            from_ms: 1_788_220_800_000,
            to_ms: 1_790_812_800_000,
            growth_rate: 0.0,
            attrition_rate: 0.0,
            songs: 1_000,
            catalogue: None,
            unmatched: 0.7,
            format: Format::Udacity,
            compression: Compression::None,
            file: String::new(),
            tag: None,
            continuous: false,
            compat: false,
            shard: Shard::WHOLE,
            faults: None,
            threads: 1,
        }
    }

    /// How users behave and what they play.
    #[must_use]
    pub fn behaviour(&self) -> BehaviourConfig {
        let catalogue = self.catalogue.clone().unwrap_or_else(|| {
            let generator = SongGenerator::new(self.seed, Purpose::Catalogue, self.songs);
            (0..self.songs).map(|number| generator.track(number)).collect()
        });
        BehaviourConfig {
            model: self.model.clone(),
            songs: TrackList::new(self.seed, catalogue, self.unmatched),
            profiles: ProfileTables::new(),
            seed: self.seed,
            from: self.from_ms.div_euclid(1000),
            to: (self.to_ms - self.from_ms.rem_euclid(1000) + 999).div_euclid(1000),
            growth_rate: self.growth_rate,
            attrition_rate: self.attrition_rate,
            compat: self.compat,
            users: self.users,
        }
    }

    fn run(&self, interrupt: &Interrupt) -> engine::Run {
        engine::Run {
            threads: self.threads.max(1),
            shard: self.shard,
            first_id: self.first_user_id,
            continuous: self.continuous,
            interrupt: interrupt.clone(),
        }
    }
}

/// What was simulated and written. Its JSON form is a contract with scripts.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Outcome {
    pub out: String,
    pub from: String,
    pub to: String,
    pub seed: u64,
    pub events: u64,
    pub lines: u64,
    pub sessions: u64,
    pub users_at_first: u64,
    pub users_ever: u64,
    pub users_left: u64,
    pub songs: u64,
    pub log_files: u64,
    pub log_bytes: u64,
    pub seconds: f64,
}

/// Shows every event, in order, with the user it concerns, and returns the totals.
///
/// # Errors
/// [`Kind::Interrupted`].
pub fn visit(
    plan: &Plan,
    behaviour: &BehaviourConfig,
    interrupt: &Interrupt,
    mut see: impl FnMut(&User, &Event),
) -> Result<Totals> {
    engine::run(behaviour, &plan.run(interrupt), |window| {
        for event in window.between(i64::MIN, window.until) {
            see(&window.users[event.user as usize], &event);
        }
        Ok(())
    })
}

/// Simulates and writes to a store. `progress` receives the simulated time, and the lines and bytes as they are written.
///
/// # Errors
/// The store's errors, [`Kind::Usage`] for faults that do not fit the days, [`Kind::Interrupted`].
pub fn simulate(plan: &Plan, store: &Store, interrupt: &Interrupt, progress: &dyn Progress) -> Result<Outcome> {
    let behaviour = plan.behaviour();
    let mut outcome = Outcome { from: show_time(plan.from_ms), to: show_time(plan.to_ms), seed: plan.seed, ..Outcome::default() };
    if plan.format == Format::Udacity && plan.catalogue.is_none() && plan.shard.index == 0 {
        outcome.songs = write_songs(plan, store, interrupt)?;
    }
    let injector = match &plan.faults {
        Some(faults) => {
            let (first, last) = (behaviour.from.div_euclid(DAY), (behaviour.to - 1).div_euclid(DAY));
            let days = if faults.needs_days() { faults.days(plan.seed, first, last)? } else { Vec::new() };
            Some(faults::FaultInjector::new(faults.clone(), days, last, plan.seed, plan.format))
        }
        None => None,
    };
    let faults = match (&plan.faults, &injector) {
        (Some(faults), Some(injector)) => {
            Some((injector, faults::FaultReport::begin(store, &plan.fault_report_name(), &faults.spec, plan.seed)?))
        }
        _ => None,
    };
    let (totals, written) = write_log(plan, &behaviour, store, faults, interrupt, progress)?;
    outcome.events = totals.events;
    outcome.sessions = totals.sessions;
    (outcome.users_at_first, outcome.users_ever, outcome.users_left) = (totals.first_users, totals.all_users, totals.left);
    (outcome.lines, outcome.log_files, outcome.log_bytes) = (written.lines, written.files, written.bytes);
    Ok(outcome)
}

/// Receives the progress of a simulation.
pub trait Progress: Sync {
    /// Simulated time has reached `ms`, in milliseconds since 1970.
    fn reached(&self, ms: i64);
    /// So many more lines and bytes were written.
    fn wrote(&self, lines: u64, bytes: u64);
}

impl Progress for () {
    fn reached(&self, _: i64) {}
    fn wrote(&self, _: u64, _: u64) {}
}

impl Plan {
    fn naming(&self) -> Naming {
        match self.format {
            Format::Eventsim => Naming::One(self.file.clone()),
            Format::Udacity if self.shard.of > 1 => {
                Naming::Days { suffix: format!("-{}-of-{}", self.shard.index + 1, self.shard.of) }
            }
            Format::Udacity => Naming::Days { suffix: String::new() },
        }
    }

    /// The name of the ground truth's file: the injected faults and the expected counts.
    #[must_use]
    pub fn fault_report_name(&self) -> String {
        match self.format {
            Format::Eventsim => format!("{}.faults.json", self.file),
            Format::Udacity if self.shard.of > 1 => format!("faults-{}-of-{}.json", self.shard.index + 1, self.shard.of),
            Format::Udacity => "faults.json".to_owned(),
        }
    }
}

fn write_log(
    plan: &Plan,
    behaviour: &BehaviourConfig,
    store: &Store,
    faults: Option<(&faults::FaultInjector, faults::FaultReport)>,
    interrupt: &Interrupt,
    progress: &dyn Progress,
) -> Result<(Totals, Written)> {
    let ms = plan.from_ms.rem_euclid(1000);
    // The renderer and the writer share the faulty days.
    let injector = faults.as_ref().map(|(injector, _)| (*injector).clone());
    let slices = SliceRenderer {
        behaviour,
        renderer: Renderer::new(behaviour, plan.format, ms, plan.tag.as_deref()),
        injector,
        compression: plan.compression,
        threads: plan.threads.max(1),
        interrupt: interrupt.clone(),
    };
    let spare = Spare::default();
    let wrote = |lines, bytes| progress.wrote(lines, bytes);
    let mut writer = Writer::new(store, plan.naming(), plan.compression, faults, &wrote);
    let (sender, receiver) = sync_channel::<Piece>(plan.threads.max(1) * 2);
    let totals = thread::scope(|scope| {
        let writing = scope.spawn(|| {
            // Owned by this thread, so that the senders end when writing fails.
            let receiver = receiver;
            let done = writer.run(&receiver, &spare);
            drop(receiver);
            done.map(|()| writer)
        });
        let mut from = behaviour.from;
        let simulated = engine::run(behaviour, &plan.run(interrupt), |window| {
            slices.render(window, from, &sender, &spare)?;
            from = window.until;
            progress.reached(from * 1000);
            Ok(())
        });
        drop(sender);
        let written = writing.join().map_err(|_| Error::new(Kind::Io, "the writing thread failed"))?;
        // An interrupt is reported as one; otherwise the writer's error says why.
        interrupt.check()?;
        let writer = written?;
        simulated.map(|totals| (totals, writer))
    });
    let (totals, writer) = totals?;
    Ok((totals, writer.finish()?))
}

fn write_songs(plan: &Plan, store: &Store, interrupt: &Interrupt) -> Result<u64> {
    let generator = SongGenerator::new(plan.seed, Purpose::Catalogue, plan.songs);
    for number in 0..plan.songs {
        interrupt.check()?;
        let song = generator.song(number);
        let mut file = store.open(&format!("song_data/{}", song.path()))?;
        file.write(song.json().as_bytes())?;
        file.finish()?;
    }
    store.finish()?;
    Ok(plan.songs as u64)
}
