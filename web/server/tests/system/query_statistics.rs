//! How many samples queries look at, in total and by step, beside a real Prometheus over the same samples.

use anyhow::{Result, ensure};
use connectors_formats::remote_write::v1::Sample;
use engine_model::Labels;
use engine_model::staleness::STALE_NAN;
use engine_model::time::now_ms;
use serde_json::Value;

use crate::http::post_form;
use crate::peers::{self, Program};
use crate::push::{push, seconds};
use crate::suite::{Need, Suite};
use crate::weir::Weir;

const CONFIG: &str = "global: {evaluation_interval: 1m}\n";
const FLAG: &str = "--enable-feature=promql-per-step-stats";
/// Samples of a series, 15 s apart.
const STEPS: i64 = 240;

/// At an instant and over ranges.
const QUERIES: &[&str] = &[
    "load",
    "load offset 5m",
    "load @ START",
    "sum by (n) (load)",
    "load + load",
    "load + on (n) group_left () (load @ START)",
    "1 + 2",
    "vector(1)",
    "time() - 1",
    "scalar(sum(load))",
    "timestamp(load)",
    "rate(load[1m])",
    "rate(load[10m] offset 3m)",
    "rate(load[10m] @ START)",
    "predict_linear(load[5m] @ START, 60)",
    "quantile_over_time(0.5, load[2m])",
    "quantile_over_time(scalar(load{n=\"1\"} > 2 or vector(0.2)), load[2m])",
    "count_over_time(ended[5m])",
    "ended",
    "absent(nothing)",
    "absent_over_time(nothing[5m])",
    "topk(1, load)",
    "max_over_time(load[10m:1m])",
    "max_over_time(load[10m:1m] offset 2m)",
    "max_over_time(rate(load[2m])[10m:30s])",
    "max_over_time(sum(load)[10m:30s] @ END)",
    "sum_over_time((load @ START)[5m:1m])",
    "min_over_time(max_over_time(load[2m:30s])[5m:1m])",
    "load and ended",
    "load or ended",
    "label_replace(load, \"x\", \"y\", \"n\", \".*\")",
    "sort(load)",
    "-load",
    "load > 3",
    "nothing",
];
/// At an instant alone.
const INSTANT: &[&str] = &[
    "load[1m]",
    "load[10m] offset 1m",
    "ended[10m]",
    "load[10m:1m]",
    "sum(load)[5m:30s]",
];

/// Adds the tests of this file.
pub(crate) fn add(suite: &mut Suite) {
    suite.add(
        "samples_are_counted_by_step_as_prometheus_does",
        &[Need::Peer(Program::Prometheus)],
        samples_are_counted_by_step_as_prometheus_does,
    );
}

fn series(end_ms: i64) -> Vec<(Labels, Vec<Sample>)> {
    let of = |labels: &[(&str, &str)], value: &dyn Fn(i64) -> Option<f64>| {
        let samples = (0..STEPS).filter_map(|step| {
            let timestamp = end_ms - (STEPS - 1 - step) * 15_000;
            value(step).map(|value| Sample { timestamp, value })
        });
        (Labels::from_pairs(labels.iter().copied()), samples.collect())
    };
    vec![
        of(&[("__name__", "load"), ("n", "1")], &|step| Some(step as f64)),
        of(&[("__name__", "load"), ("n", "2")], &|step| {
            (step % 7 != 0).then_some(2.0)
        }),
        of(&[("__name__", "ended"), ("n", "1")], &|step| match step {
            0..=180 => Some(1.0),
            181 => Some(STALE_NAN),
            _ => None,
        }),
    ]
}

async fn samples_are_counted_by_step_as_prometheus_does() -> Result<()> {
    let weir = Weir::start(Some(CONFIG), &[FLAG]).await?;
    let prometheus = peers::prometheus(CONFIG, &[FLAG]).await?;
    let end_ms = (now_ms() / 60_000 - 2) * 60_000;
    for base in [&weir.url, &prometheus.url] {
        push(base, &series(end_ms)).await?;
    }
    let (start, end) = (seconds(end_ms - 1_200_000), seconds(end_ms));
    let mut faults = Vec::new();
    for query in QUERIES.iter().chain(INSTANT) {
        let query = query.replace("START", &start).replace("END", &end);
        let instant = vec![("query", query.as_str()), ("time", &end)];
        let range = |step| {
            vec![
                ("query", query.as_str()),
                ("start", &start),
                ("end", &end),
                ("step", step),
            ]
        };
        let mut asked = vec![("query", instant)];
        if !INSTANT.contains(&query.as_str()) {
            asked.extend(["15", "60", "300"].map(|step| ("query_range", range(step))));
        }
        for (path, mut fields) in asked {
            // The total alone is asked for once.
            let asked_for = if path == "query" {
                &["all", "true"][..]
            } else {
                &["all"]
            };
            for stats in asked_for.iter().copied() {
                fields.retain(|(name, _)| *name != "stats");
                fields.push(("stats", stats));
                let ours = samples(&weir.url, path, &fields).await?;
                let theirs = samples(&prometheus.url, path, &fields).await?;
                let told_by_step = theirs["totalQueryableSamplesPerStep"].is_array();
                ensure!(told_by_step == (stats == "all"), "{path} {fields:?}: {theirs}");
                if ours != theirs {
                    faults.push(format!(
                        "{path} {fields:?}\n  weir       {ours}\n  prometheus {theirs}"
                    ));
                }
            }
        }
    }
    ensure!(
        faults.is_empty(),
        "{} differ:\n{}",
        faults.len(),
        faults.join("\n")
    );
    Ok(())
}

/// What both tell: the peak is of how a server works, and what is read is told by newer versions alone.
async fn samples(base: &str, path: &str, fields: &[(&str, &str)]) -> Result<Value> {
    let answer = post_form(&format!("{base}/api/v1/{path}"), fields).await?;
    let mut data = answer.data()?;
    let mut samples = data["stats"]["samples"].take();
    if let Some(samples) = samples.as_object_mut() {
        for name in ["peakSamples", "samplesRead", "samplesReadPerStep"] {
            samples.remove(name);
        }
    }
    Ok(samples)
}
