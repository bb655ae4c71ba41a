//! A file that has its name only when it is whole: written beside its place, under a name that nobody can guess, and put there.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

/// How many links may lead to one another, as in Linux.
const MOST_LINKS: usize = 40;

/// A file that is being written. Dropped before it is finished, it never appears, and what was there stays.
#[derive(Debug)]
pub struct WholeFile {
    temporary: NamedTempFile,
    place: PathBuf,
}

impl WholeFile {
    /// Begins a file. Where `path` is a link, what it leads to is to be replaced, and the link stays.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn create(path: &Path) -> io::Result<Self> {
        let place = real_place(path).ok_or(ErrorKind::NotFound)?;
        let mut builder = Builder::new();
        // Hidden, so that a load skips it.
        builder.prefix(".").suffix(".part").rand_bytes(12);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As for any new file: what the umask leaves of it.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let temporary = builder.tempfile_in(folder_of(&place))?;
        Ok(Self { temporary, place })
    }

    /// The file, to write to.
    pub fn file(&mut self) -> &mut File {
        self.temporary.as_file_mut()
    }

    /// Where it is until it is finished.
    #[must_use]
    pub fn part(&self) -> &Path {
        self.temporary.path()
    }

    /// Puts the file into its place, in one step, with mode and owner of the file that is there.
    ///
    /// # Errors
    /// What the operating system reports; what was there stays.
    pub fn finish(self) -> io::Result<()> {
        match fs::metadata(&self.place) {
            Ok(held) => keep(self.temporary.as_file(), &held)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        self.temporary.persist(&self.place).map_err(|error| error.error)?;
        Ok(())
    }

    /// As [`Self::finish`], and what it holds outlasts a power cut: either all of the new file is there, or the one before.
    ///
    /// # Errors
    /// As [`Self::finish`].
    pub fn finish_synced(self) -> io::Result<()> {
        self.temporary.as_file().sync_all()?;
        let folder = folder_of(&self.place).to_owned();
        self.finish()?;
        // The names and modes of what is in it with it.
        sync_folder(&folder)
    }

    /// As [`Self::finish_synced`], but it takes nobody's place.
    ///
    /// # Errors
    /// What the operating system reports, as that something is there by now.
    pub fn finish_new_synced(self) -> io::Result<()> {
        self.temporary.as_file().sync_all()?;
        let folder = folder_of(&self.place).to_owned();
        self.temporary.persist_noclobber(&self.place).map_err(|error| error.error)?;
        sync_folder(&folder)
    }
}

/// Writes a file that is small enough to be here as a whole.
///
/// # Errors
/// What the operating system reports; what was there stays.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = WholeFile::create(path)?;
    file.file().write_all(bytes)?;
    file.finish_synced()
}

/// A pipe, or the like of `/dev/stdout`: it takes what is written and holds nothing that could be lost.
#[must_use]
pub fn is_device(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// Where a path leads, through links, to what is there or is yet to be. [`None`] where its folder is not there, or links lead
/// in a circle.
#[must_use]
pub fn real_place(path: &Path) -> Option<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let place = fs::canonicalize(folder_of(&path)).ok()?.join(path.file_name()?);
        match fs::read_link(&place) {
            Ok(target) => path = place.with_file_name("").join(target),
            Err(_) => return Some(place),
        }
    }
    None
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Gives a file the mode of another, and its owner as far as this user may.
#[cfg(unix)]
fn keep(file: &File, held: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let own = file.metadata()?;
    if (own.uid(), own.gid()) != (held.uid(), held.gid()) {
        let owned = fchown(file, Some(held.uid()), Some(held.gid()));
        // Who may not give files away may still give them to a group of their own.
        if let Err(error) = owned.or_else(|_| fchown(file, None, Some(held.gid())))
            && error.kind() != ErrorKind::PermissionDenied
        {
            return Err(error);
        }
    }
    // After the owner, whose change takes some of the mode away.
    file.set_permissions(fs::Permissions::from_mode(held.permissions().mode() & 0o7777))
}

#[cfg(not(unix))]
fn keep(file: &File, held: &Metadata) -> io::Result<()> {
    file.set_permissions(held.permissions())
}

/// Makes a new name in a folder outlast a power cut, where folders can be opened.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        // A folder that may be written to but not read, and file systems that have no such thing.
        Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::InvalidInput | ErrorKind::Unsupported) => {
            Ok(())
        }
        other => other,
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_appears_whole_and_keeps_the_mode_of_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("new")).unwrap();
        let path = folder.path().join("new/page.html");
        write(&path, b"one").unwrap();
        let plain = folder.path().join("new/plain");
        fs::write(&plain, "").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode(), fs::metadata(&plain).unwrap().mode(), "as the umask has it");
        for mode in [0o600, 0o640, 0o664, 0o444] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            write(&path, format!("{mode}").as_bytes()).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, mode);
            assert_eq!(fs::read_to_string(&path).unwrap(), format!("{mode}"));
        }
        assert_eq!(names(path.parent().unwrap()), ["page.html", "plain"]);
        assert_eq!(write(&folder.path().join("none/page.html"), b"").unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    fn a_link_in_the_place_stays_and_what_it_leads_to_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("pages")).unwrap();
        fs::write(at("pages/old.html"), "old").unwrap();
        symlink("pages/old.html", at("latest.html")).unwrap();
        symlink("pages/new.html", at("next.html")).unwrap();
        write(&at("latest.html"), b"new").unwrap();
        write(&at("next.html"), b"newer").unwrap();
        assert!(fs::symlink_metadata(at("latest.html")).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(at("pages/old.html")).unwrap(), "new");
        assert_eq!(fs::read_to_string(at("pages/new.html")).unwrap(), "newer");
        symlink("b", at("a")).unwrap();
        symlink("a", at("b")).unwrap();
        assert!(write(&at("a"), b"x").is_err(), "links in a circle lead nowhere");
    }

    #[test]
    fn what_lies_beside_the_place_is_neither_followed_nor_touched() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("victim"), "theirs").unwrap();
        // The names that drafts had before: by the file and the process.
        for name in [".page.html.part".to_owned(), format!("page.html.{}.part", std::process::id())] {
            symlink("victim", at(&name)).unwrap();
        }
        let before = names(folder.path()).len();
        let mut file = WholeFile::create(&at("page.html")).unwrap();
        let part = file.part().to_owned();
        assert!(part.file_name().unwrap().len() >= 16 && fs::symlink_metadata(&part).unwrap().is_file());
        file.file().write_all(b"ours").unwrap();
        assert!(!at("page.html").exists());
        file.finish_synced().unwrap();
        assert_eq!(fs::read_to_string(at("victim")).unwrap(), "theirs");
        assert_eq!(names(folder.path()).len(), before + 1);
        let mut late = WholeFile::create(&at("late")).unwrap();
        late.file().write_all(b"ours").unwrap();
        fs::write(at("late"), "theirs").unwrap();
        assert_eq!(late.finish_new_synced().unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(at("late")).unwrap(), "theirs");
        fs::remove_file(at("late")).unwrap();
        drop(WholeFile::create(&at("other")).unwrap());
        assert_eq!(names(folder.path()).len(), before + 1, "what is not finished is gone");
    }
}
