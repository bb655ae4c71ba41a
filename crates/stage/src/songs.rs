//! Song files to batches of songs, on all cores.

use std::collections::HashSet;
use std::io::Read;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::{BadFile, PlannedFile, Progress};
use crate::decode::{MAX_LINE_BYTES, Reject, Song, SongChunk, UnknownKeys, count_unknown_key, decode_songs};
use crate::error::{Error, Result};
use crate::source::{Compression, Fetcher, Reader, SourceFile, Stop, file_error};

/// The most memory of a batch, in bytes: about 200,000 songs. Larger ones are not written quicker.
const MOST_BATCH_MEMORY: u64 = 100 << 20;
/// How much of a song file is read at a time, in bytes. Nearly all files are smaller.
const PIECE_BYTES: usize = 1 << 20;
/// The most memory that a thread takes for songs before it looks at the batch.
const STEP_MEMORY: usize = 2 << 20;
/// The fewest bytes of a song that is not rejected: the four required fields as short as can be.
const SHORTEST_SONG: u64 = 61;

/// One song and where it was read.
#[derive(Debug, Clone)]
pub struct SongRecord {
    /// Index of its file.
    pub file: usize,
    /// The line it begins on, counted from 1.
    pub line: u64,
    /// The song.
    pub song: Song,
}

/// Songs in the order of files and lines.
#[derive(Debug, Default)]
pub struct SongBatch {
    /// The songs.
    pub songs: Vec<SongRecord>,
    /// The refused records, with the index of their file and their line, counted from 1.
    pub rejects: Vec<(usize, u64, Reject)>,
}

/// Reads and decodes song files, and hands them out in batches of bounded size.
pub struct SongReader<'a> {
    queue: Queue<'a>,
    workers: Vec<Worker>,
    /// The files of which earlier batches hold songs or rejects.
    begun: HashSet<usize>,
    bad_files: Vec<(usize, Error)>,
    unknown_keys: UnknownKeys,
}

/// What the workers share: the files, and which is next.
struct Queue<'a> {
    files: Arc<[PlannedFile]>,
    fetcher: Fetcher,
    stop: Stop,
    progress: &'a dyn Progress,
    /// Bytes of memory of a batch.
    memory: u64,
    skip_bad_files: bool,
    most_text: Option<usize>,
    next: AtomicUsize,
}

/// One thread's tools, and the file it is in the middle of.
#[derive(Default)]
struct Worker {
    buffer: Vec<u8>,
    open: Option<Open>,
}

/// A file that is being read; what was read of it and is not decoded is in its worker's buffer.
struct Open {
    file: usize,
    reader: Reader,
    /// Where the buffer begins in the file, in bytes and lines.
    offset: u64,
    line: u32,
    /// All was read.
    is_end: bool,
    /// The last piece was more than one step could take.
    is_behind: bool,
    reported: u64,
}

/// What the workers made of a batch.
#[derive(Default)]
struct Collected {
    batch: SongBatch,
    failed: Vec<(usize, Error)>,
    unknown_keys: Vec<(usize, UnknownKeys)>,
}

impl<'a> SongReader<'a> {
    /// `fetcher` opens the files of `files`, by the same index. Batches take about `memory` bytes.
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
        let memory = memory.min(MOST_BATCH_MEMORY);
        let next = AtomicUsize::new(0);
        Self {
            queue: Queue { files, fetcher, stop, progress, memory, skip_bad_files, most_text: None, next },
            workers: (0..threads.max(1)).map(|_| Worker::default()).collect(),
            begun: HashSet::new(),
            bad_files: Vec::new(),
            unknown_keys: UnknownKeys::new(),
        }
    }

    /// Refuses songs with texts of more bytes than these.
    #[must_use]
    pub fn with_most_text(mut self, most: Option<usize>) -> Self {
        self.queue.most_text = most;
        self
    }

    /// The next batch, None when all files are through. Of one file, its songs come in the order of lines.
    ///
    /// # Errors
    /// [`crate::error::Kind::SourceFile`] and its kin for a file that cannot be read, unless bad files are to be
    /// skipped; [`crate::error::Kind::Interrupted`].
    pub fn next_batch(&mut self) -> Result<Option<SongBatch>> {
        let is_begun = self.workers.iter().any(|worker| worker.open.is_some());
        if !is_begun && self.queue.next.load(Ordering::Relaxed) >= self.queue.files.len() {
            return Ok(None);
        }
        let collected = Mutex::new(Collected::default());
        let taken = AtomicU64::new(0);
        thread::scope(|scope| {
            for worker in &mut self.workers {
                let (queue, collected, taken) = (&self.queue, &collected, &taken);
                scope.spawn(move || worker.work(queue, collected, taken));
            }
        });
        self.queue.stop.check()?;
        let Collected { mut batch, mut failed, unknown_keys } = collected.into_inner().unwrap_or_else(PoisonError::into_inner);
        failed.sort_by_key(|(file, _)| *file);
        if !self.queue.skip_bad_files && !failed.is_empty() {
            return Err(failed.swap_remove(0).1);
        }
        let bad: HashSet<usize> = failed.iter().map(|(file, _)| *file).collect();
        if !bad.is_empty() {
            batch.songs.retain(|song| !bad.contains(&song.file));
            batch.rejects.retain(|(file, ..)| !bad.contains(file));
        }
        for (_, keys) in unknown_keys.into_iter().filter(|(file, _)| !bad.contains(file)) {
            for (key, times) in keys {
                count_unknown_key(&mut self.unknown_keys, &key, times);
            }
        }
        self.bad_files.append(&mut failed);
        self.begun.extend(self.workers.iter().filter_map(|worker| worker.open.as_ref()).map(|open| open.file));
        batch.songs.sort_by_key(|song| (song.file, song.line));
        batch.rejects.sort_by_key(|(file, line, reject)| (*file, *line, reject.byte_offset));
        Ok(Some(batch))
    }

    /// How many songs may still come at most, behind the batches so far.
    #[must_use]
    pub fn most_to_come(&self) -> u64 {
        let queue = &self.queue;
        let begun = self.workers.iter().filter_map(|worker| worker.open.as_ref()).map(|open| {
            let source = &queue.files[open.file].source;
            most_songs(source, if source.compression == Compression::None { open.offset } else { 0 })
        });
        let next = queue.next.load(Ordering::Relaxed).min(queue.files.len());
        let unread = queue.files[next..].iter().map(|file| most_songs(&file.source, 0));
        begun.chain(unread).fold(0, u64::saturating_add)
    }

    /// Keys that no field has.
    #[must_use]
    pub fn unknown_keys(&self) -> &UnknownKeys {
        &self.unknown_keys
    }

    /// The files that could not be read, when bad files are skipped.
    #[must_use]
    pub fn into_bad_files(self) -> Vec<BadFile> {
        let begun = self.begun;
        let bad = self.bad_files.into_iter();
        bad.map(|(file, error)| BadFile { file, error, began_earlier: begun.contains(&file) }).collect()
    }
}

/// How many songs the rest of a file can hold at most, of which so many bytes were read.
fn most_songs(source: &SourceFile, read: u64) -> u64 {
    source.most_unpacked().map_or(u64::MAX, |bytes| bytes.saturating_sub(read).div_ceil(SHORTEST_SONG))
}

impl Worker {
    /// Takes files, one after the other, until the batch is full, all are taken, one failed or the run was stopped.
    fn work(&mut self, queue: &Queue<'_>, collected: &Mutex<Collected>, taken: &AtomicU64) {
        let mut mine = Collected::default();
        loop {
            match self.step(queue, taken, &mut mine) {
                Ok(true) => {}
                Ok(false) => break,
                Err(failure) => {
                    mine.failed.push(failure);
                    if !queue.skip_bad_files {
                        // The others stop as well: no batch comes of this.
                        taken.store(u64::MAX / 2, Ordering::Relaxed);
                    }
                }
            }
            if taken.load(Ordering::Relaxed) >= queue.memory || queue.stop.is_stopped() {
                break;
            }
        }
        let mut all = collected.lock().unwrap_or_else(PoisonError::into_inner);
        all.batch.songs.append(&mut mine.batch.songs);
        all.batch.rejects.append(&mut mine.batch.rejects);
        all.failed.append(&mut mine.failed);
        all.unknown_keys.append(&mut mine.unknown_keys);
    }

    /// Decodes a piece of the file under way, or of the next one. False when there is none.
    fn step(&mut self, queue: &Queue<'_>, taken: &AtomicU64, mine: &mut Collected) -> Result<bool, (usize, Error)> {
        let mut open = if let Some(open) = self.open.take() {
            open
        } else {
            let file = queue.next.fetch_add(1, Ordering::Relaxed);
            if file >= queue.files.len() {
                return Ok(false);
            }
            self.buffer.clear();
            let reader = queue.fetcher.open(file).map_err(|e| (file, e))?;
            Open { file, reader, offset: 0, line: 0, is_end: false, is_behind: false, reported: 0 }
        };
        let file = open.file;
        let chunk =
            self.decode_piece(&mut open, queue.most_text).map_err(|e| (file, file_error(&queue.files[file].source, e)))?;
        let read = open.reader.raw_bytes_read();
        queue.progress.bytes(read - open.reported);
        open.reported = read;
        taken.fetch_add(chunk.memory as u64, Ordering::Relaxed);
        let songs = chunk.songs.into_iter();
        mine.batch.songs.extend(songs.map(|(line, song)| SongRecord { file, line: u64::from(line) + 1, song }));
        mine.batch.rejects.extend(chunk.rejects.into_iter().map(|reject| (file, u64::from(reject.line) + 1, reject)));
        if !chunk.unknown_keys.is_empty() {
            match mine.unknown_keys.last_mut() {
                Some((last, keys)) if *last == file => {
                    chunk.unknown_keys.iter().for_each(|(key, times)| count_unknown_key(keys, key, *times));
                }
                _ => mine.unknown_keys.push((file, chunk.unknown_keys)),
            }
        }
        if open.is_end && self.buffer.is_empty() {
            queue.progress.file_done();
        } else {
            self.open = Some(open);
        }
        Ok(true)
    }

    /// Reads on, unless there is something left that was not decoded for want of room, and decodes what there is. An
    /// object that a piece cuts in two is decoded with the next.
    fn decode_piece(&mut self, open: &mut Open, most_text: Option<usize>) -> std::io::Result<SongChunk> {
        let mut chunk = SongChunk { most_text, most_memory: Some(STEP_MEMORY), ..SongChunk::default() };
        if !open.is_end && !std::mem::take(&mut open.is_behind) {
            // No further than it takes to tell that a record is too long.
            let room = (MAX_LINE_BYTES + PIECE_BYTES).saturating_sub(self.buffer.len());
            let wanted = PIECE_BYTES.max(self.buffer.len().min(room));
            let read = Read::take(&mut open.reader, wanted as u64).read_to_end(&mut self.buffer)?;
            open.is_end = read < wanted;
        }
        let used = decode_songs(&self.buffer, open.offset, open.line, open.is_end, &mut chunk);
        open.line += memchr::memchr_iter(b'\n', &self.buffer[..used]).count() as u32;
        open.offset += used as u64;
        self.buffer.drain(..used);
        // What a long record needed is not kept for the others.
        if self.buffer.len() < PIECE_BYTES && self.buffer.capacity() > 4 * PIECE_BYTES {
            self.buffer.shrink_to(2 * PIECE_BYTES);
        }
        open.is_behind = chunk.memory >= STEP_MEMORY;
        Ok(chunk)
    }
}
