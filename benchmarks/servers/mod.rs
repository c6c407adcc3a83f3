//! The servers that are compared, one file each: how each is started so that the comparison is fair, where it takes
//! writes, how it is made to compact, and where its bytes lie. `process.rs` measures any of them.

mod cpu_clock;
pub mod options;
mod process;
mod prometheus;
mod query;
mod victoria_metrics;
mod weir;

use std::env;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::load::Connection;
use crate::report;
pub use process::{Memory, Process};
pub use query::{count, escape};

/// How long a server may take to start.
const START_MAX: Duration = Duration::from_secs(180);
/// How often a starting server is asked.
const POLL: Duration = Duration::from_millis(2);

/// A kind of server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Ours.
    Weir,
    /// Prometheus.
    Prometheus,
    /// VictoriaMetrics, single node.
    VictoriaMetrics,
}

impl Kind {
    /// Every kind, ours first.
    pub const ALL: [Self; 3] = [Self::Weir, Self::Prometheus, Self::VictoriaMetrics];

    /// As tables name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Weir => "Weir",
            Self::Prometheus => "Prometheus",
            Self::VictoriaMetrics => "VictoriaMetrics",
        }
    }

    /// As the command line names it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Weir => "weir",
            Self::Prometheus => "prometheus",
            Self::VictoriaMetrics => "victoria-metrics",
        }
    }

    /// The kind that the command line names.
    ///
    /// # Errors
    /// When there is none; the text lists them.
    pub fn from_word(word: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|kind| kind.word() == word);
        known.ok_or_else(|| format!("no server {word:?}; there are weir, prometheus and victoria-metrics"))
    }

    /// The program's file: ours beside this program, a peer's where `.ci/peers` unpacks it.
    pub fn program(self) -> PathBuf {
        let file = self.word();
        match self {
            Self::Weir => {
                let beside = env::current_exe().ok();
                beside.map_or_else(|| file.into(), |path| path.with_file_name(file))
            }
            Self::Prometheus | Self::VictoriaMetrics => peers().join("bin").join(file),
        }
    }

    /// The program to run, `given` by the user or in its usual place; a peer that is not there is said to be skipped.
    ///
    /// # Errors
    /// When it is ours that is not there.
    pub fn found(self, given: Option<&Path>) -> Result<Option<PathBuf>> {
        let program = given.map_or_else(|| self.program(), Path::to_owned);
        if program.is_file() {
            return Ok(Some(program));
        }
        if self == Self::Weir {
            bail!(
                "no {}: run `make build`, or name it with --weir",
                program.display()
            );
        }
        report::say(&format!("SKIPPED {}: no {}", self.name(), program.display()));
        Ok(None)
    }

    /// Its version: what the program says, or the package it was unpacked from where it says nothing.
    ///
    /// # Errors
    /// When it does not run.
    pub fn version(self, program: &Path) -> Result<String> {
        let output = Command::new(program).arg("--version").output();
        let output = output.with_context(|| format!("cannot run {}", program.display()))?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        if let Some(line) = text.lines().find(|line| !line.trim().is_empty()) {
            return Ok(line
                .split(" (branch")
                .next()
                .unwrap_or_default()
                .trim()
                .to_owned());
        }
        let packages = fs::read_to_string(peers().join("versions")).unwrap_or_default();
        let package = packages.lines().find(|line| line.starts_with(self.word()));
        let words: Vec<_> = package
            .unwrap_or("of unknown version")
            .split_whitespace()
            .collect();
        Ok(words.join(" "))
    }

    /// The path that takes remote writes.
    pub fn write_path(self) -> &'static str {
        "/api/v1/write"
    }

    fn ready_path(self) -> &'static str {
        match self {
            Self::Weir | Self::Prometheus => "/-/ready",
            Self::VictoriaMetrics => "/health",
        }
    }

    fn arguments(self, address: SocketAddr, folder: &Path) -> Vec<String> {
        match self {
            Self::Weir => weir::arguments(address, folder),
            Self::Prometheus => prometheus::arguments(address, folder),
            Self::VictoriaMetrics => victoria_metrics::arguments(address, folder),
        }
    }
}

/// Where `.ci/peers` unpacks: `WEIR_PEERS`, else below the cache folder of the user.
pub(crate) fn peers() -> PathBuf {
    let cache = || PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".cache/weir/peers");
    env::var_os("WEIR_PEERS").map_or_else(cache, PathBuf::from)
}

/// A running server with a folder of its own. Dropped, it is killed; the folder stays.
#[derive(Debug)]
pub struct Server {
    /// What it is.
    pub kind: Kind,
    /// Where it listens.
    pub address: SocketAddr,
    /// Its process.
    pub process: Process,
    program: PathBuf,
    folder: PathBuf,
}

impl Server {
    /// Starts a server on a free port with data in `folder` and waits until it says that it is ready. `config` is
    /// a Prometheus configuration.
    ///
    /// # Errors
    /// When the program is missing, ends, or is not ready in minutes.
    pub fn start(kind: Kind, program: &Path, folder: &Path, config: &str) -> Result<Self> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("prometheus.yml"), config)?;
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut server = Self {
            kind,
            address,
            process: launch(kind, program, address, folder)?,
            program: program.to_owned(),
            folder: folder.to_owned(),
        };
        server.wait_ready()?;
        Ok(server)
    }

    /// Kills the server without warning and starts it again on the same folder; returns at once.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn kill_and_restart(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process = launch(self.kind, &self.program, self.address, &self.folder)?;
        Ok(())
    }

    /// Asks `question` again and again until it gives an answer that is as expected; the time that it took.
    ///
    /// # Errors
    /// When the server ends or the answer never comes; the last answer is in the text.
    pub fn until<T: std::fmt::Debug + PartialEq>(
        &mut self,
        expected: &T,
        question: impl Fn(&Self) -> Result<T>,
    ) -> Result<Duration> {
        let started = Instant::now();
        loop {
            let answer = question(self);
            if answer.as_ref().is_ok_and(|answer| answer == expected) {
                return Ok(started.elapsed());
            }
            if let Some(status) = self.process.ended()? {
                bail!(
                    "{} ended with {status}; see {}",
                    self.kind.name(),
                    self.log().display()
                );
            }
            if started.elapsed() > START_MAX {
                bail!(
                    "{}: expected {expected:?}, the last answer was {answer:?}",
                    self.kind.name()
                );
            }
            std::thread::sleep(POLL);
        }
    }

    fn wait_ready(&mut self) -> Result<()> {
        let path = self.kind.ready_path();
        self.until(&200, |server| Ok(server.connect()?.get(path)?.status))?;
        Ok(())
    }

    /// A new connection.
    ///
    /// # Errors
    /// When it does not listen.
    pub fn connect(&self) -> Result<Connection> {
        Connection::open(self.address)
    }

    /// Makes the server write what it holds in memory to its files and merge them as far as it can be asked to.
    /// Returns the bytes of the result on disk.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn compacted_bytes(&self) -> Result<u64> {
        match self.kind {
            Kind::Weir => weir::compacted_bytes(self, &self.data()),
            Kind::Prometheus => prometheus::compacted_bytes(self, &self.data()),
            Kind::VictoriaMetrics => victoria_metrics::compacted_bytes(self, &self.data()),
        }
    }

    /// Bytes of all files of the server's data, as they are.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn bytes(&self) -> Result<u64> {
        folder_bytes(&self.data())
    }

    fn post(&self, path: &str) -> Result<String> {
        let answer = self.connect()?.post(path, "", b"")?;
        if answer.status / 100 != 2 {
            bail!(
                "{}: {path} answered {}: {}",
                self.kind.name(),
                answer.status,
                answer.text()
            );
        }
        Ok(answer.text())
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }
}

fn launch(kind: Kind, program: &Path, address: SocketAddr, folder: &Path) -> Result<Process> {
    let log = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("log"))?;
    let child = Command::new(program)
        .args(kind.arguments(address, folder))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn();
    let child = child.with_context(|| format!("cannot start {}", program.display()))?;
    Ok(Process::new(child))
}

/// Bytes that the files below a folder take; a file with several names counts once a name. Files that vanish
/// meanwhile count nothing.
fn folder_bytes(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes += folder_bytes(&entry.path())?,
            Ok(metadata) => bytes += metadata.len(),
            Err(_) => {}
        }
    }
    Ok(bytes)
}
