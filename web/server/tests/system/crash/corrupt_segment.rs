//! A damaged segment is moved to `quarantine/`, never deleted, and the rest serves.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use connectors_formats::remote_write::v1::Sample;
use engine_model::Labels;
use engine_model::time::now_ms;

use crate::http::{eventually, post};
use crate::push::{push, samples};
use crate::suite::Suite;
use crate::weir::Weir;

/// Ages of the samples, so that each lands in a segment of its own.
const AGES_MS: [i64; 2] = [50 * 60_000, 60_000];

/// Adds the tests of this file.
pub(super) fn add(suite: &mut Suite) {
    suite.add(
        "a_damaged_segment_is_quarantined",
        &[],
        a_damaged_segment_is_quarantined,
    );
}

async fn a_damaged_segment_is_quarantined() -> Result<()> {
    let mut weir = Weir::start(Some("global: {scrape_interval: 1h}\n"), &[]).await?;
    let now_ms = now_ms();
    for age_ms in AGES_MS {
        // Random-looking values, so that the pages are longer than what surrounds them.
        let samples = (0..500).map(|number: i64| Sample {
            timestamp: now_ms - age_ms + number,
            value: ((number + 1) as f64).sqrt(),
        });
        push(
            &weir.url,
            &[(Labels::from_pairs([("__name__", "damage")]), samples.collect())],
        )
        .await?;
    }
    post(&format!("{}/api/v1/admin/storage/flush", weir.url), "", "").await?;
    ensure!(count(&weir).await? == 1_000, "not all is there before the damage");
    weir.stop().await?;

    let path = oldest_segment(&weir)?.join("series.parquet");
    let mut bytes = fs::read(&path)?;
    let middle = bytes.len() / 3;
    bytes[middle] ^= 0x10;
    fs::write(&path, bytes)?;

    weir.start_again().await?;
    eventually(Duration::from_secs(20), || async {
        let left = count(&weir).await?;
        ensure!(
            left == 500,
            "{left} samples are served beside the damaged segment"
        );
        Ok(())
    })
    .await?;
    let quarantined: Vec<_> = fs::read_dir(weir.data().join("quarantine"))?.collect();
    ensure!(quarantined.len() == 1, "{quarantined:?}");
    ensure!(weir.log().contains("quarantine"), "the log does not tell");
    let status = weir.stop().await?;
    ensure!(status.code() == Some(0), "SIGTERM ended it with {status}");
    Ok(())
}

async fn count(weir: &Weir) -> Result<usize> {
    let found = samples(&weir.url, "damage", "2h").await?;
    Ok(found.values().map(|samples| samples.len()).sum())
}

/// The folder of the segment with the oldest samples: its name begins with its level and its times.
fn oldest_segment(weir: &Weir) -> Result<PathBuf> {
    let segments = fs::read_dir(weir.data().join("segments"))?;
    let mut with: Vec<PathBuf> = Vec::new();
    for entry in segments {
        with.push(entry?.path());
    }
    with.sort();
    ensure!(with.len() >= 2, "{with:?}");
    with.into_iter().next().context("no segment")
}
