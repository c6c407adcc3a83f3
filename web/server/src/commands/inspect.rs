//! `weir inspect`: what is in a storage folder, and what it costs.

use std::fmt::Write;
use std::process::ExitCode;

use engine_model::time::format_rfc3339_ms;
use engine_storage::inspect::{Inspection, SegmentInspection, inspect};

use super::print;
use crate::cli::{InspectOptions, InspectPart};

/// Prints the parts that were asked for.
pub fn run(options: &InspectOptions) -> anyhow::Result<ExitCode> {
    let inspection = inspect(&options.folder)?;
    print(&text(&inspection, options.part, options.labels)?)?;
    Ok(ExitCode::SUCCESS)
}

fn text(inspection: &Inspection, part: InspectPart, labels_max: usize) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    let shows = |wanted: InspectPart| part == InspectPart::All || part == wanted;
    if shows(InspectPart::Segments) {
        segments(&mut out, inspection)?;
    }
    let log = &inspection.log;
    if shows(InspectPart::Wal) {
        let bytes: u64 = log.files.iter().map(|file| file.bytes).sum();
        writeln!(
            out,
            "log: {} files, {bytes} bytes, {} records, {} torn bytes",
            log.files.len(),
            log.records,
            log.torn_bytes
        )?;
        for file in &log.files {
            writeln!(out, "  {} {} bytes", file.name, file.bytes)?;
        }
    }
    if shows(InspectPart::Head) {
        let (series, samples) = (log.head_series, log.head_samples);
        writeln!(out, "head after a replay: {series} series, {samples} samples")?;
    }
    if shows(InspectPart::Cardinality) {
        writeln!(
            out,
            "cardinality: {} series, {} label names",
            inspection.series,
            inspection.labels.len()
        )?;
        for label in inspection.labels.iter().take(labels_max) {
            writeln!(
                out,
                "  {} {} values in {} series",
                label.name, label.values, label.series
            )?;
        }
    }
    Ok(out)
}

fn segments(out: &mut String, inspection: &Inspection) -> std::fmt::Result {
    let all = &inspection.segments;
    let bytes: u64 = all.iter().map(|segment| segment.bytes).sum();
    let samples: u64 = all.iter().map(|segment| segment.samples).sum();
    writeln!(
        out,
        "segments: {}, {bytes} bytes, {samples} samples, {:.3} bytes a sample, {} quarantined, {} deletes",
        all.len(),
        bytes as f64 / samples.max(1) as f64,
        inspection.quarantined.len(),
        inspection.tombstones
    )?;
    for segment in all {
        one_segment(out, segment)?;
    }
    for (path, reason) in &inspection.unreadable {
        writeln!(out, "  {} cannot be read: {reason}", path.display())?;
    }
    Ok(())
}

fn one_segment(out: &mut String, segment: &SegmentInspection) -> std::fmt::Result {
    writeln!(
        out,
        "  {} level {:?}, {} to {}: {} series, {} samples ({} histograms), {} bytes, {:.3} a sample",
        segment.id,
        segment.level,
        format_rfc3339_ms(segment.min_time_ms),
        format_rfc3339_ms(segment.max_time_ms),
        segment.series,
        segment.samples,
        segment.histograms,
        segment.bytes,
        segment.bytes_per_sample()
    )?;
    for file in &segment.files {
        let per_sample = file.bytes as f64 / segment.samples.max(1) as f64;
        writeln!(
            out,
            "    {} {} bytes, {per_sample:.3} a sample",
            file.name, file.bytes
        )?;
        for column in &file.columns {
            writeln!(out, "      {} {} bytes", column.column, column.bytes)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use engine_model::{Labels, SampleBatchBuilder};
    use engine_storage::{AppendOptions, Store, StoreConfig};

    use super::*;

    #[tokio::test]
    async fn shows_all_parts_of_a_store() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(StoreConfig::new(folder.path())).expect("opens");
        for at in [1_000_000_000_000, 1_000_000_001_000] {
            let table = store.series_table();
            let mut builder = SampleBatchBuilder::default();
            let labels = Labels::from_pairs([("__name__", "up"), ("job", "a")]);
            builder.push(table.intern(&labels), at, 1.0);
            let batch = builder.finish(table);
            store
                .append(batch, AppendOptions::default())
                .await
                .expect("appended");
            store.flush().await.expect("flushed");
        }
        store.close().await.expect("closed");
        drop(store);
        let inspection = inspect(folder.path()).expect("readable");
        let all = text(&inspection, InspectPart::All, 1).expect("text");
        for expected in [
            "segments: 2,",
            "samples.parquet",
            "log: ",
            "head after a replay:",
            "cardinality: 1 series, 2 label names",
        ] {
            assert!(all.contains(expected), "{expected} in {all}");
        }
        let head = text(&inspection, InspectPart::Head, 1).expect("text");
        assert_eq!(head.lines().count(), 1, "{head}");
    }
}
