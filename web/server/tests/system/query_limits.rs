//! What a query may cost: a client that leaves ends its work, memory has bounds that ingestion does not notice, places
//! are few, and what ran is logged.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use connectors_formats::remote_write::v1::Sample;
use engine_model::Labels;
use engine_model::time::now_ms;
use serde_json::Value;
use tokio::time::sleep;

use crate::http::{eventually, get, post_form, query};
use crate::push::{push, seconds};
use crate::suite::Suite;
use crate::weir::Weir;

/// No jobs and no rules: nothing but queries works.
const CONFIG: &str = "global:\n  query_log_file: queries.log\n";
const SERIES: i64 = 200;
const STEPS: i64 = 240;
/// CPU time that a query may still take when its client has left: the goal, and what a binary that is not optimised
/// needs, whose units of work between two rests take so much longer.
const AFTER_LEAVING: Duration = if cfg!(debug_assertions) {
    Duration::from_millis(1000)
} else {
    Duration::from_millis(100)
};

/// Adds the tests of this file.
pub(crate) fn add(suite: &mut Suite) {
    suite.add(
        "query_ends_when_its_client_leaves",
        &[],
        query_ends_when_its_client_leaves,
    );
    suite.add(
        "query_memory_is_bounded_and_writes_go_on",
        &[],
        query_memory_is_bounded_and_writes_go_on,
    );
    suite.add("queries_are_logged_and_noted", &[], queries_are_logged_and_noted);
}

/// A server with `load`: an hour of 200 series, 15 s apart, up to the returned time.
async fn server(flags: &[&str]) -> Result<(Weir, i64)> {
    let weir = Weir::start(Some(CONFIG), flags).await?;
    let end_ms = now_ms() / 1000 * 1000 - 1000;
    for start in (0..STEPS).step_by(60) {
        let series: Vec<_> = (0..SERIES)
            .map(|number| {
                let number_text = number.to_string();
                let labels = Labels::from_pairs([("__name__", "load"), ("n", &number_text)]);
                let samples = (start..start + 60).map(|step| Sample {
                    timestamp: end_ms - (STEPS - 1 - step) * 15_000,
                    value: (step * number) as f64,
                });
                (labels, samples.collect())
            })
            .collect();
        push(&weir.url, &series).await?;
    }
    Ok((weir, end_ms))
}

/// A range of 11,000 steps, over an hour's window each.
fn heavy(end_ms: i64) -> [(&'static str, String); 4] {
    [
        ("query", "sum(quantile_over_time(0.9, load[1h]))".to_owned()),
        ("start", seconds(end_ms - 1_100_000)),
        ("end", seconds(end_ms)),
        ("step", "0.1".to_owned()),
    ]
}

async fn query_ends_when_its_client_leaves() -> Result<()> {
    let (weir, end_ms) = server(&[]).await?;
    let url = format!("{}/api/v1/query_range", weir.url);
    let before = weir.cpu_time()?;
    let asked = tokio::spawn(async move {
        let fields = heavy(end_ms);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
        post_form(&url, &fields).await
    });
    eventually(Duration::from_secs(20), || {
        let now = weir.cpu_time();
        async move {
            ensure!(
                now? - before > Duration::from_millis(300),
                "the query does not compute"
            );
            Ok(())
        }
    })
    .await?;
    ensure!(!asked.is_finished(), "the query is too light for this test");
    asked.abort();
    let left = weir.cpu_time()?;
    let mut last = left;
    let quiet = eventually(Duration::from_secs(20), || {
        let now = weir.cpu_time();
        let grown = now.as_ref().map(|now| *now - last).unwrap_or_default();
        last = *now.as_ref().unwrap_or(&last);
        async move {
            now?;
            ensure!(grown < Duration::from_millis(20), "it took {grown:?} in 100 ms");
            Ok(())
        }
    });
    quiet.await?;
    let after = last - left;
    ensure!(after <= AFTER_LEAVING, "{after:?} of work after the client left");
    Ok(())
}

async fn query_memory_is_bounded_and_writes_go_on() -> Result<()> {
    let flags = ["--query.max-memory=4MB", "--query.max-memory-total=8MB"];
    let (weir, end_ms) = server(&flags).await?;
    let url = format!("{}/api/v1/query_range", weir.url);
    let times = [
        ("start", seconds(end_ms - 1_100_000)),
        ("end", seconds(end_ms)),
        ("step", "0.1".to_owned()),
    ];
    let mut fields: Vec<(&str, &str)> = times.iter().map(|(n, v)| (*n, v.as_str())).collect();
    fields.push(("query", "load + load"));
    let (sender, mut receiver) = tokio::sync::oneshot::channel::<()>();
    let base = weir.url.clone();
    let writer = tokio::spawn(async move {
        let mut written = 0u64;
        while receiver.try_recv().is_err() {
            let labels = Labels::from_pairs([("__name__", "beside")]);
            let sample = Sample {
                timestamp: now_ms(),
                value: written as f64,
            };
            push(&base, &[(labels, vec![sample])]).await?;
            written += 1;
            sleep(Duration::from_millis(5)).await;
        }
        Ok::<_, anyhow::Error>(written)
    });
    for _ in 0..5 {
        let answer = post_form(&url, &fields).await?;
        let error = answer.json()?;
        let text = error["error"].as_str().unwrap_or_default();
        ensure!(
            answer.status == 422 && error["errorType"] == "execution",
            "{answer:?}"
        );
        ensure!(text.ends_with("or raise --query.max-memory"), "{text}");
    }
    sender
        .send(())
        .map_err(|()| anyhow::anyhow!("the writer ended"))?;
    let written = writer.await??;
    ensure!(written > 0, "nothing was written beside the queries");
    // What failed gave its memory back.
    let light = query(&weir.url, "count(load)", &[("time", &seconds(end_ms))]).await?;
    ensure!(light["result"][0]["value"][1] == *SERIES.to_string(), "{light}");
    let newest = query(&weir.url, "beside", &[]).await?;
    ensure!(
        newest["result"][0]["value"][1] == *(written - 1).to_string(),
        "{newest}, {written} written"
    );
    Ok(())
}

async fn queries_are_logged_and_noted() -> Result<()> {
    let (mut weir, end_ms) = server(&["--query.max-concurrency=1"]).await?;
    get(&format!("{}/api/v1/query?query=up&time=5", weir.url))
        .await?
        .data()?;
    let log = fs::read_to_string(weir.data().parent().context("no folder")?.join("queries.log"))?;
    let line: Value = serde_json::from_str(log.lines().next().context("nothing is logged")?)?;
    ensure!(
        line["params"]["query"] == "up"
            && line["params"]["start"] == "1970-01-01T00:00:05.000Z"
            && line["httpRequest"]["path"] == "/api/v1/query"
            && line["httpRequest"]["clientIP"] == "127.0.0.1"
            && line["stats"]["timings"]["execQueueTime"].is_number(),
        "{line}"
    );
    let url = format!("{}/api/v1/query_range", weir.url);
    let busy = tokio::spawn(async move {
        let fields = heavy(end_ms);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
        post_form(&url, &fields).await
    });
    let noted = || fs::read_to_string(weir.data().join("queries.active"));
    eventually(Duration::from_secs(10), || {
        let noted = noted();
        async move {
            ensure!(noted?.contains("quantile_over_time"), "the query is not noted");
            Ok(())
        }
    })
    .await?;
    // The only place is taken.
    let late = get(&format!("{}/api/v1/query?query=up&timeout=50ms", weir.url)).await?;
    ensure!(
        late.status == 503 && late.body.contains("query timed out in query queue"),
        "{late:?}"
    );
    weir.kill().await?;
    drop(busy.await);
    weir.start_again().await?;
    ensure!(
        weir.log()
            .contains("these queries did not finish in the last run")
            && weir.log().contains("quantile_over_time"),
        "{}",
        weir.log()
    );
    Ok(())
}
