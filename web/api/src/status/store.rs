//! `/api/v1/status/tsdb`: what the head holds and what its labels cost; `/api/v1/status/walreplay`.

use axum::extract::State;
use engine_model::METRIC_NAME;
use engine_storage::{LabelStats, Store, StoreStats};
use serde::Serialize;

use super::StatusState;
use crate::envelope::{Answer, ApiError, Success};
use crate::parameters::Parameters;

/// Entries of each list when `limit` is not given, and at most: Prometheus's.
const ENTRIES: usize = 10;
const ENTRIES_MAX: usize = 10_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HeadAnswer {
    head_stats: HeadStats,
    series_count_by_metric_name: Vec<Entry>,
    label_value_count_by_label_name: Vec<Entry>,
    memory_in_bytes_by_label_name: Vec<Entry>,
    series_count_by_label_value_pair: Vec<Entry>,
}

/// There are no chunks to be counted; samples are told instead.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HeadStats {
    num_series: usize,
    num_label_pairs: usize,
    num_samples: usize,
    min_time: i64,
    max_time: i64,
}

#[derive(Serialize)]
struct Entry {
    name: String,
    value: usize,
}

/// Answers `/api/v1/status/tsdb`.
pub(super) async fn head_statistics(State(state): State<StatusState>, parameters: Parameters) -> Answer {
    let entries_max = match parameters.get("limit") {
        "" => ENTRIES,
        text => match text.parse::<usize>() {
            Ok(limit) if limit > ENTRIES_MAX => {
                return Err(ApiError::bad_data(format!("limit must not exceed {ENTRIES_MAX}")));
            }
            Ok(limit) if limit > 0 => limit,
            _ => return Err(ApiError::bad_data("limit must be a positive number")),
        },
    };
    let store: Store = state.inner.gate.store()?.clone();
    // Costs a pass over all labels: not on the threads that serve the network.
    let (stats, labels) =
        tokio::task::spawn_blocking(move || (store.stats(), store.head_label_stats())).await?;
    Ok(Success::of(&answer(&stats, &labels, entries_max)))
}

fn answer(stats: &StoreStats, labels: &[LabelStats], entries_max: usize) -> HeadAnswer {
    let metric_names = labels.iter().filter(|label| label.name == METRIC_NAME);
    let metric_names = metric_names.flat_map(|label| &label.values).cloned();
    let value_counts = labels
        .iter()
        .map(|label| (label.name.clone(), label.values.len()));
    let bytes = labels.iter().map(|label| {
        let bytes = label
            .values
            .iter()
            .map(|(value, series)| value.len() * series)
            .sum();
        (label.name.clone(), bytes)
    });
    let pairs = labels.iter().flat_map(|label| {
        let name = &label.name;
        label
            .values
            .iter()
            .map(move |(value, series)| (format!("{name}={value}"), *series))
    });
    HeadAnswer {
        head_stats: HeadStats {
            num_series: stats.head_series,
            num_label_pairs: labels.iter().map(|label| label.values.len()).sum(),
            num_samples: stats.head_samples,
            // What Prometheus answers for an empty head.
            min_time: stats.head_min_ms.unwrap_or(i64::MAX),
            max_time: stats.head_max_ms.unwrap_or(i64::MIN),
        },
        series_count_by_metric_name: largest(metric_names, entries_max),
        label_value_count_by_label_name: largest(value_counts, entries_max),
        memory_in_bytes_by_label_name: largest(bytes, entries_max),
        series_count_by_label_value_pair: largest(pairs, entries_max),
    }
}

/// The `entries_max` largest, largest first, equal ones by name.
fn largest(entries: impl Iterator<Item = (String, usize)>, entries_max: usize) -> Vec<Entry> {
    let mut entries: Vec<(String, usize)> = entries.collect();
    let order = |a: &(String, usize), b: &(String, usize)| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0));
    if entries.len() > entries_max {
        entries.select_nth_unstable_by(entries_max, order);
        entries.truncate(entries_max);
    }
    entries.sort_unstable_by(order);
    entries
        .into_iter()
        .map(|(name, value)| Entry { name, value })
        .collect()
}

#[derive(Serialize)]
struct Replay {
    min: u64,
    max: u64,
    current: u64,
}

/// Answers `/api/v1/status/walreplay`: the store opens as a whole and tells no progress.
pub(super) async fn replay() -> Answer {
    Ok(Success::of(&Replay {
        min: 0,
        max: 0,
        current: 0,
    }))
}
