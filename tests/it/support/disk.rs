//! A disk that fails, or a process that is killed, at any chosen write; and what was written, in its order.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::generate::Random;

/// The library that stands between a program and its writes, compiled from `disk.c`.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        // One for each process, as several checkouts may share the folder.
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (source, library) =
            (super::repository().join("tests/it/support/disk.c"), folder.join(format!("disk-{}.so", std::process::id())));
        let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
        let mut command = Command::new(compiler);
        command.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).args(["-ldl", "-lpthread"]);
        assert!(command.status().expect("a C compiler, which the build needs as well").success());
        library
    })
}

/// What befalls a process at its writes to some files. Operations are counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// It is killed at this operation; if that is a write, after so many bytes of it.
    Killed { at: usize, part: usize },
    /// This operation fails: a full disk, or one that cannot sync.
    Once { at: usize },
    /// From this operation on the disk is full: what makes a file longer fails.
    Full { from: usize },
    /// From this operation on nothing can be changed.
    Frozen { from: usize },
    /// No file of any path can be locked, with an error of the disk.
    Unlockable,
    /// The disk cannot tell whether there is a file, where that is looked for this time, counted from 0.
    Unseen { at: usize },
}

/// Has the command work on such a disk, as far as the files are concerned whose path begins with `prefix`. `trace` is
/// where its operations are written down.
pub fn on_disk<'a>(command: &'a mut Command, prefix: &Path, fault: Fault, trace: Option<&Path>) -> &'a mut Command {
    let (action, at, part) = match fault {
        Fault::None => ("none", 0, 0),
        Fault::Killed { at, part } => ("kill", at, part),
        Fault::Once { at } => ("once", at, 0),
        Fault::Full { from } => ("full", from, 0),
        Fault::Frozen { from } => ("frozen", from, 0),
        Fault::Unlockable => ("unlockable", 0, 0),
        Fault::Unseen { at } => ("unseen", at, 0),
    };
    command.env("LD_PRELOAD", library()).env("DISK_PREFIX", prefix).env("DISK_DO", action);
    command.env("DISK_AT", at.to_string()).env("DISK_PART", part.to_string());
    trace.map(|trace| command.env("DISK_TRACE", trace));
    command
}

/// What a program did to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    Create {
        path: PathBuf,
    },
    Write {
        path: PathBuf,
        offset: usize,
        bytes: Vec<u8>,
    },
    /// Of a file, or of a folder's names.
    Sync {
        path: PathBuf,
    },
    Truncate {
        path: PathBuf,
        length: usize,
    },
    Unlink {
        path: PathBuf,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Link {
        from: PathBuf,
        to: PathBuf,
    },
    /// It looks for the file. Only written down with [`Fault::Unseen`].
    Look {
        path: PathBuf,
    },
}

/// Reads what was written down.
pub fn operations(trace: &Path) -> Vec<Operation> {
    let bytes = std::fs::read(trace).unwrap();
    let (mut rest, mut found) = (&bytes[..], Vec::new());
    let mut take = |length: usize| -> Option<Vec<u8>> {
        let (head, tail) = rest.split_at_checked(length)?;
        rest = tail;
        Some(head.to_vec())
    };
    while let Some(head) = take(40).filter(|head| !head.is_empty()) {
        let number = |i: usize| u64::from_le_bytes(head[i * 8..i * 8 + 8].try_into().unwrap()) as usize;
        let mut path = |length| PathBuf::from(String::from_utf8(take(length).unwrap()).unwrap());
        let (first, second) = (path(number(1)), path(number(2)));
        found.push(match number(0) {
            1 => Operation::Create { path: first },
            2 => Operation::Write { path: first, offset: number(3), bytes: take(number(4)).unwrap() },
            3 => Operation::Sync { path: first },
            4 => Operation::Truncate { path: first, length: number(3) },
            5 => Operation::Unlink { path: first },
            6 => Operation::Rename { from: first, to: second },
            7 => Operation::Link { from: first, to: second },
            8 => Operation::Look { path: first },
            other => panic!("{other} is not a valid operation"),
        });
    }
    found
}

/// The files of a folder by path, with what they hold.
pub type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Files as a disk has them: names, and the contents that they lead to.
#[derive(Debug, Clone)]
struct Disk {
    names: BTreeMap<PathBuf, usize>,
    contents: Vec<Vec<u8>>,
}

impl Disk {
    fn of(files: &Files) -> Self {
        let contents = files.values().cloned().collect();
        Self { names: files.keys().cloned().zip(0..).collect(), contents }
    }

    fn apply_name(&mut self, operation: &Operation, inode: usize) {
        match operation {
            Operation::Create { path } => drop(self.names.insert(path.clone(), inode)),
            Operation::Unlink { path } => drop(self.names.remove(path)),
            Operation::Rename { from, to } => {
                if let Some(inode) = self.names.remove(from) {
                    self.names.insert(to.clone(), inode);
                }
            }
            Operation::Link { from, to } => {
                if let Some(&inode) = self.names.get(from) {
                    self.names.entry(to.clone()).or_insert(inode);
                }
            }
            _ => {}
        }
    }

    fn files(self) -> Files {
        self.names.into_iter().map(|(path, inode)| (path, self.contents[inode].clone())).collect()
    }
}

fn write(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    if content.len() < offset + bytes.len() {
        content.resize(offset + bytes.len(), 0);
    }
    content[offset..offset + bytes.len()].copy_from_slice(bytes);
}

/// What of the operations before `end` a process that was killed has left: all of them, and of the last one, if it is a
/// write, so many bytes.
pub fn after_kill(before: &Files, operations: &[Operation], end: usize, part: usize) -> Files {
    let mut disk = Disk::of(before);
    for (index, operation) in operations[..end].iter().enumerate() {
        let inode = disk.contents.len();
        match operation {
            Operation::Create { .. } => disk.contents.push(Vec::new()),
            Operation::Write { path, offset, bytes } => {
                let bytes = if index + 1 == end { &bytes[..part.min(bytes.len())] } else { bytes };
                let inode = disk.names[path];
                write(&mut disk.contents[inode], *offset, bytes);
            }
            Operation::Truncate { path, length } => {
                let inode = disk.names[path];
                disk.contents[inode].resize(*length, 0);
            }
            _ => {}
        }
        disk.apply_name(operation, inode);
    }
    disk.files()
}

/// What of the operations before `end` a machine without power may have left: what was synced, and of the rest anything:
/// of a file's writes any sectors, and of the names' changes the first ones.
pub fn after_power_cut(before: &Files, operations: &[Operation], end: usize, random: &mut Random) -> Files {
    const SECTOR: usize = 512;
    // The inode of each operation, by the names that the program saw.
    let mut seen = Disk::of(before);
    let mut inodes = Vec::new();
    for operation in &operations[..end] {
        let inode = match operation {
            Operation::Create { .. } => {
                seen.contents.push(Vec::new());
                Some(seen.contents.len() - 1)
            }
            Operation::Write { path, .. } | Operation::Sync { path } | Operation::Truncate { path, .. } => {
                seen.names.get(path).copied()
            }
            _ => None,
        };
        inodes.push(inode);
        seen.apply_name(operation, inode.unwrap_or_default());
    }
    let is_synced = |index: usize| {
        let later = operations[index..end].iter().zip(&inodes[index..]);
        later.clone().any(|(operation, inode)| matches!(operation, Operation::Sync { .. }) && *inode == inodes[index])
    };
    let folder = before.keys().next().and_then(|path| path.parent()).unwrap();
    let is_folder_sync = |operation: &Operation| matches!(operation, Operation::Sync { path } if path == folder);
    let folder_synced = operations[..end].iter().rposition(is_folder_sync).unwrap_or(0);
    let is_name = |operation: &Operation| {
        matches!(
            operation,
            Operation::Create { .. } | Operation::Unlink { .. } | Operation::Rename { .. } | Operation::Link { .. }
        )
    };
    let unsynced_names = (folder_synced..end).filter(|&i| is_name(&operations[i])).count();
    let mut kept_names = random.below(unsynced_names + 1);

    let mut disk = Disk { contents: vec![Vec::new(); seen.contents.len()], ..Disk::of(before) };
    for (content, old) in disk.contents.iter_mut().zip(before.values()) {
        content.clone_from(old);
    }
    for (index, operation) in operations[..end].iter().enumerate() {
        let is_sure = is_synced(index);
        match (operation, inodes[index]) {
            (Operation::Write { offset, bytes, .. }, Some(inode)) => {
                let content = &mut disk.contents[inode];
                // All, none, the beginning, or any sectors.
                let (way, cut) = (if is_sure { 0 } else { random.below(4) }, random.below(bytes.len() / SECTOR + 1));
                for (number, sector) in bytes.chunks(SECTOR).enumerate() {
                    let is_kept = match way {
                        0 => true,
                        1 => false,
                        2 => number < cut,
                        _ => random.below(2) == 0,
                    };
                    if is_kept {
                        write(content, offset + number * SECTOR, sector);
                    }
                }
            }
            (Operation::Truncate { length, .. }, Some(inode)) if is_sure || random.below(2) == 0 => {
                disk.contents[inode].resize(*length, 0);
            }
            _ => {}
        }
        if is_name(operation) {
            if index < folder_synced {
                disk.apply_name(operation, inodes[index].unwrap_or_default());
            } else if kept_names > 0 {
                kept_names -= 1;
                disk.apply_name(operation, inodes[index].unwrap_or_default());
            }
        }
    }
    disk.files()
}
