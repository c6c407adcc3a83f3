//! The embedded console in a headless browser, against a server without a configuration file.

use std::path::PathBuf;
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;
use tokio::time::timeout;

use crate::suite::{Need, Suite, browser, console};
use crate::weir::Weir;

/// The page waits for data of its own, and two busy cores draw slowly.
const WALKED_WITHIN: Duration = Duration::from_secs(420);

/// Adds the tests of this file.
pub(crate) fn add(suite: &mut Suite) {
    let needs = [
        Need::Browser,
        Need::Other(without_node),
        Need::Other(without_console),
    ];
    suite.add(
        "the_console_works_in_a_browser",
        &needs,
        the_console_works_in_a_browser,
    );
}

fn without_node() -> Option<String> {
    node().is_none().then(|| "no node on the path".to_owned())
}

fn without_console() -> Option<String> {
    let reason = "the binary has the placeholder page (`make console`, then build again)";
    web_console::is_placeholder().then(|| reason.to_owned())
}

fn node() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|folder| folder.join("node"))
        .find(|file| file.is_file())
}

async fn the_console_works_in_a_browser() -> Result<()> {
    let weir = Weir::start(None, &[]).await?;
    let shots = shots()?;
    let log = fs::File::create(shots.join("walk.log"))?;
    let mut walk = Command::new(node().context("the need was met")?)
        .arg("e2e/run.mjs")
        .current_dir(console())
        .env("BASE_URL", &weir.url)
        .env("OUT_DIR", &shots)
        .env("CHROMIUM", browser().context("the need was met")?)
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true)
        .spawn()?;
    let status = timeout(WALKED_WITHIN, walk.wait()).await;
    let lines = fs::read_to_string(shots.join("walk.log"))?;
    let told = || format!("{lines}screenshots are in {}\n{}", shots.display(), weir.log());
    let status = status.with_context(told)??;
    ensure!(status.success(), "{status}\n{}", told());
    let (checked, counted) = (
        lines.lines().filter(|line| line.starts_with("ok ")).count(),
        lines.lines().last(),
    );
    ensure!(
        checked > 20 && counted == Some(&format!("{checked} passed, 0 failed")),
        "{}",
        told()
    );
    Ok(())
}

/// Where screenshots stay: `WEIR_SHOTS`, or a folder beside the test binaries.
fn shots() -> Result<PathBuf> {
    let folder = env::var_os("WEIR_SHOTS").map_or_else(
        || PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("console-shots"),
        PathBuf::from,
    );
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
