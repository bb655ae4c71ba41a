//! The hand-over between threads: one decodes the next batch of events while another puts the one before into the tables.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Instant;

use crate::error::{Error, Kind, Result};
use crate::stage::{Batch, DecodedBatch, EventReader};

/// Batches as they are decoded, each with how many log lines may come at most behind it, as far as they are not rejected.
pub struct Batches {
    receiver: Receiver<Result<Option<(DecodedBatch, u64)>>>,
    dropped: Sender<()>,
}

impl Batches {
    /// The next batch; None behind the last.
    ///
    /// # Errors
    /// What stood in the way of reading it.
    pub fn next(&mut self) -> Result<Option<(DecodedBatch, u64)>> {
        self.receiver.recv().unwrap_or(Ok(None))
    }

    /// Gives a batch back that is done with.
    pub fn give_back(&self, batch: Arc<Batch>) {
        let dropped = self.dropped.clone();
        // To give so much memory back takes time that nobody needs to wait for.
        thread::spawn(move || {
            drop(batch);
            // Nobody waits for it once the reader is through.
            let _ = dropped.send(());
        });
    }
}

/// Does `work` with the batches that the reader decodes meanwhile, and returns the reader when it is through. While the
/// warehouse takes one batch, the next is decoded, unless the one has taken the memory of two. `more` log lines may come
/// besides that no batch holds.
///
/// # Errors
/// Those of `work`.
pub fn decode_ahead<T>(
    mut reader: EventReader<'_>,
    event_memory: u64,
    more: u64,
    work: impl FnOnce(&mut Batches) -> Result<T>,
) -> Result<(T, EventReader<'_>)> {
    let (sender, receiver) = mpsc::sync_channel(0);
    let (dropped, drops) = mpsc::channel();
    thread::scope(|scope| {
        let decoding = scope.spawn(move || {
            let mut held = 0_u32;
            loop {
                let start = Instant::now();
                let batch = reader.next_batch();
                if let Ok(Some(batch)) = &batch {
                    tracing::debug!(rows = batch.rows(), ms = start.elapsed().as_millis() as u64, "decode");
                }
                let is_last = !matches!(batch, Ok(Some(_)));
                let is_large = matches!(&batch, Ok(Some(batch)) if batch.memory() > event_memory / 4 * 3);
                let batch = batch.map(|batch| batch.map(|batch| (batch, reader.most_to_come().saturating_add(more))));
                // Nobody receives any more once the warehouse has failed.
                if sender.send(batch).is_err() || is_last {
                    return reader;
                }
                held += 1;
                held -= drops.try_iter().count() as u32;
                // The one that is written and the next are all that may be here; of large ones, one.
                while held > u32::from(!is_large) && drops.recv().is_ok() {
                    held -= 1;
                }
            }
        });
        // Gone when the work is done, so that the other side waits for nothing.
        let done = work(&mut Batches { receiver, dropped });
        let reader = decoding.join().map_err(|_| Error::new(Kind::Io, "a decoding thread failed"));
        Ok((done?, reader?))
    })
}
