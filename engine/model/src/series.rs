//! The series table: label sets interned once, named afterwards by a dense reference.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use parking_lot::RwLock;

use crate::labels::Labels;

/// Names a series inside one process. Dense, starts at 0, never given to another series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesRef(pub u64);

impl SeriesRef {
    /// Position in tables that are indexed by reference.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Interns label sets. Shared by everything that names series by reference; identity is decided by
/// the whole label set, never by a hash alone.
#[derive(Debug, Default)]
pub struct SeriesTable {
    inner: RwLock<Inner>,
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct Inner {
    by_labels: HashTable<SeriesRef>,
    /// Indexed by reference; `None` once a series was forgotten.
    labels: Vec<Option<Labels>>,
}

impl SeriesTable {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// The reference of `labels`, made if it is not known yet.
    pub fn intern(&self, labels: &Labels) -> SeriesRef {
        if let Some(found) = self.get(labels) {
            return found;
        }
        let hash = self.hasher.hash_one(labels.encoded());
        let mut inner = self.inner.write();
        if let Some(found) = inner.find(hash, labels) {
            return found;
        }
        let series = SeriesRef(inner.labels.len() as u64);
        inner.labels.push(Some(labels.clone()));
        self.insert(&mut inner, hash, series);
        series
    }

    /// The reference of `labels` if it is known.
    pub fn get(&self, labels: &Labels) -> Option<SeriesRef> {
        let hash = self.hasher.hash_one(labels.encoded());
        self.inner.read().find(hash, labels)
    }

    /// The labels of a series, or `None` when it was forgotten or never existed.
    pub fn labels(&self, series: SeriesRef) -> Option<Labels> {
        self.inner.read().labels.get(series.index()).cloned().flatten()
    }

    /// Puts back a series under the reference that it had before, as a replay does.
    /// Returns false when the reference or the labels already belong to another series.
    pub fn restore(&self, series: SeriesRef, labels: &Labels) -> bool {
        let hash = self.hasher.hash_one(labels.encoded());
        let mut inner = self.inner.write();
        if let Some(found) = inner.find(hash, labels) {
            return found == series;
        }
        if inner.labels.len() <= series.index() {
            inner.labels.resize(series.index() + 1, None);
        }
        if inner.labels[series.index()].is_some() {
            return false;
        }
        inner.labels[series.index()] = Some(labels.clone());
        self.insert(&mut inner, hash, series);
        true
    }

    /// Forgets series whose references nobody holds any more. The references stay unused.
    pub fn forget(&self, series: impl IntoIterator<Item = SeriesRef>) {
        let mut inner = self.inner.write();
        for series in series {
            let Some(labels) = inner.labels.get_mut(series.index()).and_then(Option::take) else {
                continue;
            };
            let hash = self.hasher.hash_one(labels.encoded());
            if let Ok(entry) = inner.by_labels.find_entry(hash, |&candidate| candidate == series) {
                entry.remove();
            }
        }
    }

    /// Number of series that are known now.
    pub fn len(&self) -> usize {
        self.inner.read().by_labels.len()
    }

    /// Whether no series is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The reference that the next new series will get.
    pub fn next_ref(&self) -> SeriesRef {
        SeriesRef(self.inner.read().labels.len() as u64)
    }

    /// Makes sure that references below `next` are never given to a new series, as a replay needs
    /// when the log no longer names forgotten series.
    pub fn reserve_refs(&self, next: SeriesRef) {
        let mut inner = self.inner.write();
        if inner.labels.len() < next.index() {
            inner.labels.resize(next.index(), None);
        }
    }

    fn insert(&self, inner: &mut Inner, hash: u64, series: SeriesRef) {
        let Inner { by_labels, labels } = inner;
        by_labels.insert_unique(hash, series, |s| {
            self.hasher.hash_one(
                labels[s.index()]
                    .as_ref()
                    .map(Labels::encoded)
                    .unwrap_or_default(),
            )
        });
    }
}

impl Inner {
    fn find(&self, hash: u64, labels: &Labels) -> Option<SeriesRef> {
        self.by_labels
            .find(hash, |s| self.labels[s.index()].as_ref() == Some(labels))
            .copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interns_forgets_and_restores() {
        let table = SeriesTable::new();
        let of = |name: &str| Labels::from_pairs([("__name__", name)]);
        let (a, b) = (table.intern(&of("a")), table.intern(&of("b")));
        assert_eq!(
            (a, b, table.intern(&of("a"))),
            (SeriesRef(0), SeriesRef(1), SeriesRef(0))
        );
        table.forget([a]);
        assert_eq!(
            (table.get(&of("a")), table.labels(a), table.len()),
            (None, None, 1)
        );
        assert_eq!(
            table.intern(&of("a")),
            SeriesRef(2),
            "a reference is never used again"
        );
        assert!(table.restore(SeriesRef(9), &of("z")));
        assert!(!table.restore(SeriesRef(9), &of("y")));
        assert_eq!(table.intern(&of("new")), SeriesRef(10));
    }

    #[test]
    fn many_series_survive_growth() {
        let table = SeriesTable::new();
        for i in 0..10_000 {
            let labels = Labels::from_pairs([("i", i.to_string())]);
            assert_eq!(table.intern(&labels), SeriesRef(i));
        }
        assert_eq!(
            table.get(&Labels::from_pairs([("i", "777")])),
            Some(SeriesRef(777))
        );
    }
}
