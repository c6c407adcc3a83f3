//! More writes than the server can take: it keeps its memory within bounds and serves queries, and a stop in the
//! middle loses nothing that it acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use connectors_formats::remote_write::v1::Sample;
use engine_model::Labels;
use engine_model::time::now_ms;
use parking_lot::Mutex;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::http::query;
use crate::push::send;
use crate::suite::Suite;
use crate::weir::Weir;

pub(crate) fn add(suite: &mut Suite) {
    suite.add(
        "a_flood_of_writes_takes_bounded_memory",
        &[],
        a_flood_of_writes_takes_bounded_memory,
    );
    suite.add(
        "pushes_under_way_at_a_stop_are_kept_or_refused",
        &[],
        pushes_under_way_at_a_stop_are_kept_or_refused,
    );
}

/// One request of `series` series of a sender.
fn request(sender: usize, series: usize, time_ms: i64, padding: &str) -> Vec<(Labels, Vec<Sample>)> {
    let one = |number: usize| {
        let (sender, number) = (sender.to_string(), number.to_string());
        let pairs = [
            ("__name__", "flood"),
            ("number", number.as_str()),
            ("padding", padding),
            ("sender", sender.as_str()),
        ];
        let sample = Sample {
            timestamp: time_ms,
            value: time_ms as f64,
        };
        (Labels::from_pairs(pairs), vec![sample])
    };
    (0..series).map(one).collect()
}

async fn a_flood_of_writes_takes_bounded_memory() -> Result<()> {
    /// Writers that send without waiting for each other; a body of each is some megabytes when decoded.
    const SENDERS: usize = 96;
    /// What the server may have taken at the end: its code, the head, and the budgets of requests under
    /// way. Without bounds the flood alone would be some gigabytes.
    const MEMORY_BYTES_MAX: u64 = 1 << 30;

    let weir = Weir::start(Some("{}"), &[]).await?;
    let padding = "x".repeat(2_000);
    let mut senders = JoinSet::new();
    let start_ms = now_ms();
    for sender in 0..SENDERS {
        let (url, padding) = (weir.url.clone(), padding.clone());
        senders.spawn(async move {
            let mut answers = Vec::new();
            for round in 0..2 {
                let series = request(
                    sender % 8,
                    1_500,
                    start_ms + (sender as i64) * 10 + round,
                    &padding,
                );
                answers.push(send(&url, &series).await.map(|answer| answer.status));
            }
            answers
        });
    }
    let (mut stored, mut shed, mut late) = (0, 0, 0);
    while let Some(answers) = senders.join_next().await {
        for answer in answers? {
            match answer {
                Ok(204) => stored += 1,
                // Senders share series, so that one may come after another's newer sample.
                Ok(400) => {}
                Ok(429 | 503) => shed += 1,
                Ok(other) => anyhow::bail!("status {other}\n{}", weir.log()),
                // A sender that lost its patience on a slow machine, as real ones do.
                Err(_) => late += 1,
            }
        }
    }
    ensure!(
        stored > 0,
        "nothing was stored, {shed} were sent away, {late} late\n{}",
        weir.log()
    );
    let peak = weir.peak_memory_bytes()?;
    ensure!(
        peak < MEMORY_BYTES_MAX,
        "{peak} bytes at the peak; {stored} stored, {shed} sent away, {late} late"
    );
    let alive = query(&weir.url, "count(flood) > 0", &[]).await?;
    ensure!(
        alive["result"].as_array().is_some_and(|rows| rows.len() == 1),
        "{alive}"
    );
    Ok(())
}

async fn pushes_under_way_at_a_stop_are_kept_or_refused() -> Result<()> {
    const SENDERS: usize = 8;
    let mut weir = Weir::start(Some("{}"), &[]).await?;
    let (stop, pushed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let kept = Arc::new(Mutex::new(vec![0_usize; SENDERS]));
    let mut senders = JoinSet::new();
    let start_ms = now_ms();
    for sender in 0..SENDERS {
        let (url, stop, kept) = (weir.url.clone(), Arc::clone(&stop), Arc::clone(&kept));
        let pushed = Arc::clone(&pushed);
        senders.spawn(async move {
            for round in 0.. {
                if stop.load(Ordering::Relaxed) {
                    return Ok(());
                }
                match send(&url, &request(sender, 20, start_ms + round, "")).await {
                    Ok(answer) if answer.status == 204 => {
                        kept.lock()[sender] += 1;
                        pushed.fetch_add(1, Ordering::Relaxed);
                    }
                    // It stops: refused, or not reachable any more.
                    Ok(answer) if answer.status == 503 => {}
                    Ok(answer) => anyhow::bail!("sender {sender}: {answer:?}"),
                    Err(_) => sleep(Duration::from_millis(10)).await,
                }
            }
            Ok(())
        });
    }
    while pushed.load(Ordering::Relaxed) < 40 {
        sleep(Duration::from_millis(5)).await;
    }
    let status = weir.stop().await?;
    ensure!(status.code() == Some(0), "SIGTERM ended it with {status}");
    stop.store(true, Ordering::Relaxed);
    while let Some(sender) = senders.join_next().await {
        sender??;
    }
    weir.start_again().await?;
    let kept = kept.lock().clone();
    for (sender, kept) in kept.iter().enumerate() {
        let expression = format!("min(count_over_time(flood{{sender=\"{sender}\"}}[1h]))");
        let found = query(&weir.url, &expression, &[]).await?;
        let found: usize = found["result"][0]["value"][1].as_str().unwrap_or("0").parse()?;
        // One more may be stored whose answer was lost with the connection.
        ensure!(
            found >= *kept,
            "sender {sender}: {kept} were acknowledged, {found} are there"
        );
    }
    Ok(())
}
