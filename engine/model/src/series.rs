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

/// References are 32 bits where they are kept by the million. A process that made a new series every
/// millisecond would reach the bound after seven weeks; references begin anew at each start.
pub const SERIES_REFS_MAX: u64 = u32::MAX as u64;

/// Interns label sets. Shared by everything that names series by reference; identity is decided by
/// the whole label set, never by a hash alone.
#[derive(Debug, Default)]
pub struct SeriesTable {
    inner: RwLock<Inner>,
    hasher: RandomState,
    /// Calls of [`SeriesTable::forget`].
    forgets: AtomicU32,
}

/// Entries of a page: pages whose series were all forgotten are freed.
const PAGE_ENTRIES: usize = 64;

type Page = [Option<Entry>; PAGE_ENTRIES];

#[derive(Debug, Default)]
struct Inner {
    by_labels: HashTable<Slot>,
    pages: Vec<Option<Box<Page>>>,
    /// The reference that the next new series gets.
    next: u64,
}

/// A place in the hash table. Keeps part of the hash, so that growing does not read every label set.
#[derive(Debug, Clone, Copy)]
struct Slot {
    hash: u32,
    series: u32,
}

impl Slot {
    fn series(self) -> SeriesRef {
        SeriesRef(u64::from(self.series))
    }
}

#[derive(Debug)]
struct Entry {
    labels: Labels,
    /// Whether somebody asked for the reference since the last [`SeriesTable::forget`]: it may be on
    /// its way to an append.
    asked: AtomicBool,
}

impl SeriesTable {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// The reference of `labels`, made if it is not known yet.
    ///
    /// # Panics
    /// When [`SERIES_REFS_MAX`] series were made since the start.
    pub fn intern(&self, labels: &Labels) -> SeriesRef {
        let hash = self.hash(labels);
        if let Some(found) = self.inner.read().find(hash, labels) {
            return found;
        }
        let mut inner = self.inner.write();
        if let Some(found) = inner.find(hash, labels) {
            return found;
        }
        inner.insert(hash, labels)
    }

    /// The reference of `labels` if it is known.
    pub fn get(&self, labels: &Labels) -> Option<SeriesRef> {
        self.inner.read().find(self.hash(labels), labels)
    }

    /// The labels of a series, or `None` when it was forgotten or never existed.
    pub fn labels(&self, series: SeriesRef) -> Option<Labels> {
        self.inner.read().entry(series).map(|entry| entry.labels.clone())
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
            let Some(labels) = inner.take_idle(series) else {
                continue;
            };
            let hash = self.hash(&labels);
            let is_same = |slot: &Slot| slot.series() == series;
            if let Ok(found) = inner.by_labels.find_entry(spread(hash), is_same) {
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

    /// The reference that the next new series will get: the number of series made since the start.
    pub fn next_ref(&self) -> SeriesRef {
        SeriesRef(self.inner.read().next)
    }

    fn hash(&self, labels: &Labels) -> u32 {
        self.hasher.hash_one(labels.encoded()) as u32
    }
}

impl Inner {
    fn insert(&mut self, hash: u32, labels: &Labels) -> SeriesRef {
        assert!(
            self.next < SERIES_REFS_MAX,
            "{SERIES_REFS_MAX} series were made since the start; restart the process"
        );
        let series = SeriesRef(self.next);
        self.next += 1;
        let page = series.index() / PAGE_ENTRIES;
        if self.pages.len() <= page {
            self.pages.resize_with(page + 1, || None);
        }
        let page = self.pages[page].get_or_insert_with(|| Box::new(std::array::from_fn(|_| None)));
        page[series.index() % PAGE_ENTRIES] = Some(Entry {
            labels: labels.clone(),
            asked: AtomicBool::new(true),
        });
        let slot = Slot {
            hash,
            series: series.0 as u32,
        };
        self.by_labels
            .insert_unique(spread(hash), slot, |slot| spread(slot.hash));
        series
    }

    fn find(&self, hash: u32, labels: &Labels) -> Option<SeriesRef> {
        let is_same = |slot: &Slot| {
            slot.hash == hash
                && self
                    .entry(slot.series())
                    .is_some_and(|entry| entry.labels == *labels)
        };
        let found = self.by_labels.find(spread(hash), is_same)?.series();
        self.entry(found)?.asked.store(true, Ordering::Relaxed);
        Some(found)
    }

    fn entry(&self, series: SeriesRef) -> Option<&Entry> {
        let page = self.pages.get(series.index() / PAGE_ENTRIES)?.as_deref()?;
        page[series.index() % PAGE_ENTRIES].as_ref()
    }

    /// Takes the entry when nobody asked for it lately, and its page with the last one.
    fn take_idle(&mut self, series: SeriesRef) -> Option<Labels> {
        let slot = self.pages.get_mut(series.index() / PAGE_ENTRIES)?;
        let page = slot.as_deref_mut()?;
        let idle = |entry: &mut Entry| !std::mem::take(entry.asked.get_mut());
        let entry = page[series.index() % PAGE_ENTRIES].take_if(idle)?;
        if page.iter().all(Option::is_none) {
            *slot = None;
        }
        Some(entry.labels)
    }
}

/// A hash table takes its tag from the high bits and its place from the low ones.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interns_and_forgets() {
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
    }

    #[test]
    fn many_series_survive_growth_and_pages_are_freed() {
        let table = SeriesTable::new();
        for i in 0..10_000 {
            let labels = Labels::from_pairs([("i", i.to_string())]);
            assert_eq!(table.intern(&labels), SeriesRef(i));
        }
        assert_eq!(
            table.get(&Labels::from_pairs([("i", "777")])),
            Some(SeriesRef(777))
        );
        let all = || (0..10_000).map(SeriesRef);
        assert!(table.forget(all()).is_empty());
        assert_eq!(table.forget(all().skip(1)).len(), 9_999);
        assert_eq!(table.inner.read().pages.iter().flatten().count(), 1);
        assert_eq!((table.len(), table.next_ref()), (1, SeriesRef(10_000)));
    }
}
