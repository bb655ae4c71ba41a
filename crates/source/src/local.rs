//! Lists files on disk.

use std::fs::{self, DirEntry, File, Metadata};
use std::io;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread::{self, available_parallelism};
use std::time::UNIX_EPOCH;

use super::location::{absolute, path_to_url};
use super::stop::Stop;
use super::{Compression, Listing, Location, SourceFile, why};
use crate::error::{Error, Kind, Result, io_error};

/// Lists a folder, or the one file that `path` names. The path itself may be a link; links below it that lead out of it are
/// followed only if `follow_links` says so.
pub(super) fn list(location: &Location, path: &Path, follow_links: bool, stop: &Stop) -> Result<Listing> {
    let refused = |error| root_error(location, error);
    let root = absolute(path).map_err(refused)?;
    let stat = fs::metadata(&root).map_err(refused)?;
    let mut walk = Walk { follow_links, ..Walk::default() };
    if stat.is_dir() {
        walk.walked.push(root.canonicalize().map_err(refused)?);
        walk.tree(root, stop)?;
        // Links come last: what is reachable without one keeps that name.
        while let Some(link) = walk.found.links.pop() {
            walk.link(link, stop)?;
        }
    } else {
        let name = root.file_name().unwrap_or_default().to_string_lossy().into_owned();
        walk.found.file(&root, &name, &stat);
    }
    Ok(walk.found.listing)
}

/// Several threads read the folders of one level if there are at least so many.
const FOLDERS_WORTH_THREADS: usize = 16;

#[derive(Default)]
struct Walk {
    /// Links may lead out of the first tree.
    follow_links: bool,
    /// Real paths of the trees walked so far.
    walked: Vec<PathBuf>,
    found: Found,
}

/// What folders hold.
#[derive(Default)]
struct Found {
    folders: Vec<PathBuf>,
    links: Vec<PathBuf>,
    listing: Listing,
}

impl Found {
    fn read_all(folders: &[PathBuf], stop: &Stop) -> Result<Self> {
        let mut found = Self::default();
        for folder in folders {
            stop.check()?;
            found.read(folder)?;
        }
        Ok(found)
    }

    fn read(&mut self, folder: &Path) -> Result<()> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.pass_over(folder, why::VANISHED);
                return Ok(());
            }
            Err(error) => return Err(folder_error(folder, error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| folder_error(folder, error))?;
            self.entry(&entry)?;
        }
        Ok(())
    }

    fn entry(&mut self, entry: &DirEntry) -> Result<()> {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let path = entry.path();
        if name.starts_with('.') {
            self.pass_over(&path, why::HIDDEN);
            return Ok(());
        }
        let kind = entry.file_type().map_err(|error| folder_error(&path, error))?;
        if kind.is_dir() {
            self.folders.push(path);
        } else if kind.is_symlink() {
            self.links.push(path);
        } else if Compression::of_name(&name).is_none() {
            // Skipped without a stat.
            self.pass_over(&path, why::NOT_JSON);
        } else {
            match entry.metadata() {
                Ok(stat) => self.file(&path, &name, &stat),
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.pass_over(&path, why::VANISHED),
                Err(error) => return Err(folder_error(&path, error)),
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, name: &str, stat: &Metadata) {
        let Some(compression) = Compression::of_name(name) else { return self.pass_over(path, why::NOT_JSON) };
        if !stat.is_file() {
            return self.pass_over(path, why::NOT_A_FILE);
        }
        if stat.len() == 0 {
            return self.pass_over(path, why::EMPTY);
        }
        let modified_ns = modified_ns(stat);
        self.listing.files.push(SourceFile {
            url: path_to_url(path),
            size: stat.len(),
            version: version(stat),
            modified_us: i64::try_from(modified_ns.div_euclid(1000)).unwrap_or(i64::MAX),
            compression,
        });
    }

    fn pass_over(&mut self, path: &Path, why: &'static str) {
        self.listing.skipped.push((path_to_url(path), why));
    }
}

impl Walk {
    /// Level by level: a catalogue of one song a file has hundreds of folders at the same depth.
    fn tree(&mut self, root: PathBuf, stop: &Stop) -> Result<()> {
        let mut level = vec![root];
        while !level.is_empty() {
            let threads =
                if level.len() < FOLDERS_WORTH_THREADS { 1 } else { available_parallelism().map_or(1, usize::from).min(8) };
            let parts = thread::scope(|scope| {
                let shares = level.chunks(level.len().div_ceil(threads));
                let readers: Vec<_> = shares.map(|share| scope.spawn(|| Found::read_all(share, stop))).collect();
                // A panic of a reader is a bug; it goes on in this thread.
                readers.into_iter().map(|r| r.join().unwrap_or_else(|panic| resume_unwind(panic))).collect::<Result<Vec<_>>>()
            })?;
            level.clear();
            for part in parts {
                level.extend(part.folders);
                self.found.links.extend(part.links);
                self.found.listing.files.extend(part.listing.files);
                self.found.listing.skipped.extend(part.listing.skipped);
            }
        }
        Ok(())
    }

    /// Follows a link to a file or folder, unless it leads out, or what it leads to is listed without it: that keeps cycles
    /// out as well.
    fn link(&mut self, link: PathBuf, stop: &Stop) -> Result<()> {
        let (target, stat) = match link.canonicalize().and_then(|target| Ok((fs::metadata(&target)?, target))) {
            Ok((stat, target)) => (target, stat),
            // A link in a circle has an error kind of its own, which is not stable yet.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(folder_error(&link, error)),
            Err(_) => {
                self.found.pass_over(&link, why::DANGLING);
                return Ok(());
            }
        };
        let name = link.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if stat.is_dir() {
            if self.covers(&target) || self.walked.iter().any(|walked| walked.starts_with(&target)) {
                self.found.pass_over(&link, why::TWICE);
                return Ok(());
            }
            if self.leads_out(&target) {
                self.found.pass_over(&link, why::LINK_OUT);
                return Ok(());
            }
            self.walked.push(target);
            return self.tree(link, stop);
        }
        let listed_there = target.file_name().is_some_and(|name| Compression::of_name(&name.to_string_lossy()).is_some());
        if listed_there && self.covers(&target) {
            self.found.pass_over(&link, why::TWICE);
        } else if Compression::of_name(&name).is_some() && self.leads_out(&target) {
            self.found.pass_over(&link, why::LINK_OUT);
        } else {
            self.found.file(&link, &name, &stat);
        }
        Ok(())
    }

    /// Whether a real path is out of bounds.
    fn leads_out(&self, target: &Path) -> bool {
        !self.follow_links && self.walked.first().is_some_and(|root| !target.starts_with(root))
    }

    /// Whether a walk reaches this real path by itself. It does not enter hidden folders.
    fn covers(&self, target: &Path) -> bool {
        self.walked.iter().any(|walked| {
            target
                .strip_prefix(walked)
                .is_ok_and(|below| below.components().all(|part| !part.as_os_str().to_string_lossy().starts_with('.')))
        })
    }
}

/// The version of a file on disk. It has no inode: a copy restored from a backup is the same file.
pub(super) fn version(stat: &Metadata) -> String {
    format!("{}-{}", modified_ns(stat), stat.len())
}

fn modified_ns(stat: &Metadata) -> i128 {
    // A platform without modification times leaves the size to tell versions apart.
    let Ok(modified) = stat.modified() else { return 0 };
    let signed = |duration: std::time::Duration| i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX);
    match modified.duration_since(UNIX_EPOCH) {
        Ok(after) => signed(after),
        Err(before) => -signed(before.duration()),
    }
}

/// Whether the open file is still the one that was listed.
pub(super) fn unchanged(open: &File, listed: &SourceFile) -> io::Result<bool> {
    let stat = open.metadata()?;
    Ok(stat.len() == listed.size && version(&stat) == listed.version)
}

fn root_error(location: &Location, error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            Error::new(Kind::SourceMissing, format!("{location} does not exist"))
        }
        io::ErrorKind::PermissionDenied => {
            Error::new(Kind::SourceDenied, format!("no permission to read {location}")).caused_by(error)
        }
        _ => io_error(location, "list", error),
    }
}

fn folder_error(path: &Path, error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::PermissionDenied {
        return Error::new(Kind::SourceDenied, format!("no permission to read {}", path.display())).caused_by(error);
    }
    io_error(path.display(), "list", error)
}
