//! A snapshot that is held in memory: what test scripts load, and results that are queried again.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use engine_model::matcher::all_match;
use engine_model::{Histogram, Labels, Matcher};
use engine_storage::{SeriesColumns, SeriesSamples};

use crate::snapshot::{NeighboursReader, SeriesSet, Snapshot, SnapshotError};

/// Series in memory, in Prometheus's order of labels. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct MemorySnapshot {
    series: Arc<BTreeMap<Labels, SeriesSamples>>,
}

impl MemorySnapshot {
    /// Adds samples; of equal timestamps the one that was added first stays.
    pub fn add(&mut self, labels: &Labels, samples: &[(i64, f64)]) {
        let series = Arc::make_mut(&mut self.series);
        let entry = series
            .entry(labels.clone())
            .or_insert_with(|| SeriesSamples::new(labels.clone()));
        let (timestamps, values): (Vec<i64>, Vec<f64>) = samples.iter().copied().unzip();
        entry.merge(&timestamps, &values);
    }

    /// Adds native histograms; a time that has a sample keeps it.
    pub fn add_histograms(&mut self, labels: &Labels, histograms: &[(i64, Arc<Histogram>)]) {
        let series = Arc::make_mut(&mut self.series);
        let entry = series
            .entry(labels.clone())
            .or_insert_with(|| SeriesSamples::new(labels.clone()));
        let mut later = SeriesSamples::new(labels.clone());
        later.histograms = histograms.to_vec();
        entry.absorb(later);
    }

    /// Says when what samples count began: pairs of sample time and start, in ms.
    pub fn add_starts(&mut self, labels: &Labels, starts: &[(i64, i64)]) {
        let series = Arc::make_mut(&mut self.series);
        let entry = series
            .entry(labels.clone())
            .or_insert_with(|| SeriesSamples::new(labels.clone()));
        entry.starts.extend_from_slice(starts);
        entry.starts.sort_unstable();
    }

    /// Number of series.
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Whether there is no series.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }
}

impl Snapshot for MemorySnapshot {
    fn select(
        &self,
        matchers: &[Matcher],
        min_ms: i64,
        max_ms: i64,
    ) -> Result<Arc<dyn SeriesSet>, SnapshotError> {
        let matching = self.series.values().filter(|s| all_match(matchers, &s.labels));
        let in_range = matching.filter_map(|series| {
            let from = series.timestamps.partition_point(|&t| t < min_ms);
            let until = series.timestamps.partition_point(|&t| t <= max_ms).max(from);
            let in_time = series
                .histograms
                .iter()
                .filter(|(t, _)| (min_ms..=max_ms).contains(t));
            let told = series
                .starts
                .iter()
                .filter(|(t, _)| (min_ms..=max_ms).contains(t));
            let selected = SeriesSamples {
                labels: series.labels.clone(),
                timestamps: series.timestamps[from..until].to_vec(),
                values: series.values[from..until].to_vec(),
                histograms: in_time.cloned().collect(),
                starts: told.copied().collect(),
            };
            (!selected.is_empty()).then_some(selected)
        });
        let series = in_range.collect();
        Ok(Arc::new(SelectedInMemory { series }))
    }

    fn tells_starts(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct SelectedInMemory {
    series: Vec<SeriesSamples>,
}

impl SeriesSet for SelectedInMemory {
    fn len(&self) -> usize {
        self.series.len()
    }

    fn labels(&self, position: usize) -> &Labels {
        &self.series[position].labels
    }

    fn reader(&self) -> Box<dyn NeighboursReader + '_> {
        Box::new(InMemoryReader(self))
    }

    fn is_at_hand(&self, most: u64) -> bool {
        let samples = self
            .series
            .iter()
            .map(|series| series.timestamps.len() + series.histograms.len());
        samples.sum::<usize>() as u64 <= most
    }
}

struct InMemoryReader<'a>(&'a SelectedInMemory);

impl NeighboursReader for InMemoryReader<'_> {
    fn read(&mut self, positions: Range<usize>) -> Result<SeriesColumns, SnapshotError> {
        Ok(SeriesColumns::from_series(self.0.series[positions].to_vec()))
    }
}
