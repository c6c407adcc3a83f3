//! Damage inside a log of an earlier run: the server says which file and ends, instead of serving without what was
//! acknowledged.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use connectors_formats::remote_write::v1::Sample;
use engine_model::Labels;
use engine_model::time::now_ms;

use crate::push::push;
use crate::suite::Suite;
use crate::weir::Weir;

const REQUESTS: i64 = 20;

/// Adds the tests of this file.
pub(super) fn add(suite: &mut Suite) {
    suite.add(
        "an_unreadable_log_ends_the_server",
        &[],
        an_unreadable_log_ends_the_server,
    );
}

async fn an_unreadable_log_ends_the_server() -> Result<()> {
    let mut weir = Weir::start(Some("global: {scrape_interval: 1h}\n"), &[]).await?;
    push_some(&weir).await?;
    weir.kill().await?;
    let damaged = log_files(&weir)?.pop().context("no log")?;
    weir.start_again().await?;
    push_some(&weir).await?;
    weir.kill().await?;

    let sound = fs::read(&damaged)?;
    let mut bytes = sound.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(&damaged, bytes)?;
    let Err(error) = weir.start_again().await else {
        // Ready and then gone would be as bad.
        bail!("it became ready over a damaged log")
    };
    let text = format!("{error:#}");
    let name = damaged.file_name().context("a name")?.to_string_lossy();
    for expected in [
        "exit status: 1",
        "could not be replayed",
        "is damaged at byte",
        &name,
    ] {
        ensure!(text.contains(expected), "no {expected:?} in {text}");
    }

    fs::write(&damaged, sound)?;
    weir.start_again().await.context("the log is repaired")?;
    let status = weir.stop().await?;
    ensure!(status.code() == Some(0), "SIGTERM ended it with {status}");
    Ok(())
}

async fn push_some(weir: &Weir) -> Result<()> {
    for number in 0..REQUESTS {
        let sample = Sample {
            timestamp: now_ms() + number,
            value: number as f64,
        };
        let labels = Labels::from_pairs([("__name__", "kept"), ("number", &number.to_string())]);
        push(&weir.url, &[(labels, vec![sample])]).await?;
    }
    Ok(())
}

/// Log files, oldest first.
fn log_files(weir: &Weir) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(weir.data().join("wal"))? {
        files.push(entry?.path());
    }
    files.retain(|file| file.extension().is_none_or(|ending| ending != "checkpoint"));
    files.sort();
    Ok(files)
}
