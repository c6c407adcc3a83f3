//! Moving in: blocks of a real Prometheus, deleted spans included, become segments that answer the same.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use connectors_formats::remote_write::v1::Sample;
use engine_model::Labels;
use engine_model::staleness::STALE_NAN;
use engine_model::time::now_ms;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use crate::command;
use crate::http::post;
use crate::peers::{self, Peer, Program};
use crate::push::{self, seconds};
use crate::suite::{Need, Suite};
use crate::weir::Weir;

const CONFIG: &str = "scrape_configs: []\n";
const HOUR_MS: i64 = 3_600_000;
const STEP_MS: i64 = 60_000;
/// Longer than a day, so that a segment's border is crossed, and longer than a block.
const HOURS: i64 = 27;

pub(crate) fn add(suite: &mut Suite) {
    suite.add(
        "blocks_of_prometheus_answer_the_same_once_imported",
        &[Need::Peer(Program::Prometheus)],
        blocks_of_prometheus_answer_the_same_once_imported,
    );
}

async fn blocks_of_prometheus_answer_the_same_once_imported() -> Result<()> {
    let seed = now_ms().unsigned_abs();
    compare(seed).await.with_context(|| format!("seed {seed}"))
}

async fn compare(seed: u64) -> Result<()> {
    let peer = peers::prometheus(CONFIG, &[]).await?;
    let end_ms = now_ms() / STEP_MS * STEP_MS;
    write(&peer, end_ms, &mut StdRng::seed_from_u64(seed)).await?;
    delete(&peer, end_ms).await?;
    let snapshot = snapshot(&peer).await?;

    let mut weir = Weir::start(Some(CONFIG), &[]).await?;
    ensure!(weir.stop().await?.success(), "{}", weir.log());
    let storage = weir.data();
    for _ in 0..2 {
        // The second time nothing may change.
        let arguments = ["import", "tsdb", "--from", &snapshot, "--storage.path"];
        let arguments: Vec<String> = arguments.map(str::to_owned).into_iter().collect();
        let ended = command::weir(&[arguments, vec![storage.display().to_string()]].concat()).await?;
        ensure!(ended.code == Some(0), "{ended:?}");
    }
    weir.start_again().await?;

    let range = format!("{}h", HOURS + 1);
    let expected = push::samples(&peer.url, "{__name__=~\"import_.*\"}", &range).await?;
    let found = push::samples(&weir.url, "{__name__=~\"import_.*\"}", &range).await?;
    ensure!(
        expected.len() == 24,
        "Prometheus answers {} series",
        expected.len()
    );
    for (labels, expected) in &expected {
        let found = found
            .get(labels)
            .with_context(|| format!("{labels} is missing"))?;
        ensure!(
            expected.len() == found.len(),
            "{labels}: {} samples, expected {}",
            found.len(),
            expected.len()
        );
        for ((time, value), (at, other)) in expected.iter().zip(found) {
            let same = value.to_bits() == other.to_bits() || value.is_nan() && other.is_nan();
            ensure!(
                time == at && same,
                "{labels}: {other}@{at}, expected {value}@{time}"
            );
        }
    }
    ensure!(
        expected.len() == found.len(),
        "there are more series than Prometheus has"
    );
    ensure!(weir.stop().await?.success(), "{}", weir.log());
    // A storage folder that is in use is left alone.
    weir.start_again().await?;
    let storage = storage.display().to_string();
    let refused = command::weir(&["import", "tsdb", "--from", &snapshot, "--storage.path", &storage]).await?;
    ensure!(
        refused.code == Some(1) && refused.stderr.contains("is in use by another process"),
        "{refused:?}"
    );
    Ok(())
}

/// Writes counters, gauges, constants and odd values, an hour a request: Prometheus refuses what is older
/// than its newest sample by more.
async fn write(peer: &Peer, end_ms: i64, random: &mut StdRng) -> Result<()> {
    let mut counters = [0f64; 24];
    for hour in 0..HOURS {
        let start_ms = end_ms - (HOURS - hour) * HOUR_MS;
        let mut series = Vec::new();
        for (i, counter) in counters.iter_mut().enumerate() {
            let name = format!("import_{}", ["counter", "gauge", "constant", "odd"][i % 4]);
            let labels = Labels::from_pairs([
                ("__name__", name.as_str()),
                ("i", &i.to_string()),
                ("Zone", "é\"\\"),
            ]);
            let mut samples = Vec::new();
            for step in 0..HOUR_MS / STEP_MS {
                // Jitter on every third series, gaps on every fifth.
                let jitter = if i % 3 == 0 { random.random_range(0..50) } else { 0 };
                if i % 5 == 0 && random.random_range(0..10) == 0 {
                    continue;
                }
                let value = match i % 4 {
                    0 => {
                        *counter += f64::from(random.random_range(0..1000));
                        *counter
                    }
                    1 => f64::from(random.random_range(0..100_000)) / 100.0,
                    2 => 42.0,
                    _ => match random.random_range(0..6) {
                        0 => f64::from_bits(random.random()),
                        1 => f64::INFINITY,
                        2 => -0.0,
                        3 => STALE_NAN,
                        _ => random.random(),
                    },
                };
                samples.push(Sample {
                    timestamp: start_ms + step * STEP_MS + jitter,
                    value,
                });
            }
            series.push((labels, samples));
        }
        push::push(&peer.url, &series).await?;
    }
    Ok(())
}

/// Deletes an hour of one kind of series, so that blocks have tombstones.
async fn delete(peer: &Peer, end_ms: i64) -> Result<()> {
    let (from, until) = (seconds(end_ms - 20 * HOUR_MS), seconds(end_ms - 19 * HOUR_MS));
    let matcher = "match[]=import_gauge";
    let url = format!(
        "{}/api/v1/admin/tsdb/delete_series?{matcher}&start={from}&end={until}",
        peer.url
    );
    let answer = post(&url, "application/x-www-form-urlencoded", "").await?;
    ensure!(answer.status == 204, "{answer:?}");
    Ok(())
}

/// Takes a snapshot, which has the head as a block too; returns its folder.
async fn snapshot(peer: &Peer) -> Result<String> {
    let url = format!("{}/api/v1/admin/tsdb/snapshot", peer.url);
    let data = post(&url, "application/x-www-form-urlencoded", "")
        .await?
        .data()?;
    let name = data["name"].as_str().context("a snapshot has a name")?;
    let folder = peer.folder().join("data/snapshots").join(name);
    let blocks = fs::read_dir(&folder)?.count();
    ensure!(blocks >= 1, "{} holds no block", folder.display());
    Ok(folder.display().to_string())
}
