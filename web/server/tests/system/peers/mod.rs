//! Real peers on loopback ports: found in the cache folder, started with storage of their own, killed when dropped.

mod alertmanager;
mod node_exporter;
mod prometheus;
mod victoria_metrics;

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::process::{Process, free_port};
use crate::suite::cache;

pub(crate) use alertmanager::alertmanager;
pub(crate) use node_exporter::node_exporter;
pub(crate) use prometheus::prometheus;
pub(crate) use victoria_metrics::victoria_metrics;

/// A program of another project that tests start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    Prometheus,
    Alertmanager,
    VictoriaMetrics,
    NodeExporter,
}

impl Program {
    /// The file's name in Debian's package.
    pub(crate) fn file_name(self) -> &'static str {
        match self {
            Self::Prometheus => "prometheus",
            Self::Alertmanager => "prometheus-alertmanager",
            Self::VictoriaMetrics => "victoria-metrics",
            Self::NodeExporter => "prometheus-node-exporter",
        }
    }
}

/// Where `.ci/peers` unpacks; `WEIR_PEERS` names another folder with a `bin` in it.
pub(crate) fn folder() -> PathBuf {
    env::var_os("WEIR_PEERS").map_or_else(|| cache().join("peers"), PathBuf::from)
}

/// The program's file, where it is here.
pub(crate) fn find(program: Program) -> Option<PathBuf> {
    let path = folder().join("bin").join(program.file_name());
    path.is_file().then_some(path)
}

/// A running peer with temporary storage.
pub(crate) struct Peer {
    // Before the folder: fields are dropped in this order, and the process writes there.
    process: Process,
    /// As `http://127.0.0.1:40123`, without a slash at the end.
    pub(crate) url: String,
    /// `127.0.0.1:40123`, as a target of a scrape.
    pub(crate) address: String,
    folder: TempDir,
}

impl Peer {
    /// Starts a program; `arguments` get the address to listen on and the peer's folder.
    async fn start(
        program: Program,
        ready_path: &str,
        arguments: impl Fn(&str, &Path) -> Result<Vec<String>>,
    ) -> Result<Self> {
        let binary = find(program).with_context(|| format!("no {} here", program.file_name()))?;
        let folder = TempDir::new()?;
        let address = format!("127.0.0.1:{}", free_port()?);
        let url = format!("http://{address}");
        let arguments = arguments(&address, folder.path())?;
        let mut process = Process::start(program.file_name(), &binary, &arguments, folder.path())?;
        process.ready(&format!("{url}{ready_path}")).await?;
        Ok(Self {
            process,
            url,
            address,
            folder,
        })
    }

    /// What the peer has printed.
    pub(crate) fn log(&self) -> String {
        self.process.log()
    }

    /// The folder of its configuration and storage.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Arguments as a program takes them.
fn owned<const N: usize>(arguments: [String; N], more: &[&str]) -> Vec<String> {
    arguments
        .into_iter()
        .chain(more.iter().map(|&argument| argument.to_owned()))
        .collect()
}
