//! Renders a window's events on all threads, in slices that make up the files, and hands those over in order.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use flate2::GzBuilder;

use super::engine::Window;
use super::faults::{FaultInjector, Slice};
use super::render::Renderer;
use super::seasonality::DAY;
use super::user::BehaviourConfig;
use crate::error::{Error, Result, io_error};
use crate::interrupt::Interrupt;
use crate::source::Compression;

/// Roughly so many events make a slice.
const EVENTS_A_SLICE: usize = 4_096;
/// One event in so many of a group is read to decide where slices end.
const SAMPLE: usize = 64;

/// A slice and where it belongs.
pub struct Piece {
    /// The day of all its events, counted from 1970-01-01.
    pub day: i64,
    /// Its lines, and what is wrong with them.
    pub slice: Slice,
    /// The compressed lines; `None` for the slice's own bytes.
    pub stored: Option<Vec<u8>>,
}

/// Renders events.
pub struct SliceRenderer<'a> {
    /// The texts of the tracks.
    pub behaviour: &'a BehaviourConfig,
    /// Renders lines.
    pub renderer: Renderer,
    /// Injects faults into some.
    pub injector: Option<FaultInjector>,
    /// How files are compressed.
    pub compression: Compression,
    /// Threads to use.
    pub threads: usize,
    /// Ends it early.
    pub interrupt: Interrupt,
}

/// Buffers that were written and can be filled again.
pub type Spare = Arc<Mutex<Vec<Vec<u8>>>>;

impl SliceRenderer<'_> {
    /// Renders the events of a window and sends the pieces in their order.
    ///
    /// # Errors
    /// [`crate::error::Kind::Interrupted`], also when the receiver is gone.
    pub fn render(&self, window: &Window<'_>, from: i64, to: &SyncSender<Piece>, spare: &Spare) -> Result<()> {
        let bounds = bounds(window, from);
        let next = AtomicUsize::new(0);
        let (done, finished) = sync_channel::<(usize, Result<Piece>)>(self.threads * 2);
        thread::scope(|scope| {
            for _ in 0..self.threads {
                let done = done.clone();
                let (bounds, next) = (&bounds, &next);
                scope.spawn(move || {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let Some(&[begin, end]) = bounds.get(number..number + 2).and_then(|pair| pair.first_chunk()) else {
                            return;
                        };
                        if self.interrupt.is_set() {
                            return;
                        }
                        let piece = self.piece(window, begin, end, spare);
                        if done.send((number, piece)).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(done);
            in_order(finished, to)
        })?;
        self.interrupt.check()
    }

    fn piece(&self, window: &Window<'_>, begin: i64, end: i64, spare: &Spare) -> Result<Piece> {
        let mut bytes = spare.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        bytes.clear();
        let mut slice = Slice { bytes, ..Slice::default() };
        let events = window.between(begin, end);
        if let Some(injector) = &self.injector {
            for event in &events {
                injector.line(&self.renderer, self.behaviour, &mut slice, &window.users[event.user as usize], event);
            }
        } else {
            for event in &events {
                self.renderer.line(&mut slice.bytes, &window.users[event.user as usize], event);
            }
            slice.lines = events.len() as u64;
        }
        let stored = if self.compression == Compression::None { None } else { Some(compressed(&slice.bytes, self.compression)?) };
        Ok(Piece { day: begin.div_euclid(DAY), slice, stored })
    }
}

/// Hands pieces on in the order of their numbers. Owns the receiver, so that no sender waits for one that gave up.
fn in_order(finished: Receiver<(usize, Result<Piece>)>, to: &SyncSender<Piece>) -> Result<()> {
    let (mut waiting, mut next) = (BTreeMap::new(), 0);
    for (number, piece) in finished {
        waiting.insert(number, piece?);
        while let Some(piece) = waiting.remove(&next) {
            next += 1;
            // The thread that receives them has failed, and reports why itself.
            to.send(piece).map_err(|_| Error::interrupted())?;
        }
    }
    Ok(())
}

/// Instants between which there are roughly as many events as a slice has, all of one day. They depend on the events alone.
fn bounds(window: &Window<'_>, from: i64) -> Vec<i64> {
    let mut sample: Vec<i64> = window.groups.iter().flat_map(|group| group.events.iter().step_by(SAMPLE).map(|e| e.at)).collect();
    sample.sort_unstable();
    let mut bounds = vec![from, window.until];
    bounds.extend(sample.iter().step_by(EVENTS_A_SLICE / SAMPLE).skip(1).filter(|at| (from..window.until).contains(*at)));
    // A long window with few events gets only the days that have any.
    let mut days: Vec<i64> =
        window.groups.iter().flat_map(|group| group.events.iter().map(|event| event.at.div_euclid(DAY))).collect();
    days.sort_unstable();
    days.dedup();
    bounds.extend(days.iter().flat_map(|day| [day * DAY, (day + 1) * DAY]).filter(|at| (from..window.until).contains(at)));
    bounds.sort_unstable();
    bounds.dedup();
    bounds
}

/// Bytes as a member of a compressed file; members one after the other are a compressed file too.
///
/// # Errors
/// The compressor's, which does not fail in memory.
pub fn compressed(bytes: &[u8], compression: Compression) -> Result<Vec<u8>> {
    let failed = |error| io_error("the lines", "compress", error);
    match compression {
        Compression::None => Ok(bytes.to_vec()),
        _ if bytes.is_empty() => Ok(Vec::new()),
        Compression::Gzip => {
            // Without a time, so that the same lines give the same bytes.
            let mut writer = GzBuilder::new().mtime(0).write(Vec::new(), flate2::Compression::new(6));
            writer.write_all(bytes).and_then(|()| writer.finish()).map_err(failed)
        }
        Compression::Zstd => zstd::bulk::compress(bytes, 3).map_err(failed),
    }
}
