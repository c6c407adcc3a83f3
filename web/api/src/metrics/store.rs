//! The store's numbers as metrics.

use engine_storage::{RetentionPolicy, StoreStats};

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
    pages(&stats, out);
    head(&stats, out);
    refused(&stats, out);
    late_and_exemplars(&stats, out);
    log(&stats, out);
    segments(&stats, out);
    upkeep(&stats, out);
    retention(&store.retention(), out);
}

fn late_and_exemplars(stats: &StoreStats, out: &mut Exposition) {
    out.counter(
        "prometheus_tsdb_head_out_of_order_samples_appended_total",
        "Total number of appended samples that were older than the newest of their series.",
        FLOATS,
        stats.late_accepted as f64,
    );
    out.gauge(
        "prometheus_tsdb_exemplar_exemplars_in_storage",
        "Number of exemplars currently in storage.",
        &[],
        stats.exemplars as f64,
    );
    out.counter(
        "prometheus_tsdb_exemplar_exemplars_appended_total",
        "Total number of appended exemplars.",
        &[],
        stats.exemplars_appended as f64,
    );
    out.counter(
        "weir_series_limit_hits_total",
        "Total number of batches refused because of the limit of series.",
        &[],
        stats.series_limit_hits as f64,
    );
}

fn upkeep(stats: &StoreStats, out: &mut Exposition) {
    let upkeep = &stats.upkeep;
    for (name, help, count) in [
        (
            "prometheus_tsdb_compactions_failed_total",
            "Total number of compactions that failed.",
            upkeep.failed,
        ),
        (
            "prometheus_tsdb_time_retentions_total",
            "The number of segments that were deleted because the maximum time limit was exceeded.",
            upkeep.dropped_by_time,
        ),
        (
            "prometheus_tsdb_size_retentions_total",
            "The number of segments that were deleted because the maximum number of bytes was exceeded.",
            upkeep.dropped_by_size,
        ),
        (
            "weir_segments_quarantined_total",
            "Total number of segments that were moved to quarantine because they are damaged.",
            upkeep.quarantined,
        ),
        (
            "weir_segments_rewritten_total",
            "Total number of segments that were written again without what was deleted or past.",
            upkeep.rewritten,
        ),
        ("weir_deletes_total", "Total number of deletes.", upkeep.deletes),
        (
            "weir_compaction_written_bytes_total",
            "Total number of bytes that compactions and rewrites wrote.",
            upkeep.written_bytes,
        ),
    ] {
        out.counter(name, help, &[], count as f64);
    }
    out.counter(
        "weir_compaction_seconds_total",
        "Total time that compactions and rewrites took, rests included.",
        &[],
        upkeep.busy_ms as f64 / 1000.0,
    );
    out.gauge(
        "weir_tombstones",
        "Deletes that still hide samples in some segment.",
        &[],
        upkeep.tombstones as f64,
    );
}

fn retention(policy: &RetentionPolicy, out: &mut Exposition) {
    for (name, help, limit) in [
        (
            "prometheus_tsdb_retention_limit_seconds",
            "How long samples are kept; 0 when they are kept at any age.",
            policy.time_ms.map_or(0.0, |ms| ms as f64 / 1000.0),
        ),
        (
            "prometheus_tsdb_retention_limit_bytes",
            "Max number of bytes to be retained; 0 when there is no limit.",
            policy.bytes.map_or(0.0, |bytes| bytes as f64),
        ),
    ] {
        out.gauge(name, help, &[], limit);
    }
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
    for (name, help, bytes) in [
        (
            "weir_head_bytes",
            "Bytes of memory of the head's states, index and samples.",
            stats.head_bytes,
        ),
        (
            "weir_head_sample_bytes",
            "Bytes of memory of the head's samples.",
            stats.head_sample_bytes,
        ),
    ] {
        out.gauge(name, help, &[], bytes as f64);
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

fn pages(stats: &StoreStats, out: &mut Exposition) {
    out.gauge(
        "weir_page_cache_bytes",
        "Bytes of decompressed pages of segments that are kept for queries.",
        &[],
        stats.page_cache_bytes as f64,
    );
    for (result, pages) in [("hit", stats.page_cache_hits), ("miss", stats.page_cache_misses)] {
        out.counter(
            "weir_page_cache_requests_total",
            "Total number of pages that queries looked for in the cache, by result.",
            &[("result", result)],
            pages as f64,
        );
    }
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
            "prometheus_tsdb_too_old_samples_total",
            "Total number of samples refused for being older than the window for late ones.",
            FLOATS,
            stats.too_old,
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
    for (name, help, value) in [
        (
            "prometheus_tsdb_wal_storage_size_bytes",
            "Size of the write-ahead log's current file.",
            stats.log_file_bytes as f64,
        ),
        (
            "prometheus_tsdb_data_replay_duration_seconds",
            "Time taken to replay the data on disk.",
            stats.replay_seconds,
        ),
    ] {
        out.gauge(name, help, &[], value);
    }
    out.summary(
        "prometheus_tsdb_wal_fsync_duration_seconds",
        "Duration of write log fsync.",
        &[],
        &[],
        stats.fsync_seconds,
        stats.fsyncs,
    );
    out.counter(
        "weir_wal_fsync_batches_total",
        "Total number of batches that waited for an fsync; with the count of fsyncs, the size of a group.",
        &[],
        stats.fsync_batches as f64,
    );
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
