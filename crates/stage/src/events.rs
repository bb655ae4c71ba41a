//! Log files to batches of events, on all cores.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::{Block, BlockReader, DecodedBatch, PlannedFile, Progress};
use crate::decode::{EventChunk, LogDecoder, UnknownKeys, count_unknown_key};
use crate::error::{Error, Result};
use crate::source::{Compression, Fetcher, Reader, SourceFile, Stop, file_error};

/// About how many bytes of a file become one chunk. A chunk has its own dictionaries, so that it should not be small, and
/// is the least that a batch can take, so that it should not be large.
const STRETCH_BYTES: u64 = 4 << 20;
/// The memory at which a chunk ends, whatever bytes it was made of: very short lines take several times their size.
const MOST_CHUNK_MEMORY: u64 = 8 << 20;
/// The fewest bytes of a line that is not rejected: the four required fields as short as can be, and the line's end.
const SHORTEST_LINE: u64 = 52;

/// Reads and decodes log files, and hands them out in batches of bounded size.
pub struct EventReader<'a> {
    queue: Queue<'a>,
    workers: Vec<Worker>,
    /// Decoded already, but of files behind one that is not through: they belong to a later batch, so that events are
    /// judged in the order of files and lines whatever the threads did.
    held_back: Vec<EventChunk>,
    /// Lines of each unfinished file in earlier batches.
    lines_before: HashMap<usize, u64>,
    /// Files that failed, with the error, in the order of files.
    bad_files: Vec<(usize, Error)>,
    /// Keys that no field has.
    unknown_keys: UnknownKeys,
}

/// A file that could not be read to its end.
#[derive(Debug)]
pub struct BadFile {
    /// Its index.
    pub file: usize,
    /// Why.
    pub error: Error,
    /// An earlier batch than the one in which it failed holds some of its lines.
    pub began_earlier: bool,
}

/// One thread's tools, and the file it is in the middle of.
#[derive(Default)]
struct Worker {
    decoder: LogDecoder,
    buffer: Vec<u8>,
    open: Option<Open>,
    /// Of the last chunk, to guess the next one's size: rows, and bytes of text, a byte of lines.
    rows_a_byte: f64,
    text_a_byte: f64,
}

/// What the workers share: the files, and which is next.
struct Queue<'a> {
    files: Arc<[PlannedFile]>,
    fetcher: Fetcher,
    stop: Stop,
    progress: &'a dyn Progress,
    /// Bytes of memory for decoded events.
    memory: u64,
    skip_bad_files: bool,
    most_text: Option<usize>,
    next: AtomicUsize,
    /// Bytes that all files have, as stored, how many of them were read, and the memory that their events take.
    size: u64,
    read: AtomicU64,
    decoded: AtomicU64,
}

impl Queue<'_> {
    /// Whether a batch of so many bytes of memory is to be closed. One that takes all that is left, as far as can be told
    /// from what was read so far, may have all of the memory; else two share it, as one is decoded while the other is
    /// written, and leave a quarter for what many batches in a row leave behind in the heap.
    fn is_full(&self, batch: u64) -> bool {
        let usual = self.memory / 8 * 3;
        if batch < usual || batch >= self.memory {
            return batch >= usual;
        }
        let read = self.read.load(Ordering::Relaxed);
        let growth = self.decoded.load(Ordering::Relaxed) as f64 / read.max(1) as f64;
        batch as f64 + self.size.saturating_sub(read) as f64 * growth > self.memory as f64
    }
}

/// What the workers made of a batch.
#[derive(Default)]
struct Collected {
    chunks: Vec<EventChunk>,
    failed: Vec<(usize, Error)>,
}

struct Open {
    file: usize,
    part: u64,
    reader: BlockReader<Reader>,
    reported: u64,
}

impl<'a> EventReader<'a> {
    /// `fetcher` opens the files of `files`, by the same index. Batches take less than half of `memory` bytes, so that
    /// there can be two, or all of it: whoever gets one that is larger than half gives it back before asking for the next.
    #[must_use]
    pub fn new(
        files: Arc<[PlannedFile]>,
        fetcher: Fetcher,
        stop: Stop,
        progress: &'a dyn Progress,
        threads: usize,
        memory: u64,
        skip_bad_files: bool,
    ) -> Self {
        let size = files.iter().map(|file| file.source.size).sum();
        let (read, decoded) = (AtomicU64::new(0), AtomicU64::new(0));
        Self {
            queue: Queue {
                files,
                fetcher,
                stop,
                progress,
                memory,
                skip_bad_files,
                most_text: None,
                next: AtomicUsize::new(0),
                size,
                read,
                decoded,
            },
            workers: (0..threads).map(|_| Worker::default()).collect(),
            held_back: Vec::new(),
            lines_before: HashMap::new(),
            bad_files: Vec::new(),
            unknown_keys: UnknownKeys::new(),
        }
    }

    /// Refuses lines with texts of more bytes than these.
    #[must_use]
    pub fn with_most_text(mut self, most: Option<usize>) -> Self {
        self.queue.most_text = most;
        self
    }

    /// The next batch, None when all files are through.
    ///
    /// # Errors
    /// [`crate::error::Kind::SourceFile`] and its kin for a file that cannot be read, unless bad files are to be skipped;
    /// [`crate::error::Kind::Interrupted`].
    pub fn next_batch(&mut self) -> Result<Option<DecodedBatch>> {
        loop {
            let (chunks, is_end) = self.next_chunks()?;
            if !chunks.is_empty() || is_end {
                let files = Arc::clone(&self.queue.files);
                return Ok((!chunks.is_empty()).then(|| DecodedBatch::new(chunks, files, self.workers.len())));
            }
        }
    }

    /// The next chunks in the order of files and lines, and whether they are the last.
    fn next_chunks(&mut self) -> Result<(Vec<EventChunk>, bool)> {
        let held_back: u64 = self.held_back.iter().map(EventChunk::memory).sum();
        let first = self.first_unfinished();
        let taken = AtomicU64::new(held_back);
        let batch = Mutex::new(Collected { chunks: std::mem::take(&mut self.held_back), failed: Vec::new() });
        thread::scope(|scope| {
            for worker in &mut self.workers {
                // Much of what is held back waits for one long file: then only that one goes on.
                if held_back > self.queue.memory / 8 && first.is_some() && worker.open.as_ref().map(|open| open.file) != first {
                    continue;
                }
                let (queue, batch, taken) = (&self.queue, &batch, &taken);
                scope.spawn(move || worker.work(queue, batch, taken));
            }
        });
        self.queue.stop.check()?;
        let Collected { mut chunks, mut failed } = batch.into_inner().unwrap_or_else(PoisonError::into_inner);
        failed.sort_by_key(|(file, _)| *file);
        if !self.queue.skip_bad_files && !failed.is_empty() {
            return Err(failed.swap_remove(0).1);
        }
        chunks.retain(|chunk| failed.iter().all(|(file, _)| *file != chunk.file));
        chunks.sort_unstable_by_key(|chunk| (chunk.file, chunk.part));
        let unfinished = self.first_unfinished();
        if let Some(unfinished) = unfinished {
            self.held_back = chunks.split_off(chunks.partition_point(|chunk| chunk.file <= unfinished));
        }
        self.bad_files.append(&mut failed);
        for chunk in &mut chunks {
            let before = self.lines_before.entry(chunk.file).or_default();
            chunk.first_line = *before;
            *before += u64::from(chunk.lines);
            for (key, times) in std::mem::take(&mut chunk.unknown_keys) {
                count_unknown_key(&mut self.unknown_keys, &key, times);
            }
        }
        let is_end = unfinished.is_none() && self.queue.next.load(Ordering::Relaxed) >= self.queue.files.len();
        Ok((chunks, is_end))
    }

    /// The first file that is not through, of those that were begun.
    fn first_unfinished(&self) -> Option<usize> {
        self.workers.iter().filter_map(|worker| worker.open.as_ref()).map(|open| open.file).min()
    }

    /// How many lines that are not rejected may still come at most, behind the batches so far.
    #[must_use]
    pub fn most_to_come(&self) -> u64 {
        let queue = &self.queue;
        let held_back: u64 = self.held_back.iter().map(|chunk| u64::from(chunk.lines)).sum();
        let begun = self.workers.iter().filter_map(|worker| worker.open.as_ref()).map(|open| {
            let source = &queue.files[open.file].source;
            // What is unpacked of a packed file says nothing about how much is left.
            let read = if source.compression == Compression::None { open.reader.offset() } else { 0 };
            most_lines(source, read)
        });
        let next = queue.next.load(Ordering::Relaxed).min(queue.files.len());
        let unread = queue.files[next..].iter().map(|file| most_lines(&file.source, 0));
        begun.chain(unread).fold(held_back, u64::saturating_add)
    }

    /// The files that could not be read, when bad files are skipped.
    #[must_use]
    pub fn into_bad_files(self) -> Vec<BadFile> {
        let lines_before = self.lines_before;
        let bad = self.bad_files.into_iter();
        bad.map(|(file, error)| BadFile { file, error, began_earlier: lines_before.contains_key(&file) }).collect()
    }

    /// Keys that no field has, so far.
    #[must_use]
    pub fn unknown_keys(&self) -> &UnknownKeys {
        &self.unknown_keys
    }
}

impl Worker {
    /// Takes files, one after the other, until the batch is full, all are taken, one failed or the run was stopped.
    fn work(&mut self, queue: &Queue<'_>, batch: &Mutex<Collected>, taken: &AtomicU64) {
        let mut chunks = Vec::new();
        // At least one step, so that every file under way gets on in every batch.
        loop {
            match self.step(queue, taken, &mut chunks) {
                Ok(true) => {}
                Ok(false) => break,
                Err(failure) => {
                    lock(batch).failed.push(failure);
                    if !queue.skip_bad_files {
                        // The others stop as well: no batch comes of this.
                        taken.store(u64::MAX / 2, Ordering::Relaxed);
                    }
                }
            }
            if queue.is_full(taken.load(Ordering::Relaxed)) || queue.stop.is_stopped() {
                break;
            }
        }
        lock(batch).chunks.append(&mut chunks);
    }

    /// Decodes one range of the file under way, or of the next one. False when there is none.
    fn step(&mut self, queue: &Queue<'_>, taken: &AtomicU64, chunks: &mut Vec<EventChunk>) -> Result<bool, (usize, Error)> {
        let mut open = if let Some(open) = self.open.take() {
            open
        } else {
            let file = queue.next.fetch_add(1, Ordering::Relaxed);
            if file >= queue.files.len() {
                return Ok(false);
            }
            let reader = queue.fetcher.open(file).map_err(|e| (file, e))?;
            Open { file, part: 0, reader: BlockReader::new(reader, std::mem::take(&mut self.buffer)), reported: 0 }
        };
        let file = open.file;
        match self.decode_stretch(&mut open, queue.files[file].source.size, queue.most_text) {
            Ok(chunk) => {
                let read = open.reader.input().raw_bytes_read();
                queue.progress.bytes(read - open.reported);
                queue.read.fetch_add(read - open.reported, Ordering::Relaxed);
                open.reported = read;
                if let Some(chunk) = chunk {
                    let memory = chunk.memory();
                    taken.fetch_add(memory, Ordering::Relaxed);
                    queue.decoded.fetch_add(memory, Ordering::Relaxed);
                    chunks.push(chunk);
                    self.open = Some(open);
                } else {
                    queue.progress.file_done();
                    self.buffer = open.reader.into_buffer();
                }
                Ok(true)
            }
            Err(error) => Err((file, file_error(&queue.files[file].source, error))),
        }
    }

    /// The events of the next range of the file, None at its end.
    fn decode_stretch(&mut self, open: &mut Open, size: u64, most_text: Option<usize>) -> std::io::Result<Option<EventChunk>> {
        let mut chunk = EventChunk::default();
        (chunk.file, chunk.part, chunk.most_text) = (open.file, open.part, most_text);
        let begin = open.reader.offset();
        // Packed files are longer than their size; then the columns grow as they must.
        let expected = size.saturating_sub(begin).min(STRETCH_BYTES) as f64;
        chunk.reserve((self.rows_a_byte * expected) as usize, (self.text_a_byte * expected) as usize);
        let mut length = 0;
        while length < STRETCH_BYTES
            && (length == 0 || !chunk.is_full_of_rejects() && chunk.memory() < MOST_CHUNK_MEMORY)
            && let Some(block) = open.reader.next_block()?
        {
            match block {
                Block::Lines { bytes, offset } => {
                    let left = bytes.len() - self.decoder.decode(bytes, offset, &mut chunk);
                    open.reader.put_back(left);
                }
                Block::TooLong { beginning, length, offset } => self.decoder.too_long(&beginning, length, offset, &mut chunk),
            }
            length = open.reader.offset() - begin;
        }
        self.decoder.finish(&mut chunk);
        if length == 0 {
            return Ok(None);
        }
        open.part += 1;
        // A little more than this one needed, so that the next one need not grow.
        self.rows_a_byte = chunk.len() as f64 / length as f64 * 1.05;
        self.text_a_byte = chunk.text.len() as f64 / length as f64 * 1.05;
        Ok(Some(chunk))
    }
}

/// How many lines that are not rejected the rest of a file can have at most, of which so many bytes were read.
#[must_use]
pub fn most_lines(source: &SourceFile, read: u64) -> u64 {
    source.most_unpacked().map_or(u64::MAX, |bytes| bytes.saturating_sub(read).div_ceil(SHORTEST_LINE))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A worker that panicked is a bug that the scope reports; what it left behind is not used.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
