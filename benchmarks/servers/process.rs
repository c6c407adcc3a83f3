//! What the kernel says of a process.

use std::fs;
use std::process::{Child, ExitStatus};
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::cpu_clock;

/// A process that is measured, and killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
}

/// Memory of a process in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Resident now.
    pub resident: u64,
    /// Resident at most since the start.
    pub peak: u64,
    /// Of the resident bytes those that no file backs.
    pub anonymous: u64,
}

impl Process {
    /// Takes a child over.
    pub fn new(child: Child) -> Self {
        Self { child }
    }

    /// CPU time of all its threads, user and system, in seconds.
    ///
    /// # Errors
    /// When it has ended.
    pub fn cpu_seconds(&self) -> Result<f64> {
        cpu_clock::cpu_seconds(self.child.id())
    }

    /// Its memory.
    ///
    /// # Errors
    /// When it has ended.
    pub fn memory(&self) -> Result<Memory> {
        let status = self.read("status")?;
        Ok(Memory {
            resident: kilobytes(&status, "VmRSS:")?,
            peak: kilobytes(&status, "VmHWM:")?,
            anonymous: kilobytes(&status, "RssAnon:")?,
        })
    }

    /// Bytes that it sent to the disk so far, page cache included once written back.
    ///
    /// # Errors
    /// When it has ended.
    pub fn written_bytes(&self) -> Result<u64> {
        let io = self.read("io")?;
        let line = io.lines().find_map(|line| line.strip_prefix("write_bytes:"));
        Ok(line.context("no write_bytes")?.trim().parse()?)
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Ends it with SIGKILL and waits.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// CPU seconds used while `work` runs and for `settle` afterwards, and what `work` gave.
    ///
    /// # Errors
    /// Those of `work`; when the process ends.
    pub fn cpu_during<T>(&self, settle: Duration, work: impl FnOnce() -> Result<T>) -> Result<(T, f64, f64)> {
        let before = self.cpu_seconds()?;
        let done = work()?;
        let at_once = self.cpu_seconds()? - before;
        std::thread::sleep(settle);
        Ok((done, at_once, self.cpu_seconds()? - before))
    }

    fn read(&self, file: &str) -> Result<String> {
        let path = format!("/proc/{}/{file}", self.child.id());
        fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

fn kilobytes(status: &str, name: &str) -> Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let line = line.with_context(|| format!("no {name} in the status"))?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? << 10)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_busy_process_has_time_and_memory() {
        let child = Command::new("sh")
            .args(["-c", "while :; do :; done"])
            .spawn()
            .unwrap();
        let mut process = Process::new(child);
        let ((), _, cpu) = process.cpu_during(Duration::from_millis(300), || Ok(())).unwrap();
        assert!(cpu > 0.0, "{cpu}");
        let memory = process.memory().unwrap();
        assert!(memory.resident > 0 && memory.resident <= memory.peak);
        assert!(process.ended().unwrap().is_none());
        process.kill().unwrap();
        assert!(process.cpu_seconds().is_err());
    }
}
