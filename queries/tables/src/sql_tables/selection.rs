//! What a scan of stored rows reads: series by matchers within bounds of time, some at a time.

use std::ops::Range;
use std::sync::Arc;

use datafusion::error::Result;
use engine_model::Matcher;

use super::time_condition::TimeBounds;
use crate::snapshot::{SeriesSet, Snapshot};

/// The series that satisfy `matchers`, within `bounds`.
#[derive(Debug, Clone)]
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

    /// What it looks at, as EXPLAIN ANALYZE shows it.
    pub(super) fn coverage(&self) -> Vec<(&'static str, u64)> {
        let TimeBounds { min_ms, max_ms } = self.bounds;
        self.snapshot.coverage(&self.matchers, min_ms, max_ms)
    }
}

/// Some series of a set.
pub(super) type Claimed = (Arc<dyn SeriesSet>, Range<usize>);

/// How far a selection has been read. Nothing is selected before the first read.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    set: Option<Arc<dyn SeriesSet>>,
    next: usize,
}

impl Cursor {
    /// Where the next `count` series at most are; they count as read.
    pub(super) fn claim(&mut self, selection: &Selection, count: usize) -> Result<Option<Claimed>> {
        let TimeBounds { min_ms, max_ms } = selection.bounds;
        if min_ms > max_ms {
            return Ok(None);
        }
        let set = match &self.set {
            Some(set) => set,
            None => {
                let matchers = &selection.matchers;
                let selected = selection.snapshot.select_unordered(matchers, min_ms, max_ms)?;
                self.set.insert(selected)
            }
        };
        let end = set.len().min(self.next + count);
        if self.next == end {
            return Ok(None);
        }
        let positions = self.next..end;
        self.next = end;
        Ok(Some((Arc::clone(set), positions)))
    }
}
