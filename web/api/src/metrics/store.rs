//! The store's numbers as metrics.

use super::exposition::Exposition;
use crate::gate::StoreGate;

/// Samples that are floats: the only kind yet.
const FLOATS: &[(&str, &str)] = &[("type", "float")];

/// Appends the numbers of the store behind `gate`; nothing before it is open.
pub fn store_metrics(gate: &StoreGate, out: &mut Exposition) {
    let Ok(store) = gate.store() else {
        return;
    };
    let stats = store.stats();
    for (name, help, value) in [
        (
            "prometheus_tsdb_head_series",
            "Total number of series in the head.",
            stats.head_series as f64,
        ),
        (
            "weir_head_samples",
            "Samples in the head.",
            stats.head_samples as f64,
        ),
        ("weir_segments", "Segments that are read.", stats.segments as f64),
        (
            "weir_segment_bytes",
            "Bytes of the segments' files.",
            stats.segment_bytes as f64,
        ),
        (
            "weir_segment_samples",
            "Samples in the segments.",
            stats.segment_samples as f64,
        ),
        (
            "weir_wal_torn_bytes",
            "Bytes of a torn tail that the last replay of the log cut off.",
            stats.torn_bytes as f64,
        ),
        (
            "prometheus_tsdb_blocks_loaded",
            "Number of currently loaded segments.",
            stats.segments as f64,
        ),
        (
            "prometheus_tsdb_storage_blocks_bytes",
            "The number of bytes that are currently used by all segments.",
            stats.segment_bytes as f64,
        ),
    ] {
        out.gauge(name, help, &[], value);
    }
    for (name, help, ms) in [
        (
            "prometheus_tsdb_head_min_time_seconds",
            "Minimum time bound of the head.",
            stats.head_min_ms,
        ),
        (
            "prometheus_tsdb_head_max_time_seconds",
            "Maximum timestamp of the head.",
            stats.head_max_ms,
        ),
    ] {
        if let Some(ms) = ms {
            out.gauge(name, help, &[], ms as f64 / 1000.0);
        }
    }
    for (name, help, labels, value) in [
        (
            "prometheus_tsdb_head_samples_appended_total",
            "Total number of appended samples.",
            FLOATS,
            stats.samples_appended,
        ),
        (
            "prometheus_tsdb_out_of_order_samples_total",
            "Total number of samples refused for being older than the newest of their series.",
            FLOATS,
            stats.out_of_order,
        ),
        (
            "prometheus_tsdb_out_of_bound_samples_total",
            "Total number of samples refused for being too old for the store.",
            FLOATS,
            stats.out_of_bounds,
        ),
        (
            "weir_duplicate_timestamp_samples_total",
            "Total number of samples refused for having the timestamp of another value.",
            &[],
            stats.duplicate_timestamp,
        ),
        (
            "prometheus_tsdb_compactions_total",
            "Total number of compactions that were executed.",
            &[],
            stats.compactions,
        ),
        (
            "weir_head_cuts_total",
            "Total number of cuts of the head.",
            &[],
            stats.cuts,
        ),
        (
            "weir_commits_total",
            "Total number of commits.",
            &[],
            stats.commit,
        ),
        (
            "weir_wal_fsyncs_total",
            "Total number of times that the log was synced.",
            &[],
            stats.fsyncs,
        ),
        (
            "weir_wal_failures_total",
            "Total number of batches that the log could not take.",
            &[],
            stats.log_failures,
        ),
    ] {
        out.counter(name, help, labels, value as f64);
    }
}
