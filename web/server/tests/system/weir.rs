//! The built `weir` binary with storage of its own, to be stopped, killed and started again.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::LazyLock;
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context as _, Result};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::process::{Process, free_port};

const CONFIG_FILE: &str = "prometheus.yml";

/// A `weir run`. The folder, the port and the flags stay the same from one start to the next.
pub(crate) struct Weir {
    // Before the folder: fields are dropped in this order, and the process writes there.
    process: Option<Process>,
    /// As `http://127.0.0.1:40123`, without a slash at the end.
    pub(crate) url: String,
    /// `127.0.0.1:40123`, as a target of a scrape.
    pub(crate) address: String,
    arguments: Vec<String>,
    folder: TempDir,
}

impl Weir {
    /// Starts `weir run` and waits until it is ready. Without a configuration it runs on its embedded one; in a
    /// configuration, `{address}` stands for its own address. The admin and lifecycle APIs are enabled.
    pub(crate) async fn start(config: Option<&str>, flags: &[&str]) -> Result<Self> {
        let enabled = ["--web.enable-admin-api", "--web.enable-lifecycle"];
        Self::start_with(config, &[&enabled, flags].concat()).await
    }

    /// The same on the embedded configuration, without a flag that a user would have to give.
    pub(crate) async fn start_plain() -> Result<Self> {
        Self::start_with(None, &[]).await
    }

    async fn start_with(config: Option<&str>, flags: &[&str]) -> Result<Self> {
        let folder = TempDir::new()?;
        let address = format!("127.0.0.1:{}", free_port()?);
        let mut arguments = vec![
            "run".to_owned(),
            format!("--storage.path={}", folder.path().join("data").display()),
            format!("--web.listen-address={address}"),
        ];
        if config.is_some() {
            let file = folder.path().join(CONFIG_FILE);
            arguments.push(format!("--config.file={}", file.display()));
        }
        arguments.extend(flags.iter().map(|&flag| flag.to_owned()));
        let url = format!("http://{address}");
        let mut weir = Self {
            process: None,
            url,
            address,
            arguments,
            folder,
        };
        if let Some(config) = config {
            weir.configure(config)?;
        }
        weir.start_again().await?;
        Ok(weir)
    }

    /// Starts after [`Weir::stop`] or [`Weir::kill`], on the same data, and waits until it is ready.
    pub(crate) async fn start_again(&mut self) -> Result<()> {
        let mut process = Process::start("weir", binary(), &self.arguments, self.folder.path())?;
        process.ready(&format!("{}/-/ready", self.url)).await?;
        self.process = Some(process);
        Ok(())
    }

    /// SIGTERM, and the status that it ends with.
    pub(crate) async fn stop(&mut self) -> Result<ExitStatus> {
        self.process
            .take()
            .context("weir is not running")?
            .terminate()
            .await
    }

    /// SIGKILL; returns when it is gone.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        self.process.take().context("weir is not running")?.kill().await
    }

    /// The configuration of later starts.
    pub(crate) fn configure(&self, config: &str) -> Result<()> {
        let file = self.folder.path().join(CONFIG_FILE);
        Ok(fs::write(file, config.replace("{address}", &self.address))?)
    }

    /// SIGHUP: it reads its configuration again.
    pub(crate) fn hang_up(&self) -> Result<()> {
        self.process.as_ref().context("weir is not running")?.hang_up()
    }

    /// Memory that it has taken at most since its start, bytes.
    pub(crate) fn peak_memory_bytes(&self) -> Result<u64> {
        self.process
            .as_ref()
            .context("weir is not running")?
            .peak_memory_bytes()
    }

    /// CPU time that it has taken since its start.
    pub(crate) fn cpu_time(&self) -> Result<Duration> {
        self.process.as_ref().context("weir is not running")?.cpu_time()
    }

    /// A file beside its configuration.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<()> {
        Ok(fs::write(self.folder.path().join(name), text)?)
    }

    /// Starts it and sends SIGKILL after `life`, ready or not; returns when it is gone.
    pub(crate) async fn start_and_kill(&self, life: Duration) -> Result<()> {
        let process = Process::start("weir", binary(), &self.arguments, self.folder.path())?;
        sleep(life).await;
        process.kill().await
    }

    /// Starts it and sends SIGTERM as soon as it takes connections, ready or not; the status that it ends with.
    pub(crate) async fn start_and_stop_when_it_listens(&self) -> Result<ExitStatus> {
        let process = Process::start("weir", binary(), &self.arguments, self.folder.path())?;
        let connect = async {
            while TcpStream::connect(&self.address).await.is_err() {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(Duration::from_secs(60), connect)
            .await
            .with_context(|| format!("it does not listen:\n{}", process.log()))?;
        process.terminate().await
    }

    /// What it has printed since its first start; empty while it is stopped.
    pub(crate) fn log(&self) -> String {
        self.process.as_ref().map(Process::log).unwrap_or_default()
    }

    /// The folder of its segments and log.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

/// The binary under test. `WEIR_BINARY` names another than the one that was built with the tests.
pub(crate) fn binary() -> &'static Path {
    static BINARY: LazyLock<PathBuf> = LazyLock::new(|| {
        let named = env::var_os("WEIR_BINARY").map(PathBuf::from);
        named.unwrap_or_else(|| env!("CARGO_BIN_EXE_weir").into())
    });
    &BINARY
}
