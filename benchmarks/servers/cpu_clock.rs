//! CPU time of another process to the nanosecond: `/proc` tells hundredths of a second, in which a server answers
//! dozens of small questions. All of this crate's unsafe code is here.

use std::io;
use std::mem::MaybeUninit;

use anyhow::{Context as _, Result};

/// CPU seconds that all threads of the process have used so far, those that ended included.
///
/// # Errors
/// When there is no such process.
pub(super) fn cpu_seconds(process: u32) -> Result<f64> {
    let process = libc::pid_t::try_from(process).context("a process number beyond the system's")?;
    let mut clock = MaybeUninit::uninit();
    // SAFETY: the pointer is valid for the write of a clock's number.
    let status = unsafe { libc::clock_getcpuclockid(process, clock.as_mut_ptr()) };
    if status != 0 {
        let error = io::Error::from_raw_os_error(status);
        return Err(error).with_context(|| format!("process {process} has no CPU clock"));
    }
    let mut time = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: a status of 0 says that the clock's number was written; the pointer is valid for the write of a time.
    let status = unsafe { libc::clock_gettime(clock.assume_init(), time.as_mut_ptr()) };
    if status != 0 {
        let error = io::Error::last_os_error();
        return Err(error).with_context(|| format!("cannot read the CPU clock of process {process}"));
    }
    // SAFETY: a status of 0 says that the time was written.
    let time = unsafe { time.assume_init() };
    Ok(time.tv_sec as f64 + time.tv_nsec as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    #[test]
    fn work_of_a_process_is_seen_however_short() {
        let before = cpu_seconds(std::process::id()).unwrap();
        black_box((0..100_000u64).map(black_box).sum::<u64>());
        assert!(cpu_seconds(std::process::id()).unwrap() > before);
        // Above the largest number that Linux gives.
        assert!(cpu_seconds(1 << 23).is_err());
    }
}
