//! What is hidden in one segment: rows of its table of series, each with spans of time.

use super::Tombstone;
use crate::segment::{RowRange, Segment};
use crate::series_samples::SeriesSamples;

/// Hidden spans of one segment, one entry a tombstone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marks(Vec<Mark>);

#[derive(Debug, Clone)]
struct Mark {
    /// Ascending.
    rows: Vec<u32>,
    start_ms: i64,
    end_ms: i64,
}

impl Marks {
    /// Adds what `tombstone` hides in `segment`.
    pub(super) fn add(&mut self, tombstone: &Tombstone, segment: &Segment) {
        let (start_ms, end_ms) = (tombstone.start_ms, tombstone.end_ms);
        let rows = matching_rows(segment, tombstone);
        if !rows.is_empty() {
            self.0.push(Mark {
                rows,
                start_ms,
                end_ms,
            });
        }
    }

    /// Whether nothing is hidden.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all that series `row` has between the two times is hidden.
    pub(crate) fn hide_all(&self, row: u32, range: RowRange, min_ms: i64, max_ms: i64) -> bool {
        let (mut from, until) = (range.min_time_ms.max(min_ms), range.max_time_ms.min(max_ms));
        let mut spans: Vec<(i64, i64)> = self.spans(row).collect();
        spans.sort_unstable();
        for (start, end) in spans {
            if start > from {
                return false;
            }
            if end >= until {
                return true;
            }
            from = from.max(end.saturating_add(1));
        }
        false
    }

    /// Removes from `series`, which is row `row`, what is hidden.
    pub(crate) fn apply(&self, row: u32, series: &mut SeriesSamples) {
        for (start, end) in self.spans(row) {
            let from = series.timestamps.partition_point(|&t| t < start);
            let until = series.timestamps.partition_point(|&t| t <= end).max(from);
            series.timestamps.drain(from..until);
            series.values.drain(from..until);
            let from = series.histograms.partition_point(|(t, _)| *t < start);
            let until = series.histograms.partition_point(|(t, _)| *t <= end).max(from);
            series.histograms.drain(from..until);
            series.starts.retain(|(t, _)| !(start..=end).contains(t));
        }
    }

    fn spans(&self, row: u32) -> impl Iterator<Item = (i64, i64)> {
        self.0
            .iter()
            .filter(move |mark| mark.rows.binary_search(&row).is_ok())
            .map(|mark| (mark.start_ms, mark.end_ms))
    }
}

/// Rows of `segment` in which `tombstone` may hide a sample, ascending.
pub(crate) fn matching_rows(segment: &Segment, tombstone: &Tombstone) -> Vec<u32> {
    let mut rows: Vec<u32> = tombstone
        .matcher_sets
        .iter()
        .flat_map(|matchers| segment.matching(matchers))
        .filter(|&row| {
            let range = segment.row_range(row);
            range.min_time_ms <= tombstone.end_ms && range.max_time_ms >= tombstone.start_ms
        })
        .collect();
    rows.sort_unstable();
    rows.dedup();
    rows.shrink_to_fit();
    rows
}
