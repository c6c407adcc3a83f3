//! The series table: label sets interned once, named afterwards by a dense reference.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

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
    /// Calls of [`SeriesTable::forget`].
    forgets: AtomicU32,
}

#[derive(Debug, Default)]
struct Inner {
    by_labels: HashTable<SeriesRef>,
    /// Indexed by reference; `None` once a series was forgotten.
    entries: Vec<Option<Entry>>,
}

#[derive(Debug)]
struct Entry {
    labels: Labels,
    /// Whether somebody asked for the reference since the last [`SeriesTable::forget`]: it may be on
    /// its way to an append.
    asked: AtomicBool,
}

impl Entry {
    fn new(labels: &Labels) -> Option<Self> {
        Some(Self {
            labels: labels.clone(),
            asked: AtomicBool::new(true),
        })
    }
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
        let series = SeriesRef(inner.entries.len() as u64);
        inner.entries.push(Entry::new(labels));
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
        self.inner
            .read()
            .entries
            .get(series.index())?
            .as_ref()
            .map(|entry| entry.labels.clone())
    }

    /// Puts back a series under the reference that it had before, as a replay does.
    /// Returns false when the reference or the labels already belong to another series.
    pub fn restore(&self, series: SeriesRef, labels: &Labels) -> bool {
        let hash = self.hasher.hash_one(labels.encoded());
        let mut inner = self.inner.write();
        if let Some(found) = inner.find(hash, labels) {
            return found == series;
        }
        if inner.entries.len() <= series.index() {
            inner.entries.resize_with(series.index() + 1, || None);
        }
        if inner.entries[series.index()].is_some() {
            return false;
        }
        inner.entries[series.index()] = Entry::new(labels);
        self.insert(&mut inner, hash, series);
        true
    }

    /// Number of calls of [`forget`](Self::forget) so far. Whoever keeps references asks for them again once
    /// it has changed: until then, and through the next call, what was asked for stays.
    pub fn forgets(&self) -> u32 {
        self.forgets.load(Ordering::Acquire)
    }

    /// Asks for a reference that is kept elsewhere; false when the series was forgotten.
    pub fn ask(&self, series: SeriesRef) -> bool {
        let inner = self.inner.read();
        let entry = inner.entry(series);
        if let Some(entry) = entry {
            entry.asked.store(true, Ordering::Relaxed);
        }
        entry.is_some()
    }

    /// Forgets those of `series` that nobody asked for since the last call, and returns them: a reference
    /// that was just handed out may be on its way to an append. The references stay unused.
    pub fn forget(&self, series: impl IntoIterator<Item = SeriesRef>) -> Vec<SeriesRef> {
        let mut inner = self.inner.write();
        self.forgets.fetch_add(1, Ordering::AcqRel);
        let mut forgotten = Vec::new();
        for series in series {
            let Some(slot) = inner.entries.get_mut(series.index()) else {
                continue;
            };
            let idle = |entry: &mut Entry| !std::mem::take(entry.asked.get_mut());
            let Some(entry) = slot.take_if(idle) else { continue };
            let hash = self.hasher.hash_one(entry.labels.encoded());
            if let Ok(found) = inner.by_labels.find_entry(hash, |&candidate| candidate == series) {
                found.remove();
            }
            forgotten.push(series);
        }
        forgotten
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
        SeriesRef(self.inner.read().entries.len() as u64)
    }

    /// Makes sure that references below `next` are never given to a new series, as a replay needs
    /// when the log no longer names forgotten series.
    pub fn reserve_refs(&self, next: SeriesRef) {
        let mut inner = self.inner.write();
        if inner.entries.len() < next.index() {
            inner.entries.resize_with(next.index(), || None);
        }
    }

    fn insert(&self, inner: &mut Inner, hash: u64, series: SeriesRef) {
        let Inner { by_labels, entries } = inner;
        by_labels.insert_unique(hash, series, |s| {
            self.hasher.hash_one(
                entries[s.index()]
                    .as_ref()
                    .map(|e| e.labels.encoded())
                    .unwrap_or_default(),
            )
        });
    }
}

impl Inner {
    fn find(&self, hash: u64, labels: &Labels) -> Option<SeriesRef> {
        let is_same = |series: &SeriesRef| self.entry(*series).is_some_and(|entry| entry.labels == *labels);
        let found = *self.by_labels.find(hash, is_same)?;
        self.entry(found)?.asked.store(true, Ordering::Relaxed);
        Some(found)
    }

    fn entry(&self, series: SeriesRef) -> Option<&Entry> {
        self.entries.get(series.index())?.as_ref()
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
        assert!(table.forget([a]).is_empty(), "just asked for");
        assert!(table.ask(a));
        assert!(table.forget([a]).is_empty(), "asked for once more");
        assert_eq!(table.forget([a]), [a]);
        assert_eq!((table.ask(a), table.forgets()), (false, 3));
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
