//! The few system calls for what no file tells: file system sizes, the system's name, clock state, time zone.
//! All of this module's unsafe code is here, one call a function.

use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;
use std::path::Path;

/// What `statfs(2)` says of one mounted file system.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct FilesystemSize {
    pub(super) size_bytes: f64,
    pub(super) free_bytes: f64,
    /// Free to users that are not root.
    pub(super) available_bytes: f64,
    pub(super) files: f64,
    pub(super) files_free: f64,
}

/// Asks for a file system's size; blocks as long as the file system does.
pub(super) fn filesystem_size(mount_point: &Path) -> io::Result<FilesystemSize> {
    let stat = rustix::fs::statfs(mount_point)?;
    let block_bytes = stat.f_bsize as f64;
    Ok(FilesystemSize {
        size_bytes: stat.f_blocks as f64 * block_bytes,
        free_bytes: stat.f_bfree as f64 * block_bytes,
        available_bytes: stat.f_bavail as f64 * block_bytes,
        files: stat.f_files as f64,
        files_free: stat.f_ffree as f64,
    })
}

/// The size of a memory page.
pub(super) fn page_bytes() -> usize {
    rustix::param::page_size()
}

/// The answer of `uname(2)`, in node_exporter's label names.
pub(super) fn uname() -> [(&'static str, String); 6] {
    let uname = rustix::system::uname();
    let text = |field: &CStr| field.to_string_lossy().into_owned();
    [
        ("sysname", text(uname.sysname())),
        ("release", text(uname.release())),
        ("version", text(uname.version())),
        ("machine", text(uname.machine())),
        ("nodename", text(uname.nodename())),
        ("domainname", text(uname.domainname())),
    ]
}

/// The local time zone's abbreviation and its offset in seconds east of UTC at `unix_seconds`.
pub(super) fn time_zone(unix_seconds: i64) -> Option<(String, i64)> {
    let time: libc::time_t = unix_seconds;
    let mut broken_down = MaybeUninit::<libc::tm>::uninit();
    // SAFETY: both pointers are valid for the call; a non-null result means that `broken_down` is written.
    let written = unsafe { libc::localtime_r(&raw const time, broken_down.as_mut_ptr()) };
    if written.is_null() {
        return None;
    }
    // SAFETY: the call above has written the whole structure.
    let broken_down = unsafe { broken_down.assume_init() };
    if broken_down.tm_zone.is_null() {
        return None;
    }
    // SAFETY: the C library owns the name, which ends with NUL and lives as long as the process's zone.
    let name = unsafe { CStr::from_ptr(broken_down.tm_zone) };
    Some((name.to_string_lossy().into_owned(), broken_down.tm_gmtoff))
}

/// The kernel's clock discipline and its state (`TIME_OK` … `TIME_ERROR`), read without changing anything.
pub(super) fn clock_state() -> io::Result<(libc::timex, i32)> {
    // SAFETY: all-zero is a valid `timex`, and `modes` zero asks for no change.
    let mut timex: libc::timex = unsafe { MaybeUninit::zeroed().assume_init() };
    // SAFETY: the pointer is valid and unique for the call.
    let state = unsafe { libc::adjtimex(&raw mut timex) };
    if state < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok((timex, state))
    }
}
