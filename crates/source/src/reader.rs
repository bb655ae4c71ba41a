//! Reading one file: its bytes, decompressed, and the check at the end that they are the ones listed.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;

use super::diagnosis::{changed, gone};
use super::download::{Chunk, Download, Message};
use super::local::unchanged;
use super::stop::Stop;
use super::{Compression, SourceFile};
use crate::error::{Error, Kind, Result};

/// Compressed bytes read at a time.
const BUFFER: usize = 128 << 10;

/// The decompressed bytes of one file.
///
/// At the end of the file the reader checks that what it read is what was listed. Errors of [`Read::read`] hold an
/// [`Error`], which [`file_error`] takes out again.
pub struct Reader {
    files: Arc<[Arc<SourceFile>]>,
    index: usize,
    body: Body,
    stop: Stop,
    /// The end was reached and everything checked.
    ended: bool,
}

enum Body {
    Plain(Raw),
    Gzip(Box<MultiGzDecoder<BufReader<Raw>>>),
    Zstd(zstd::stream::read::Decoder<'static, BufReader<Raw>>),
}

/// The bytes as stored.
pub(super) struct Raw {
    source: RawSource,
    /// Bytes given out so far.
    read: u64,
}

enum RawSource {
    Disk(File),
    Object { download: Download, current: Option<Chunk>, ended: bool },
}

impl Raw {
    pub(super) fn disk(file: File) -> Self {
        Self { source: RawSource::Disk(file), read: 0 }
    }

    pub(super) fn object(download: Download) -> Self {
        Self { source: RawSource::Object { download, current: None, ended: false }, read: 0 }
    }
}

impl Read for Raw {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.source {
            RawSource::Disk(file) => file.read(buffer)?,
            RawSource::Object { download, current, ended } => loop {
                if *ended || buffer.is_empty() {
                    break 0;
                }
                if let Some(chunk) = current {
                    let size = chunk.data.len().min(buffer.len());
                    buffer[..size].copy_from_slice(&chunk.data.split_to(size));
                    if chunk.data.is_empty() {
                        *current = None;
                    }
                    break size;
                }
                match download.messages.recv() {
                    Ok(Message::Data(chunk)) => *current = Some(chunk),
                    Ok(Message::End) => *ended = true,
                    Ok(Message::Failed(error)) => return Err(io::Error::other(error)),
                    Err(_) => return Err(io::Error::other(Error::interrupted())),
                }
            },
        };
        self.read += read as u64;
        Ok(read)
    }
}

impl Reader {
    pub(super) fn new(files: Arc<[Arc<SourceFile>]>, index: usize, raw: Raw, stop: Stop) -> Result<Self> {
        let buffered = |raw| BufReader::with_capacity(BUFFER, raw);
        let body = match files[index].compression {
            Compression::None => Body::Plain(raw),
            Compression::Gzip => Body::Gzip(Box::new(MultiGzDecoder::new(buffered(raw)))),
            Compression::Zstd => Body::Zstd(
                zstd::stream::read::Decoder::with_buffer(buffered(raw)).map_err(|error| file_error(&files[index], error))?,
            ),
        };
        Ok(Self { files, index, body, stop, ended: false })
    }

    /// The file being read.
    #[must_use]
    pub fn file(&self) -> &SourceFile {
        &self.files[self.index]
    }

    /// Bytes taken from the file so far, as stored: comparable to [`SourceFile::size`].
    #[must_use]
    pub fn raw_bytes_read(&self) -> u64 {
        self.raw().read
    }

    /// Fills as much of `block` as the file has left; 0 means the end, where everything has been checked.
    ///
    /// # Errors
    /// [`Kind::SourceFile`] when the file changed, is gone, damaged or unreadable; [`Kind::SourceUnavailable`] and
    /// the other kinds of a store's error; [`Kind::Interrupted`].
    pub fn read_block(&mut self, block: &mut [u8]) -> Result<usize> {
        self.stop.check()?;
        let mut filled = 0;
        while filled < block.len() {
            match self.decode(&mut block[filled..]) {
                Ok(0) => {
                    self.check_end()?;
                    break;
                }
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.explain(error)),
            }
        }
        Ok(filled)
    }

    /// Reads and checks what is left, without keeping it.
    ///
    /// # Errors
    /// As [`Reader::read_block`].
    pub fn finish(&mut self) -> Result<()> {
        let mut rest = vec![0; BUFFER];
        while !self.ended {
            self.read_block(&mut rest)?;
        }
        Ok(())
    }

    fn raw(&self) -> &Raw {
        match &self.body {
            Body::Plain(raw) => raw,
            Body::Gzip(decoder) => decoder.get_ref().get_ref(),
            Body::Zstd(decoder) => decoder.get_ref().get_ref(),
        }
    }

    fn raw_mut(&mut self) -> &mut Raw {
        match &mut self.body {
            Body::Plain(raw) => raw,
            Body::Gzip(decoder) => decoder.get_mut().get_mut(),
            Body::Zstd(decoder) => decoder.get_mut().get_mut(),
        }
    }

    fn decode(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.body {
            Body::Plain(raw) => raw.read(buffer),
            Body::Gzip(decoder) => decoder.read(buffer),
            Body::Zstd(decoder) => decoder.read(buffer),
        }
    }

    fn check_end(&mut self) -> Result<()> {
        if self.ended {
            return Ok(());
        }
        let (raw, listed) = (self.raw(), self.file());
        let same = match &raw.source {
            RawSource::Disk(open) => unchanged(open, listed).map_err(|error| file_error(listed, error))?,
            // The download compared etag and size.
            RawSource::Object { .. } => true,
        };
        if !same || raw.read != listed.size {
            return Err(changed(listed));
        }
        self.ended = true;
        Ok(())
    }

    /// A file that was being rewritten looks damaged; that it changed is then the better explanation. The same holds for an
    /// object whose checksum does not match at its end.
    fn explain(&mut self, error: io::Error) -> Error {
        let error = file_error(self.file(), error);
        if error.kind() != Kind::SourceFile {
            return error;
        }
        if let RawSource::Object { download, current, .. } = &mut self.raw_mut().source {
            *current = None;
            return download.failure().unwrap_or(error);
        }
        match &self.raw().source {
            RawSource::Disk(open) if unchanged(open, self.file()).is_ok_and(|same| !same) => {
                changed(self.file()).caused_by(error)
            }
            _ => error,
        }
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stop.check().map_err(io::Error::other)?;
        match self.decode(buffer) {
            Ok(0) if !buffer.is_empty() => self.check_end().map(|()| 0).map_err(io::Error::other),
            Ok(read) => Ok(read),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => Err(io::Error::other(self.explain(error))),
        }
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("url", &self.file().url).field("read", &self.raw_bytes_read()).finish_non_exhaustive()
    }
}

/// What a failure to open or read `file` means. An [`Error`] inside comes out as it is.
#[must_use]
pub fn file_error(file: &SourceFile, error: io::Error) -> Error {
    let error = match error.downcast::<Error>() {
        Ok(inner) => return inner,
        Err(error) => error,
    };
    let name = file.display_name();
    let packing = file.compression.name();
    let bad = |what: String| Error::new(Kind::SourceFile, format!("{name} {what}"));
    match (error.kind(), error.raw_os_error()) {
        (io::ErrorKind::NotFound, _) => gone(file).caused_by(error),
        (io::ErrorKind::PermissionDenied, _) => bad("cannot be read: no permission".to_owned()).caused_by(error),
        // Too many open files says nothing about this one.
        (_, Some(23 | 24)) if cfg!(unix) => Error::new(Kind::Io, format!("cannot open {name}")).caused_by(error),
        (io::ErrorKind::UnexpectedEof, None) if !packing.is_empty() => {
            bad(format!("is cut off: its {packing} data ends in the middle")).caused_by(error)
        }
        (_, None) if !packing.is_empty() => bad(format!("is not valid {packing} data")).caused_by(error),
        _ => bad("cannot be read".to_owned()).caused_by(error),
    }
}
