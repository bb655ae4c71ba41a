//! Song files to batches of songs, on all cores.

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::{PlannedFile, Progress};
use crate::decode::{Reject, Song, SongChunk, UnknownKeys, count_unknown_key, decode_songs};
use crate::error::{Error, Result};
use crate::source::{Fetcher, Stop, file_error};

/// How many songs a batch holds at most, so that memory stays bounded; about 100 MB of them.
const BATCH_SONGS: usize = 200_000;
/// How much of a song file is decoded at a time, in bytes. Nearly all are smaller.
const PIECE_BYTES: usize = 8 << 20;

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
    /// The files that could not be read, with the error.
    pub bad_files: Vec<(usize, Error)>,
    /// Keys that no field has.
    pub unknown_keys: UnknownKeys,
}

/// Reads and decodes song files, and hands them out in batches of whole files.
pub struct SongIntake<'a> {
    files: Arc<[PlannedFile]>,
    fetcher: Fetcher,
    stop: Stop,
    progress: &'a dyn Progress,
    threads: usize,
    skip_bad_files: bool,
    most_text: Option<usize>,
    next: AtomicUsize,
}

impl<'a> SongIntake<'a> {
    /// `fetcher` opens the files of `files`, by the same index.
    #[must_use]
    pub fn new(
        files: Arc<[PlannedFile]>,
        fetcher: Fetcher,
        stop: Stop,
        progress: &'a dyn Progress,
        threads: usize,
        skip_bad_files: bool,
    ) -> Self {
        Self { files, fetcher, stop, progress, threads, skip_bad_files, most_text: None, next: AtomicUsize::new(0) }
    }

    /// Refuses songs with texts of more bytes than these.
    #[must_use]
    pub fn with_most_text(mut self, most: Option<usize>) -> Self {
        self.most_text = most;
        self
    }

    /// The next batch, None when all files are through.
    ///
    /// # Errors
    /// [`crate::error::Kind::SourceFile`] and its kin for a file that cannot be read, unless bad files are to be
    /// skipped; [`crate::error::Kind::Interrupted`].
    pub fn next_batch(&mut self) -> Result<Option<SongBatch>> {
        if self.next.load(Ordering::Relaxed) >= self.files.len() {
            return Ok(None);
        }
        let collected = Mutex::new(SongBatch::default());
        let songs = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..self.threads {
                scope.spawn(|| self.work(&collected, &songs));
            }
        });
        self.stop.check()?;
        let mut batch = collected.into_inner().unwrap_or_else(PoisonError::into_inner);
        batch.bad_files.sort_by_key(|(file, _)| *file);
        if !self.skip_bad_files && !batch.bad_files.is_empty() {
            return Err(batch.bad_files.swap_remove(0).1);
        }
        batch.songs.sort_by_key(|s| (s.file, s.line));
        batch.rejects.sort_by_key(|(file, line, _)| (*file, *line));
        Ok(Some(batch))
    }

    fn work(&self, collected: &Mutex<SongBatch>, songs: &AtomicUsize) {
        let mut mine = SongBatch::default();
        let mut buffer = Vec::new();
        while songs.load(Ordering::Relaxed) < BATCH_SONGS && !self.stop.is_stopped() {
            let file = self.next.fetch_add(1, Ordering::Relaxed);
            if file >= self.files.len() {
                break;
            }
            match self.read_file(file, &mut buffer) {
                Ok(chunk) => {
                    songs.fetch_add(chunk.songs.len(), Ordering::Relaxed);
                    mine.songs.extend(chunk.songs.into_iter().map(|(line, song)| SongRecord {
                        file,
                        line: u64::from(line) + 1,
                        song,
                    }));
                    mine.rejects.extend(chunk.rejects.into_iter().map(|r| (file, u64::from(r.line) + 1, r)));
                    for (key, times) in chunk.unknown_keys {
                        count_unknown_key(&mut mine.unknown_keys, &key, times);
                    }
                }
                Err(error) => {
                    mine.bad_files.push((file, error));
                    if !self.skip_bad_files {
                        songs.store(BATCH_SONGS, Ordering::Relaxed);
                    }
                }
            }
            self.progress.bytes(self.files[file].source.size);
            self.progress.file_done();
        }
        let mut all = collected.lock().unwrap_or_else(PoisonError::into_inner);
        all.songs.append(&mut mine.songs);
        all.rejects.append(&mut mine.rejects);
        all.bad_files.append(&mut mine.bad_files);
        for (key, times) in mine.unknown_keys {
            count_unknown_key(&mut all.unknown_keys, &key, times);
        }
    }

    /// Decodes a file piece by piece; an object that a piece cuts in two is decoded with the next.
    fn read_file(&self, file: usize, buffer: &mut Vec<u8>) -> Result<SongChunk> {
        let mut reader = self.fetcher.open(file)?;
        let mut chunk = SongChunk { most_text: self.most_text, ..SongChunk::default() };
        let (mut offset, mut line) = (0u64, 0u32);
        buffer.clear();
        loop {
            let wanted = PIECE_BYTES.max(buffer.len());
            let read = Read::take(&mut reader, wanted as u64)
                .read_to_end(buffer)
                .map_err(|e| file_error(&self.files[file].source, e))?;
            let is_end = read < wanted;
            let used = decode_songs(buffer, offset, line, is_end, &mut chunk);
            line += memchr::memchr_iter(b'\n', &buffer[..used]).count() as u32;
            offset += used as u64;
            buffer.drain(..used);
            if is_end {
                return Ok(chunk);
            }
        }
    }
}
