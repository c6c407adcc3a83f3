//! Options that several claims share: which servers, which questions, where their data goes and whether it stays.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use tempfile::TempDir;

use super::{Kind, Server};
use crate::report::say;

/// What a claim asks, and of which Weir.
#[derive(Debug, Args)]
pub struct Asking {
    /// Weir's program; otherwise the release build beside this program.
    #[arg(long)]
    weir: Option<PathBuf>,
    /// Only questions or panels whose name holds this.
    #[arg(long, default_value = "")]
    only: String,
    /// Keep the servers' folders below this one.
    #[arg(long)]
    keep: Option<PathBuf>,
    /// Leave a server running with the data until the terminal sends a line, to look at it.
    #[arg(long)]
    hold: bool,
}

impl Asking {
    /// The program of `kind`; `None` for a peer that is not here.
    pub(crate) fn program(&self, kind: Kind) -> Result<Option<PathBuf>> {
        kind.found(self.weir.as_deref().filter(|_| kind == Kind::Weir))
    }

    /// Whether what is called `name` is asked.
    pub(crate) fn wants(&self, name: &str) -> bool {
        name.contains(&self.only)
    }

    /// The folder of `claim`: below the one that is kept, else below one that goes with the answer.
    pub(crate) fn folder(&self, claim: &str) -> Result<Folder> {
        let temporary = TempDir::with_prefix("weir-bench-")?;
        let path = self
            .keep
            .as_deref()
            .unwrap_or_else(|| temporary.path())
            .join(claim);
        Ok(Folder {
            path,
            _temporary: temporary,
        })
    }

    /// Waits for a line where that is wanted.
    pub(crate) fn hold(&self, server: &Server) -> Result<()> {
        if self.hold {
            say(&format!(
                "{} listens at {}; a line ends the wait",
                server.kind.name(),
                server.address
            ));
            std::io::stdin().read_line(&mut String::new())?;
        }
        Ok(())
    }
}

/// A folder for servers; a temporary one is removed with this.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    _temporary: TempDir,
}

/// Weir and its peers.
#[derive(Debug, Args)]
pub struct Compared {
    /// The servers, ours first.
    #[arg(long, value_delimiter = ',', default_value = "weir,prometheus,victoria-metrics", value_parser = Kind::from_word)]
    servers: Vec<Kind>,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

impl Compared {
    /// Does `work` for each server that is here, with its program and a folder of its own below `folder`. Answers their
    /// versions, a line each, and what came of it.
    pub(crate) fn each<T>(
        &self,
        folder: &Path,
        mut work: impl FnMut(Kind, &Path, &Path) -> Result<T>,
    ) -> Result<(String, Vec<T>)> {
        let (mut versions, mut outcomes) = (String::new(), Vec::new());
        for &kind in &self.servers {
            let Some(program) = self.asking.program(kind)? else {
                continue;
            };
            versions.push_str(&format!("- {}: {}\n", kind.name(), kind.version(&program)?));
            outcomes.push(work(kind, &program, &folder.join(kind.word()))?);
        }
        Ok((versions, outcomes))
    }
}
