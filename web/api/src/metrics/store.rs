//! The store's numbers as metrics.

use engine_storage::StoreStats;

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
    head(&stats, out);
    refused(&stats, out);
    log(&stats, out);
    segments(&stats, out);
}

fn head(stats: &StoreStats, out: &mut Exposition) {
    out.gauge(
        "prometheus_tsdb_head_series",
        "Total number of series in the head.",
        &[],
        stats.head_series as f64,
    );
    let samples = stats.head_samples as f64;
    out.gauge("weir_head_samples", "Samples in the head.", &[], samples);
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
    out.counter(
        "prometheus_tsdb_head_samples_appended_total",
        "Total number of appended samples.",
        FLOATS,
        stats.samples_appended as f64,
    );
    let cuts = stats.cuts as f64;
    out.counter(
        "weir_head_cuts_total",
        "Total number of cuts of the head.",
        &[],
        cuts,
    );
}

fn refused(stats: &StoreStats, out: &mut Exposition) {
    for (name, help, labels, count) in [
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
    ] {
        out.counter(name, help, labels, count as f64);
    }
}

fn log(stats: &StoreStats, out: &mut Exposition) {
    for (name, help, count) in [
        ("weir_commits_total", "Total number of commits.", stats.commit),
        (
            "weir_wal_fsyncs_total",
            "Total number of times that the log was synced.",
            stats.fsyncs,
        ),
        (
            "weir_wal_failures_total",
            "Total number of batches that the log could not take.",
            stats.log_failures,
        ),
    ] {
        out.counter(name, help, &[], count as f64);
    }
    out.gauge(
        "weir_wal_torn_bytes",
        "Bytes of a torn tail that the last replay of the log cut off.",
        &[],
        stats.torn_bytes as f64,
    );
}

/// Segments are what comes nearest to Prometheus's blocks.
fn segments(stats: &StoreStats, out: &mut Exposition) {
    for (name, help, value) in [
        (
            "weir_segment_samples",
            "Samples in the segments.",
            stats.segment_samples as f64,
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
    out.counter(
        "prometheus_tsdb_compactions_total",
        "Total number of compactions that were executed.",
        &[],
        stats.compactions as f64,
    );
}
