//! Pushed samples are there at once, segments are files, and nothing changes by a flush, a compaction or a restart.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use connectors_formats::remote_write::v1::Sample;
use engine_model::Labels;
use engine_model::time::now_ms;
use serde_json::Value;

use super::{WITHIN, Walk};
use crate::http::{eventually, post};
use crate::push::{push, seconds};

/// What is asked before and after, at one time, of one target that was scraped until then.
const QUESTIONS: &[&str] = &[
    "dam_level[10m]",
    "max_over_time(dam_level[10m])",
    "count_over_time(up{job=\"dam\"}[10m])",
    "sum by (__name__) (last_over_time({job=\"dam\"}[10m]))",
    "pushed_bytes",
];

pub(super) async fn keeps_everything(walk: &mut Walk) -> Result<()> {
    pushed_is_there_at_once(walk).await?;
    let at = seconds(scraped_after(walk, now_ms()).await?);
    let before = answers(walk, &at).await?;
    let base = format!("{}/api/v1/admin/storage", walk.weir.url);
    let flushed = post(&format!("{base}/flush"), "", "").await?.data()?;
    ensure!(flushed["segments"].as_u64() >= Some(1), "{flushed}");
    segments_are_files(walk)?;
    ensure!(
        answers(walk, &at).await? == before,
        "answers differ after the flush"
    );
    let compacted = post(&format!("{base}/compact"), "", "").await?.data()?;
    for key in ["segments", "bytes", "samples"] {
        ensure!(compacted[key].as_u64() >= Some(1), "{compacted}");
    }
    ensure!(
        answers(walk, &at).await? == before,
        "answers differ after the compaction"
    );

    let status = walk.weir.stop().await?;
    ensure!(status.code() == Some(0), "SIGTERM ended it with {status}");
    walk.weir.start_again().await?;
    let after = answers(walk, &at).await?;
    ensure!(
        after == before,
        "answers differ after the restart: {before:#?}\n{after:#?}"
    );
    eventually(WITHIN, || async {
        let newest = walk.value("max(timestamp(dam_level))").await?;
        ensure!(
            newest > at.parse::<f64>()?,
            "it does not scrape again: {}",
            walk.weir.log()
        );
        Ok(())
    })
    .await
}

async fn pushed_is_there_at_once(walk: &Walk) -> Result<()> {
    let labels = Labels::from_pairs([("__name__", "pushed_bytes"), ("source", "test")]);
    for value in [17.0, 0.1, 1e300] {
        let sample = Sample {
            timestamp: now_ms(),
            value,
        };
        push(&walk.weir.url, &[(labels.clone(), vec![sample])]).await?;
        let read = walk.value("pushed_bytes{source=\"test\"}").await?;
        ensure!(read == value, "{value} was acknowledged, {read} is read");
    }
    Ok(())
}

/// The time of a scrape of the dam that is committed, after `time_ms`: what that target gave until then is complete.
async fn scraped_after(walk: &Walk, time_ms: i64) -> Result<i64> {
    eventually(WITHIN, || async {
        let scraped_ms = (walk.value("timestamp(up{job=\"dam\"})").await? * 1_000.0).round() as i64;
        ensure!(scraped_ms > time_ms, "the last scrape was at {scraped_ms}");
        Ok(scraped_ms)
    })
    .await
}

/// The rows of each question, in a fixed order.
async fn answers(walk: &Walk, at: &str) -> Result<Vec<Vec<String>>> {
    let mut answers = Vec::new();
    for question in QUESTIONS {
        let rows = walk.query_at(question, &[("time", at)]).await?;
        let rows = rows.as_array().context("no rows")?;
        ensure!(!rows.is_empty(), "{question} finds nothing at {at}");
        let mut rows: Vec<String> = rows.iter().map(Value::to_string).collect();
        rows.sort();
        answers.push(rows);
    }
    Ok(answers)
}

fn segments_are_files(walk: &Walk) -> Result<()> {
    let folders = fs::read_dir(walk.weir.data().join("segments"))?;
    let folders: Vec<PathBuf> = folders.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    ensure!(!folders.is_empty(), "there is no segment");
    for folder in folders {
        for file in ["series.parquet", "samples.parquet", "segment.json"] {
            ensure!(folder.join(file).is_file(), "{} has no {file}", folder.display());
        }
        let manifest: Value = serde_json::from_str(&fs::read_to_string(folder.join("segment.json"))?)?;
        ensure!(manifest.is_object(), "{manifest}");
    }
    Ok(())
}
