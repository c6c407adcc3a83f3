//! Cutting a series at a time.

use crate::series_samples::SeriesSamples;

/// Takes the samples before `end_ms` out of `series`.
pub(super) fn take_before(series: &mut SeriesSamples, end_ms: i64) -> SeriesSamples {
    let floats = series.timestamps.partition_point(|&t| t < end_ms);
    let histograms = series.histograms.partition_point(|(t, _)| *t < end_ms);
    let mut taken = SeriesSamples::new(series.labels.clone());
    let starts = series.starts.partition_point(|(t, _)| *t < end_ms);
    if starts > 0 {
        let rest = series.starts.split_off(starts);
        taken.starts = std::mem::replace(&mut series.starts, rest);
    }
    if floats == series.timestamps.len() && histograms == series.histograms.len() {
        taken.timestamps = std::mem::take(&mut series.timestamps);
        taken.values = std::mem::take(&mut series.values);
        taken.histograms = std::mem::take(&mut series.histograms);
    } else if floats + histograms > 0 {
        let rest = series.timestamps.split_off(floats);
        taken.timestamps = std::mem::replace(&mut series.timestamps, rest);
        let rest = series.values.split_off(floats);
        taken.values = std::mem::replace(&mut series.values, rest);
        let rest = series.histograms.split_off(histograms);
        taken.histograms = std::mem::replace(&mut series.histograms, rest);
    }
    taken
}
