//! What a query reads: one moment of some store, in two steps. First the series that match, with
//! their labels; then their samples, a few series at a time.

use std::collections::HashSet;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use datafusion::error::DataFusionError;
use engine_model::{Labels, Matcher};
use engine_storage::{ColumnsReader, PinnedVersion, SelectedSeries, SeriesColumns, Store, StoreError};

/// Reading stored series failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot read stored series")]
pub struct SnapshotError(#[from] StoreError);

impl From<SnapshotError> for DataFusionError {
    fn from(error: SnapshotError) -> Self {
        Self::External(Box::new(error))
    }
}

/// One moment of a store.
pub trait Snapshot: Debug + Send + Sync {
    /// Series that satisfy all `matchers` and may have a sample in `[min_ms, max_ms]`, in Prometheus's
    /// order of labels.
    fn select(
        &self,
        matchers: &[Matcher],
        min_ms: i64,
        max_ms: i64,
    ) -> Result<Arc<dyn SeriesSet>, SnapshotError>;

    /// What a select of `matchers` in `[min_ms, max_ms]` looks at: names and numbers, such as `segments_touched`.
    fn coverage(&self, _matchers: &[Matcher], _min_ms: i64, _max_ms: i64) -> Vec<(&'static str, u64)> {
        Vec::new()
    }

    /// As [`select`](Self::select), in any order that is the same for each call.
    fn select_unordered(
        &self,
        matchers: &[Matcher],
        min_ms: i64,
        max_ms: i64,
    ) -> Result<Arc<dyn SeriesSet>, SnapshotError> {
        self.select(matchers, min_ms, max_ms)
    }

    /// Whether reads bring the start timestamps of samples that have one; a sample without one then says so.
    fn tells_starts(&self) -> bool;

    /// Names of the labels that the series which satisfy all `matchers` have, ascending.
    fn label_names(&self, matchers: &[Matcher]) -> Result<Vec<String>, SnapshotError> {
        let set = self.select_unordered(matchers, i64::MIN, i64::MAX)?;
        let names = (0..set.len()).flat_map(|position| set.labels(position).iter().map(|(name, _)| name));
        Ok(ascending(names))
    }

    /// Values of the label `name` on the series which satisfy all `matchers`, ascending; not the empty
    /// one, which an absent label has.
    fn label_values(&self, name: &str, matchers: &[Matcher]) -> Result<Vec<String>, SnapshotError> {
        let set = self.select_unordered(matchers, i64::MIN, i64::MAX)?;
        Ok(ascending(
            (0..set.len()).filter_map(|position| set.labels(position).get(name)),
        ))
    }
}

fn ascending<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let distinct: HashSet<&str> = texts.collect();
    let mut ascending: Vec<String> = distinct.into_iter().map(str::to_owned).collect();
    ascending.sort_unstable();
    ascending
}

/// Series that a select found.
pub trait SeriesSet: Debug + Send + Sync {
    /// Number of series.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Labels of the series at `position`.
    fn labels(&self, position: usize) -> &Labels;

    /// A reader of neighbours one after the other, which may keep what the next ones need too.
    fn reader(&self) -> Box<dyn NeighboursReader + '_>;

    /// Whether all samples are in memory, so that reading them takes no longer than computing with them, and no more
    /// than about `most`.
    fn is_at_hand(&self, most: u64) -> bool;
}

/// Reads series of a set, best in ascending order.
pub trait NeighboursReader: Send {
    /// Samples of the series at `positions` in the select's time range, staleness markers included.
    /// Series without a sample in the range come back empty.
    fn read(&mut self, positions: Range<usize>) -> Result<SeriesColumns, SnapshotError>;
}

/// A pinned version of the store.
#[derive(Debug, Clone)]
pub struct StoreSnapshot {
    version: Arc<PinnedVersion>,
}

impl StoreSnapshot {
    /// Pins what is committed now.
    pub fn pin(store: &Store) -> Self {
        Self {
            version: Arc::new(store.pin()),
        }
    }

    fn set(&self, selected: Vec<SelectedSeries>, min_ms: i64, max_ms: i64) -> Arc<dyn SeriesSet> {
        Arc::new(StoredSeries {
            version: Arc::clone(&self.version),
            selected,
            min_ms,
            max_ms,
        })
    }

    /// The pinned version.
    pub fn version(&self) -> &PinnedVersion {
        &self.version
    }
}

impl Snapshot for StoreSnapshot {
    fn select(
        &self,
        matchers: &[Matcher],
        min_ms: i64,
        max_ms: i64,
    ) -> Result<Arc<dyn SeriesSet>, SnapshotError> {
        let selected = self.version.select(matchers, min_ms, max_ms)?;
        Ok(self.set(selected, min_ms, max_ms))
    }

    fn select_unordered(
        &self,
        matchers: &[Matcher],
        min_ms: i64,
        max_ms: i64,
    ) -> Result<Arc<dyn SeriesSet>, SnapshotError> {
        let selected = self.version.select_unordered(matchers, min_ms, max_ms)?;
        Ok(self.set(selected, min_ms, max_ms))
    }

    fn label_names(&self, matchers: &[Matcher]) -> Result<Vec<String>, SnapshotError> {
        Ok(self.version.label_names(matchers)?)
    }

    fn label_values(&self, name: &str, matchers: &[Matcher]) -> Result<Vec<String>, SnapshotError> {
        Ok(self.version.label_values(name, matchers)?)
    }

    fn tells_starts(&self) -> bool {
        self.version.tells_starts()
    }

    /// Segments outside the time range, or without a series that matches, are not read.
    fn coverage(&self, matchers: &[Matcher], min_ms: i64, max_ms: i64) -> Vec<(&'static str, u64)> {
        let (mut touched, mut out_of_time, mut without_series) = (0, 0, 0);
        for segment in self.version.segments() {
            if segment.max_time() < min_ms || segment.min_time() > max_ms {
                out_of_time += 1;
            } else if segment.matching(matchers).is_empty() {
                without_series += 1;
            } else {
                touched += 1;
            }
        }
        vec![
            ("segments_touched", touched),
            ("segments_pruned_by_time", out_of_time),
            ("segments_pruned_by_labels", without_series),
        ]
    }
}

#[derive(Debug)]
struct StoredSeries {
    version: Arc<PinnedVersion>,
    selected: Vec<SelectedSeries>,
    min_ms: i64,
    max_ms: i64,
}

impl SeriesSet for StoredSeries {
    fn len(&self) -> usize {
        self.selected.len()
    }

    fn labels(&self, position: usize) -> &Labels {
        self.selected[position].labels()
    }

    fn is_at_hand(&self, most: u64) -> bool {
        let mut columns = self.version.columns(self.min_ms, self.max_ms);
        columns.is_at_hand(&self.selected, most)
    }

    fn reader(&self) -> Box<dyn NeighboursReader + '_> {
        Box::new(StoredReader {
            selected: &self.selected,
            columns: self.version.columns(self.min_ms, self.max_ms),
        })
    }
}

struct StoredReader<'a> {
    selected: &'a [SelectedSeries],
    columns: ColumnsReader<'a>,
}

impl NeighboursReader for StoredReader<'_> {
    fn read(&mut self, positions: Range<usize>) -> Result<SeriesColumns, SnapshotError> {
        Ok(self.columns.read(&self.selected[positions])?)
    }
}
