//! What a scan of stored rows reads: series by matchers within bounds of time, some at a time, in their order.

use std::sync::Arc;

use datafusion::error::Result;
use engine_model::Matcher;
use engine_storage::SeriesSamples;

use super::time_condition::TimeBounds;
use crate::snapshot::{SeriesSet, Snapshot};

/// The series that satisfy `matchers`, within `bounds`.
#[derive(Debug)]
pub(super) struct Selection {
    pub(super) snapshot: Arc<dyn Snapshot>,
    pub(super) matchers: Vec<Matcher>,
    pub(super) bounds: TimeBounds,
}

impl Selection {
    /// As EXPLAIN shows it.
    pub(super) fn describe(&self) -> String {
        let matchers: Vec<String> = self.matchers.iter().map(ToString::to_string).collect();
        format!("matchers={{{}}} {}", matchers.join(","), self.bounds.describe())
    }
}

/// How far a selection has been read. Nothing is selected before the first read.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    set: Option<Arc<dyn SeriesSet>>,
    next: usize,
}

impl Cursor {
    /// The samples of the next `count` series at most; none when there are no more.
    pub(super) fn read(&mut self, selection: &Selection, count: usize) -> Result<Option<Vec<SeriesSamples>>> {
        let TimeBounds { min_ms, max_ms } = selection.bounds;
        if min_ms > max_ms {
            return Ok(None);
        }
        let set = match &self.set {
            Some(set) => set,
            None => {
                let selected = selection.snapshot.select(&selection.matchers, min_ms, max_ms)?;
                self.set.insert(selected)
            }
        };
        let end = set.len().min(self.next + count);
        if self.next == end {
            return Ok(None);
        }
        let read = set.read(self.next..end)?;
        self.next = end;
        Ok(Some(read))
    }
}
