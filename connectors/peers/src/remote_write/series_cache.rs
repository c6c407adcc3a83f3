//! From the bytes of a series' labels straight to its reference, so that a series which comes again costs a
//! look-up and no label work. Entries are checked against the series table whenever it forgot something.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use engine_model::{Labels, SeriesRef, SeriesTable};
use hashbrown::HashTable;
use parking_lot::{RwLock, RwLockReadGuard};

/// Most entries: 28 bytes each and some 8 to find it, so 150 MB in the worst case. Senders repeat their series,
/// so more entries than that are series that came once, or senders that never sort their labels alike; what
/// finds no place is looked up by its labels, which is slower and as right.
const ENTRIES_MAX: usize = 4 << 20;
/// Look-ups between two offers to let those in who want to add something.
const LOOKUPS_MAX: usize = 1024;

/// The cache. Clones of a reader's work share it.
#[derive(Debug)]
pub(super) struct SeriesCache {
    table: Arc<SeriesTable>,
    entries: RwLock<Entries>,
    /// [`SeriesTable::forgets`] at the latest sweep.
    swept_at: AtomicU32,
    entries_max: usize,
}

/// Entries in the order in which they came first, and where to find each. A sender repeats its series in the same
/// order, so the entry after the latest one is tried first: it lies beside it in memory, where a place
/// in a table of millions is a miss of the processor's caches.
#[derive(Debug, Default)]
struct Entries {
    list: Vec<Entry>,
    places: HashTable<u32>,
}

/// 28 bytes: the key and the reference in halves of four bytes, so that nothing is padded.
#[derive(Debug)]
struct Entry {
    key: [u32; 4],
    series: [u32; 2],
    /// [`SeriesTable::forgets`] when the table was last asked for the reference.
    asked_at: AtomicU32,
}

impl Entry {
    fn new(key: u128, series: SeriesRef, asked_at: u32) -> Self {
        Self {
            key: halves(key),
            series: [series.0 as u32, (series.0 >> 32) as u32],
            asked_at: AtomicU32::new(asked_at),
        }
    }

    fn series(&self) -> SeriesRef {
        SeriesRef(u64::from(self.series[0]) | u64::from(self.series[1]) << 32)
    }
}

fn halves(key: u128) -> [u32; 4] {
    [
        key as u32,
        (key >> 32) as u32,
        (key >> 64) as u32,
        (key >> 96) as u32,
    ]
}

/// Bits for the hash table; all bits of a key are random already.
fn bits(key: [u32; 4]) -> u64 {
    u64::from(key[0]) | u64::from(key[1]) << 32
}

impl SeriesCache {
    /// An empty cache of references that `table` made.
    pub(super) fn new(table: Arc<SeriesTable>) -> Self {
        Self {
            table,
            entries: RwLock::default(),
            swept_at: AtomicU32::new(0),
            entries_max: ENTRIES_MAX,
        }
    }

    /// Looks up the series of one request.
    pub(super) fn reader(&self) -> Lookups<'_> {
        Lookups {
            forgets: self.table.forgets(),
            cache: self,
            entries: self.entries.read(),
            count: 0,
            expected: 0,
        }
    }

    /// The references of series that [`Lookups::find`] did not know, which are made where they are not
    /// known to the table either.
    pub(super) fn intern<'k>(
        &self,
        series: impl ExactSizeIterator<Item = (u128, &'k Labels)>,
    ) -> Vec<SeriesRef> {
        if series.len() == 0 {
            return Vec::new();
        }
        let forgets = self.table.forgets();
        let made: Vec<(u128, SeriesRef)> = series
            .map(|(key, labels)| (key, self.table.intern(labels)))
            .collect();
        let mut entries = self.entries.write();
        self.sweep(&mut entries, forgets);
        for (key, series) in &made {
            entries.put(Entry::new(*key, *series, forgets), self.entries_max);
        }
        drop(entries);
        made.into_iter().map(|(_, series)| series).collect()
    }

    /// Lets go of what nobody sent between the two latest times that the table forgot something.
    fn sweep(&self, entries: &mut Entries, forgets: u32) {
        if self.swept_at.swap(forgets, Ordering::Relaxed) != forgets {
            entries.retain(|entry| forgets.wrapping_sub(entry.asked_at.load(Ordering::Relaxed)) <= 1);
        }
    }

    /// Number of series.
    pub(super) fn len(&self) -> usize {
        self.entries.read().list.len()
    }
}

impl Entries {
    fn find(&self, key: [u32; 4]) -> Option<usize> {
        let is_it = |place: &u32| self.list[*place as usize].key == key;
        self.places.find(bits(key), is_it).map(|place| *place as usize)
    }

    fn put(&mut self, entry: Entry, entries_max: usize) {
        if let Some(place) = self.find(entry.key) {
            self.list[place] = entry;
        } else if self.list.len() < entries_max {
            if self.list.len() == self.list.capacity() {
                self.list.reserve_exact((self.list.len() / 8).max(64));
            }
            self.list.push(entry);
            self.place(self.list.len() - 1);
        }
    }

    fn place(&mut self, place: usize) {
        let Self { list, places } = self;
        places.insert_unique(bits(list[place].key), place as u32, |place| {
            bits(list[*place as usize].key)
        });
    }

    fn retain(&mut self, keeps: impl FnMut(&Entry) -> bool) {
        self.list.retain(keeps);
        self.places.clear();
        for place in 0..self.list.len() {
            self.place(place);
        }
    }
}

/// Look-ups that share one lock.
pub(super) struct Lookups<'c> {
    cache: &'c SeriesCache,
    entries: RwLockReadGuard<'c, Entries>,
    forgets: u32,
    count: usize,
    /// Place of the entry that is tried first.
    expected: usize,
}

impl Lookups<'_> {
    /// The reference behind a key, asked for so that the table keeps it until it is appended.
    #[inline]
    pub(super) fn find(&mut self, key: u128) -> Option<SeriesRef> {
        self.count += 1;
        if self.count.is_multiple_of(LOOKUPS_MAX) {
            RwLockReadGuard::bump(&mut self.entries);
        }
        let key = halves(key);
        let place = match self.entries.list.get(self.expected) {
            Some(entry) if entry.key == key => self.expected,
            _ => self.entries.find(key)?,
        };
        self.expected = place + 1;
        let entry = &self.entries.list[place];
        let series = entry.series();
        if entry.asked_at.load(Ordering::Relaxed) != self.forgets {
            if !self.cache.table.ask(series) {
                return None;
            }
            entry.asked_at.store(self.forgets, Ordering::Relaxed);
        }
        Some(series)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(name: &str) -> Labels {
        Labels::from_pairs([("__name__", name)])
    }

    fn intern(cache: &SeriesCache, key: u128, name: &str) -> SeriesRef {
        cache.intern([(key, &labels(name))].into_iter())[0]
    }

    #[test]
    fn finds_what_came_before_and_never_what_was_forgotten() {
        let table = Arc::new(SeriesTable::new());
        let cache = SeriesCache::new(Arc::clone(&table));
        assert_eq!(cache.reader().find(1), None);
        let (a, b) = (intern(&cache, 1, "a"), intern(&cache, 2 << 100, "b"));
        assert_eq!(
            (cache.reader().find(1), cache.reader().find(2 << 100)),
            (Some(a), Some(b))
        );
        // `a` is sent on, `b` is not.
        assert!(table.forget([a, b]).is_empty(), "both were just asked for");
        assert_eq!(cache.reader().find(1), Some(a));
        assert_eq!(table.forget([a, b]), [b]);
        assert_eq!(
            (cache.reader().find(1), cache.reader().find(2 << 100)),
            (Some(a), None)
        );
        let again = intern(&cache, 2 << 100, "b");
        assert_ne!(again, b, "a reference is never used again");
        assert_eq!(cache.reader().find(2 << 100), Some(again));
    }

    #[test]
    fn lets_go_of_what_nobody_sends_and_keeps_its_bound() {
        let table = Arc::new(SeriesTable::new());
        let mut cache = SeriesCache::new(Arc::clone(&table));
        cache.entries_max = 2;
        for (key, name) in [(1, "a"), (2, "b"), (3, "c")] {
            intern(&cache, key, name);
        }
        assert_eq!(
            (cache.len(), cache.reader().find(3)),
            (2, None),
            "there is no place for it"
        );
        table.forget([]);
        cache.reader().find(2);
        table.forget([]);
        intern(&cache, 3, "c");
        assert_eq!((cache.len(), cache.reader().find(1)), (2, None));
        assert!(cache.reader().find(2).is_some() && cache.reader().find(3).is_some());
    }

    #[test]
    fn many_look_ups_let_others_in() {
        let cache = SeriesCache::new(Arc::default());
        let many: Vec<Labels> = (0..5000).map(|i| labels(&format!("m{i}"))).collect();
        let made = cache.intern(many.iter().enumerate().map(|(i, labels)| (i as u128, labels)));
        let mut reader = cache.reader();
        for (i, series) in made.iter().enumerate() {
            assert_eq!(reader.find(i as u128), Some(*series));
        }
        for (i, series) in made.iter().enumerate().rev() {
            assert_eq!(reader.find(i as u128), Some(*series), "in whatever order");
        }
    }
}
