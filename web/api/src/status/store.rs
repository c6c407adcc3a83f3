//! What the status tells of stored samples: `/api/v1/status/tsdb`, `/tsdb/blocks` and `/walreplay`.

use axum::extract::State;
use engine_storage::segment::{Level, Segment};
use engine_storage::{Cardinality, CardinalityEntry, RetentionPolicy, Store, StoreStats};
use serde::Serialize;

use super::StatusState;
use crate::envelope::{Answer, ApiError, Success};
use crate::gate::StoreGate;
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

/// There are no chunks to be counted; samples and bytes are told instead.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HeadStats {
    num_series: u64,
    num_label_pairs: u64,
    num_samples: usize,
    memory_in_bytes: usize,
    min_time: i64,
    max_time: i64,
}

#[derive(Serialize)]
struct Entry {
    name: String,
    value: u64,
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
    // Costs a pass over the head's index: not on the threads that serve the network.
    let (stats, cardinality) =
        tokio::task::spawn_blocking(move || (store.stats(), store.cardinality(entries_max))).await?;
    Ok(Success::of(&answer(&stats, cardinality)))
}

fn answer(stats: &StoreStats, cardinality: Cardinality) -> HeadAnswer {
    HeadAnswer {
        head_stats: HeadStats {
            num_series: cardinality.series,
            num_label_pairs: cardinality.label_pairs,
            num_samples: stats.head_samples,
            memory_in_bytes: stats.head_bytes,
            // What Prometheus answers for an empty head.
            min_time: stats.head_min_ms.unwrap_or(i64::MAX),
            max_time: stats.head_max_ms.unwrap_or(i64::MIN),
        },
        series_count_by_metric_name: entries(cardinality.series_by_metric),
        label_value_count_by_label_name: entries(cardinality.values_by_label),
        memory_in_bytes_by_label_name: entries(cardinality.bytes_by_label),
        series_count_by_label_value_pair: entries(cardinality.series_by_pair),
    }
}

fn entries(counted: Vec<CardinalityEntry>) -> Vec<Entry> {
    counted
        .into_iter()
        .map(|entry| Entry {
            name: entry.name,
            value: entry.count,
        })
        .collect()
}

#[derive(Serialize)]
struct Segments {
    blocks: Vec<SegmentAnswer>,
}

/// A segment in the shape of a block's `meta.json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SegmentAnswer {
    ulid: String,
    min_time: i64,
    max_time: i64,
    stats: SegmentStats,
    compaction: Compaction,
    version: u8,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SegmentStats {
    num_samples: u64,
    num_histogram_samples: u64,
    num_series: u32,
    num_bytes: u64,
}

#[derive(Serialize)]
struct Compaction {
    level: u8,
    sources: Vec<String>,
}

/// Answers `/api/v1/status/tsdb/blocks`: segments are what comes nearest to blocks.
pub(super) async fn segments(State(state): State<StatusState>) -> Answer {
    let version = state.inner.gate.store()?.pin();
    let blocks = version.segments().iter().map(segment).collect();
    Ok(Success::of(&Segments { blocks }))
}

fn segment(segment: &Segment) -> SegmentAnswer {
    SegmentAnswer {
        ulid: segment.id().to_string(),
        min_time: segment.min_time(),
        // As in a block, the end does not belong to the range.
        max_time: segment.max_time().saturating_add(1),
        stats: SegmentStats {
            num_samples: segment.sample_count(),
            num_histogram_samples: segment.histogram_count(),
            num_series: segment.series_count(),
            num_bytes: segment.bytes(),
        },
        compaction: Compaction {
            level: match segment.level() {
                Level::Cut => 1,
                Level::TwoHours => 2,
                Level::Day => 3,
            },
            sources: segment.sources().map(|id| id.to_string()).collect(),
        },
        version: 1,
    }
}

/// Bytes of the log: where it begins, where it ends, and how far the replay is.
#[derive(Serialize)]
struct Replay {
    min: u64,
    max: u64,
    current: u64,
}

/// Answers `/api/v1/status/walreplay`, before the store is open too.
pub(super) async fn replay(State(gate): State<StoreGate>) -> Answer {
    let progress = gate.store().map(Store::replay_progress).unwrap_or_default();
    Ok(Success::of(&Replay {
        min: 0,
        max: progress.total_bytes,
        current: progress.done_bytes,
    }))
}

/// A policy as Prometheus shows it, such as `15d or 10GiB`.
pub(super) fn retention_text(policy: &RetentionPolicy) -> String {
    let mut parts = Vec::new();
    parts.extend(policy.time_ms.map(engine_model::duration::format_duration_ms));
    parts.extend(policy.bytes.map(bytes_text));
    parts.extend(policy.percentage.map(|share| format!("{share}% of the disk")));
    match parts.is_empty() {
        true => "unlimited".to_owned(),
        false => parts.join(" or "),
    }
}

/// Bytes in the largest unit that divides them.
fn bytes_text(bytes: u64) -> String {
    let units = [(50, "PiB"), (40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
    let unit = units
        .into_iter()
        .find(|(shift, _)| bytes > 0 && bytes.is_multiple_of(1 << shift));
    match unit {
        Some((shift, unit)) => format!("{}{unit}", bytes >> shift),
        None => format!("{bytes}B"),
    }
}
