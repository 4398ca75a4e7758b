//! The few things that a store asks of a file it appends to. A trait, so that tests can have each of them fail.

use super::TORN_SUFFIX;
use rustix::fs::{FlockOperation, flock};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// A file that only grows, except for what a crash left at its end. Every answer is the system's own.
pub(super) trait AppendFile {
    /// Waits until nobody else appends. The end of the process frees it too, whatever ended it.
    fn lock(&mut self) -> io::Result<()>;
    /// Lets others append.
    fn unlock(&mut self) -> io::Result<()>;
    /// Whether its path still leads to it.
    fn is_in_place(&self) -> io::Result<bool>;
    /// Its length in bytes.
    fn length(&self) -> io::Result<u64>;
    /// Reads bytes from there on, maybe fewer than asked for.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes bytes to the end, maybe fewer than given.
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// Cuts it off.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
    /// Waits until all that was written is on the disk.
    fn sync(&mut self) -> io::Result<()>;
    /// Keeps bytes on the disk beside it.
    fn set_aside(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// A file of the system's.
#[derive(Debug)]
pub(super) struct SystemFile {
    path: PathBuf,
    file: File,
}

impl SystemFile {
    /// Opens a file to append to, and makes it if need be.
    pub(super) fn open(path: PathBuf) -> io::Result<SystemFile> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(&path)?;
        Ok(SystemFile { path, file })
    }
}

impl AppendFile for SystemFile {
    fn lock(&mut self) -> io::Result<()> {
        Ok(flock(&self.file, FlockOperation::LockExclusive)?)
    }

    fn unlock(&mut self) -> io::Result<()> {
        Ok(flock(&self.file, FlockOperation::Unlock)?)
    }

    fn is_in_place(&self) -> io::Result<bool> {
        let open = self.file.metadata()?;
        match std::fs::metadata(&self.path) {
            Ok(named) => Ok((named.dev(), named.ino()) == (open.dev(), open.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(bytes, offset)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn set_aside(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut path = self.path.clone().into_os_string();
        path.push(TORN_SUFFIX);
        let mut beside = OpenOptions::new().append(true).create(true).open(&path)?;
        beside.write_all(bytes)?;
        beside.write_all(b"\n")?;
        beside.sync_all()?;
        sync_folder_of(&self.path)
    }
}

/// Waits until the names in the folder of a file are on the disk.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Makes a folder, and waits until its name, and those of the folders that had to be made for it, are on the disk.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> =
        folder.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists()).collect();
    std::fs::create_dir_all(folder)?;
    missing.into_iter().try_for_each(sync_folder_of)
}

/// Waits until the names in a folder are on the disk.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Locks a file against appending while it is read. A file system without locks has nobody who waits for one.
pub(super) fn lock_shared(file: &File) {
    while flock(file, FlockOperation::LockShared) == Err(rustix::io::Errno::INTR) {}
}
