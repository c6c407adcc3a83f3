//! Samples by step, counted in parts: the same as those of the whole query.

use std::sync::Arc;

use queries_tables::Snapshot;
use tokio::runtime::Handle;

use super::data::snapshot;
use super::expressions::{SPECIAL, expressions};
use crate::division::Division;
use crate::sample_counts::SampleCounts;
use crate::testscript::InMemoryEngine;
use crate::{Counting, Engine, EngineConfig, QueryOptions};

/// What is divided in ways of its own: windows that overlap or do not, in each other, pinned, repeated.
const QUERIES: &[&str] = &[
    "temp",
    "native",
    "mixed offset 3m",
    "temp @ 1200",
    "sum(temp @ end())",
    "temp + on (job, instance) temp @ 1500",
    "rate(requests_total[5m])",
    "rate(requests_total[1m])",
    "sum by (job) (rate(requests_total[10m]))",
    "topk(2, rate(requests_total[10m]))",
    "stddev(sum_over_time(native[7m]))",
    "rate(requests_total[5m] @ 1800)",
    "rate(requests_total[5m] anchored)",
    "rate(requests_total[5m] smoothed)",
    "temp smoothed",
    "max_over_time(temp[6m:1m])",
    "max_over_time(temp[1m:10s])",
    "max_over_time(temp[6m:1m] @ 2000)",
    "sum(max_over_time(rate(requests_total[5m])[10m:1m]))",
    "max_over_time(rate(requests_total[90s])[1m:20s])",
    "avg_over_time(max_over_time(temp[3m:30s])[8m:2m])",
    "max_over_time((temp + on (job, instance) sum by (job, instance) (temp @ 900))[6m:2m])",
    "max_over_time((rate(requests_total[2m] @ 900))[6m:2m])",
    "quantile_over_time(scalar(capacity{job=\"a\"}) / 100, temp[5m])",
    "histogram_quantile(0.9, rate(native[5m]))",
    "absent(temp{job=\"a\"})",
    "temp or rate(requests_total[5m])",
];

/// Every which expression of the long list is tried as well.
const EVERY: usize = 23;

async fn counts(
    snapshot: &Arc<dyn Snapshot>,
    query: &str,
    shards: usize,
    step_ranges: usize,
) -> Option<SampleCounts> {
    let config = EngineConfig {
        samples_max: 50_000_000,
        ..InMemoryEngine::script_config()
    };
    let engine = Engine::new(config, Handle::current()).divided(Division { shards, step_ranges });
    let options = QueryOptions {
        counting: Counting::Steps,
        ..QueryOptions::default()
    };
    let snapshot = Arc::clone(snapshot);
    let answer = engine.range(snapshot, query, 300_000, 3_000_000, 135_000, options);
    let statistics = answer.await.ok()?.statistics;
    let steps = statistics.steps?;
    let total = (statistics.samples_looked_at, statistics.samples_read);
    assert_eq!((steps.total().looked_at, steps.total().read), total, "{query}");
    Some(steps)
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_count_what_they_count_as_a_whole() {
    let series: Arc<dyn Snapshot> = Arc::new(snapshot(0x5eed));
    let others = expressions().into_iter().skip(SPECIAL.len()).step_by(EVERY);
    let queries = QUERIES.iter().map(|query| (*query).to_owned()).chain(others);
    let (mut compared, mut counted, mut different) = (0, 0, Vec::new());
    for query in queries {
        let Some(whole) = counts(&series, &query, 1, 1).await else {
            continue;
        };
        counted += usize::from(whole.total().read > 0);
        for (shards, ranges) in [(1, 2), (1, 5), (2, 1), (2, 2), (2, 5), (7, 1), (7, 2), (7, 5)] {
            let divided = counts(&series, &query, shards, ranges).await.unwrap();
            compared += 1;
            if divided != whole {
                different.push(format!(
                    "{query} in {shards} × {ranges}:\n  {divided:?}\n  {whole:?}"
                ));
            }
        }
    }
    assert!(counted > 30 && compared > 240, "{counted} of {compared}");
    assert!(
        different.is_empty(),
        "{} of {compared} differ:\n{}",
        different.len(),
        different[..different.len().min(6)].join("\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn smoothed_values_count_no_samples() {
    let series: Arc<dyn Snapshot> = Arc::new(snapshot(0x5eed));
    let looked_at = async |query| counts(&series, query, 1, 1).await.unwrap().total().looked_at;
    assert_eq!(looked_at("temp smoothed").await, 0);
    assert!(looked_at("rate(temp[5m] smoothed)").await > looked_at("rate(temp[5m])").await);
}
