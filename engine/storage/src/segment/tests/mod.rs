//! Segments written and read back.

mod damage;
pub(crate) mod histograms;
mod labels;
mod round_trip;
mod starts;
mod versions;

use std::path::Path;

use engine_model::Labels;

use super::manifest::seal;
use super::{Level, Segment, SegmentHeader, SegmentId, SegmentWriter};
use crate::series_samples::SeriesSamples;

/// A header for a segment of `level`.
pub(crate) fn header(level: Level, sequence: u64) -> SegmentHeader {
    let sources = vec![SegmentId::new("l0-1-2-source")];
    SegmentHeader {
        level,
        sequence,
        created_ms: 1_700_000_000_000,
        sources,
    }
}

/// Writes `series`, sorting them first.
pub(crate) fn write(dir: &Path, header: SegmentHeader, series: &[SeriesSamples]) -> Segment {
    let mut sorted: Vec<&SeriesSamples> = series.iter().collect();
    sorted.sort_by(|a, b| a.labels.storage_cmp(&b.labels));
    let with_starts = series.iter().any(|series| !series.starts.is_empty());
    let writer = SegmentWriter::create(crate::disk::real(), dir, header).unwrap();
    let mut writer = writer.with_histogram_starts(with_starts);
    for series in sorted {
        writer.push_series_samples(series).unwrap();
    }
    writer.finish().unwrap()
}

/// A series with samples `(time, value)`.
pub(crate) fn series(labels: &[(&str, &str)], samples: &[(i64, f64)]) -> SeriesSamples {
    SeriesSamples {
        labels: Labels::from_pairs(labels.iter().copied()),
        timestamps: samples.iter().map(|(t, _)| *t).collect(),
        values: samples.iter().map(|(_, v)| *v).collect(),
        histograms: Vec::new(),
        starts: Vec::new(),
    }
}

/// Labels, times and the bits of values: what must be identical.
pub(crate) fn bits(series: &[SeriesSamples]) -> Vec<(String, Vec<(i64, u64)>)> {
    let samples = |s: &SeriesSamples| {
        s.timestamps
            .iter()
            .copied()
            .zip(s.values.iter().map(|v| v.to_bits()))
            .collect()
    };
    series
        .iter()
        .map(|s| (s.labels.to_string(), samples(s)))
        .collect()
}

/// A manifest that was changed, with its checksum made right again.
pub(crate) fn resealed(text: &str) -> String {
    let manifest: serde_json::Value = serde_json::from_str(text).unwrap();
    seal(text, manifest["checksum"].as_str().unwrap()).unwrap()
}

/// Everything in a segment.
pub(crate) fn read_all(segment: &Segment) -> Vec<SeriesSamples> {
    segment
        .read(&segment.all_rows().collect::<Vec<_>>(), i64::MIN, i64::MAX)
        .unwrap()
}
