//! The operations on which durability depends, as a trait: the machine's disk, and one that
//! forgets what was not synced.
//!
//! Only what changes a disk goes through it, a few calls per group of records, so the indirection costs
//! nothing. Reading needs none: a reader sees what the kernel shows, synced or not, on both.

mod faults;
mod forgetful;
mod forgetful_file;
mod lost_power;
mod real;
mod tree;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use faults::Operation;
pub use forgetful::ForgetfulDisk;
pub use lost_power::Keep;
pub use real::RealDisk;

/// A disk that several owners use.
pub type SharedDisk = Arc<dyn Disk>;

/// What may be done to files and folders. What POSIX promises after a loss of power holds, and no more:
/// a file's bytes survive when the file was synced, its name when its folder was.
pub trait Disk: fmt::Debug + Send + Sync {
    /// Opens an empty file; one of that name is emptied.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Opens an empty file; an existing name is an error.
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Opens a file that exists, to append to it or to cut it.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Makes a folder whose parent exists; an existing name is an error.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// Gives a file or folder another name, in place of a file that has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Gives a file a second name.
    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file's name.
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Removes a folder and all in it.
    fn remove_dir_all(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable: those that are there, and that others are gone.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
}

/// An open file. Writes go to its end.
pub trait DiskFile: io::Write + fmt::Debug + Send + Sync {
    /// Cuts the file to `length` bytes; later writes follow there.
    fn set_len(&mut self, length: u64) -> io::Result<()>;
    /// Makes the content durable. After an error nothing is known of what was written since the last one.
    fn sync_data(&self) -> io::Result<()>;
    /// Makes the content and all attributes durable.
    fn sync_all(&self) -> io::Result<()>;
}

/// The disk of this machine.
pub fn real() -> SharedDisk {
    Arc::new(RealDisk)
}

/// Makes a folder and its missing parents, and their names durable. An existing folder is fine.
pub fn create_dir_all(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    let mut missing: Vec<PathBuf> = Vec::new();
    let mut at = Some(path);
    while let Some(folder) = at.filter(|p| !p.as_os_str().is_empty() && !p.is_dir()) {
        missing.push(folder.to_owned());
        at = folder.parent();
    }
    for folder in missing.into_iter().rev() {
        match disk.create_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
            created => created?,
        }
        let parent = folder.parent().filter(|p| !p.as_os_str().is_empty());
        disk.sync_dir(parent.unwrap_or(Path::new(".")))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
