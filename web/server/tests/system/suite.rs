//! The list of system tests, and how one that lacks something is skipped: with a line that says why.

use std::env;
use std::future::Future;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::Builder;

use crate::peers::{self, Program};

/// What a test needs that a machine may lack.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub(crate) enum Need {
    Peer(Program),
    /// Chromium, and Node with the console's packages to drive it.
    Browser,
    /// A Python with the duckdb module.
    DuckDb,
    /// Anything else: why it is not here, nothing when it is.
    Other(fn() -> Option<String>),
}

impl Need {
    /// Why it is not here; nothing when it is.
    fn missing(self) -> Option<String> {
        match self {
            Self::Peer(program) => peers::find(program).is_none().then(|| {
                let name = program.file_name();
                format!("no {name} in {} (`.ci/peers` gets it)", peers::folder().display())
            }),
            Self::Browser if browser().is_none() => Some("no chromium on the path".to_owned()),
            Self::Browser => (!console().join("node_modules/playwright-core").is_dir())
                .then(|| "the console's packages are not fetched (`make console` gets them)".to_owned()),
            Self::DuckDb => (!python().is_file())
                .then(|| format!("no DuckDB at {} (`.ci/needs` gets it)", python().display())),
            Self::Other(missing) => missing(),
        }
    }
}

/// Tests in the order in which they were added.
#[derive(Default)]
pub(crate) struct Suite {
    trials: Vec<Trial>,
    /// Name and reason of each test that cannot run here.
    skips: Vec<(String, String)>,
}

impl Suite {
    /// Adds a test; it runs on a runtime of its own, beside others.
    pub(crate) fn add<F>(&mut self, name: &str, needs: &[Need], test: fn() -> F)
    where
        F: Future<Output = Result<()>> + 'static,
    {
        let missing: Vec<String> = needs.iter().filter_map(|need| need.missing()).collect();
        let reason = missing.join("; ");
        let skipped = !missing.is_empty();
        if skipped {
            self.skips.push((name.to_owned(), reason.clone()));
        }
        let run = move || {
            // Also when ignored tests are asked for: a test must not pass or fail for want of a peer.
            if skipped {
                return Err(Failed::from(format!("cannot run here: {reason}")));
            }
            let runtime = Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()?;
            runtime
                .block_on(test())
                .map_err(|error| Failed::from(format!("{error:#}")))
        };
        self.trials
            .push(Trial::test(name, run).with_ignored_flag(skipped));
    }

    /// Runs what the arguments select and says of each skipped test why.
    pub(crate) fn run(self, arguments: &Arguments) -> ExitCode {
        let chosen = |name: &str| {
            arguments
                .filter
                .as_deref()
                .is_none_or(|filter| name.contains(filter))
        };
        let mut output = io::stdout().lock();
        for (name, reason) in self
            .skips
            .iter()
            .filter(|(name, _)| !arguments.list && chosen(name))
        {
            writeln!(output, "SKIPPED {name}: {reason}").expect("the output can be written");
        }
        drop(output);
        libtest_mimic::run(arguments, self.trials).exit_code()
    }
}

/// `~/.cache/weir`, where `.ci` puts what tests need.
pub(crate) fn cache() -> PathBuf {
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = env::var_os("XDG_CACHE_HOME")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from);
    cache.or_else(home).unwrap_or_else(env::temp_dir).join("weir")
}

/// The Python that has DuckDB, whether it exists or not. `WEIR_PYTHON` names another.
pub(crate) fn python() -> PathBuf {
    env::var_os("WEIR_PYTHON").map_or_else(|| cache().join("duckdb/bin/python3"), PathBuf::from)
}

/// The folder of the console's sources.
pub(crate) fn console() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../console")
}

/// A chromium on the path. `WEIR_CHROMIUM` names another.
pub(crate) fn browser() -> Option<PathBuf> {
    let named = env::var_os("WEIR_CHROMIUM").map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let on_path = env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name)));
    named
        .into_iter()
        .chain(on_path)
        .find(|candidate| candidate.is_file())
}
