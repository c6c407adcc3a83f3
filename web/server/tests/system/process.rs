//! A program under a test's control: its output in a file, a readiness probe, a signal, and death when dropped.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::http;

/// Longest start of a peer on two busy cores.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// Longest orderly stop; a program that takes longer hangs.
const STOPPED_WITHIN: Duration = Duration::from_secs(30);
/// How much of the log an error shows.
const LOG_LINES_SHOWN: usize = 40;

/// A running program.
pub(crate) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program in `folder`; what it prints goes to `<name>.log` there, after what is in it.
    pub(crate) fn start(name: &str, program: &Path, arguments: &[String], folder: &Path) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let output = File::options().create(true).append(true).open(&log)?;
        let child = Command::new(program)
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            log,
        })
    }

    /// Waits until `url` answers 200; fails at once when the program ends.
    pub(crate) async fn ready(&mut self, url: &str) -> Result<()> {
        let until = Instant::now() + READY_WITHIN;
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!(
                    "{} ended with {status} before it was ready; its last words:\n{}",
                    self.name,
                    self.log_end()
                );
            }
            if matches!(http::get(url).await, Ok(answer) if answer.status == 200) {
                return Ok(());
            }
            if Instant::now() > until {
                bail!(
                    "{} is not ready after {READY_WITHIN:?} ({url}); its last words:\n{}",
                    self.name,
                    self.log_end()
                );
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// SIGTERM, and the status that the program ends with.
    pub(crate) async fn terminate(mut self) -> Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        match timeout(STOPPED_WITHIN, self.child.wait()).await {
            Ok(status) => Ok(status?),
            Err(_) => bail!(
                "{} runs {STOPPED_WITHIN:?} after SIGTERM; its last words:\n{}",
                self.name,
                self.log_end()
            ),
        }
    }

    /// SIGHUP.
    pub(crate) fn hang_up(&self) -> Result<()> {
        self.signal(Signal::HUP)
    }

    /// Memory that the program has taken at most since its start, bytes.
    pub(crate) fn peak_memory_bytes(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id()?))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        Ok(kilobytes.context("no peak is told")?.parse::<u64>()? * 1024)
    }

    /// CPU time that the program has taken since its start.
    pub(crate) fn cpu_time(&self) -> Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.id()?))?;
        // Behind the name, which may hold anything: state is the first field, user and system time are the 12th and 13th.
        let (_, fields) = stat.rsplit_once(')').context("no name")?;
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks: u64 = ticks.map(|ticks| ticks.parse::<u64>().unwrap_or_default()).sum();
        Ok(Duration::from_millis(
            ticks * 1000 / rustix::param::clock_ticks_per_second(),
        ))
    }

    fn id(&self) -> Result<u32> {
        let id = self.child.id();
        id.with_context(|| format!("{} has ended already", self.name))
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let id = Pid::from_raw(i32::try_from(self.id()?)?).context("a process id is positive")?;
        Ok(rustix::process::kill_process(id, signal)?)
    }

    /// SIGKILL; returns when the program is gone.
    pub(crate) async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Everything that the program has printed.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_else(|error| format!("({}: {error})", self.log.display()))
    }

    fn log_end(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
    }
}

/// A loopback port that nothing listens on at this moment.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
