//! From the bytes before a value straight to the series, so that a steady target costs no label work.
//!
//! Lines come in the same order from scrape to scrape, so the line that followed the latest one last
//! time is tried first, and the hash table only answers when that guess is wrong.

use std::hash::BuildHasher;

use engine_model::{Labels, SeriesRef};
use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// Names a line of the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LineId(u32);

/// What a line stands for.
#[derive(Debug, Clone)]
pub(super) enum LineSeries {
    /// A series of the table.
    Known(SeriesRef),
    /// A series that gets its reference when its first scrape succeeds, so that failing scrapes leave
    /// nothing in the table.
    New(Labels),
    /// Dropped by metric relabelling.
    Dropped,
}

#[derive(Debug)]
struct Line {
    bytes: Box<[u8]>,
    series: LineSeries,
    hash: u64,
    /// The scrape that saw the line last.
    seen: u64,
    /// Its position in that scrape.
    position: u32,
}

/// The lines of one target's latest successful scrape. Its size is bounded by that scrape's body.
#[derive(Debug, Default)]
pub(super) struct LineCache {
    lines: Vec<Option<Line>>,
    free: Vec<u32>,
    by_bytes: HashTable<u32>,
    hasher: RandomState,
    /// Lines in the order of the latest successful scrape.
    order: Vec<u32>,
    /// Lines so far in the running one.
    order_now: Vec<u32>,
    /// Position in `order` of the line that is expected next.
    expected: usize,
    /// Lines that the running scrape added.
    added: Vec<u32>,
    /// Counts scrapes from 1.
    scrape: u64,
}

/// A line that the cache knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) id: LineId,
    /// Whether the running scrape has seen it before.
    pub(super) repeated: bool,
}

impl LineCache {
    /// Starts a scrape.
    pub(super) fn begin(&mut self) {
        self.scrape += 1;
        self.expected = 0;
        self.order_now = Vec::with_capacity(self.order.len());
        self.added.clear();
    }

    /// The bytes of the line that is expected next; empty when none is.
    #[inline]
    pub(super) fn guess(&self) -> &[u8] {
        self.order
            .get(self.expected)
            .and_then(|id| self.lines[*id as usize].as_ref())
            .map_or(&[], |line| &line.bytes)
    }

    /// Looks a line up and notes that it was seen.
    #[inline]
    pub(super) fn find(&mut self, bytes: &[u8]) -> Option<Hit> {
        let guessed = self.order.get(self.expected).copied();
        let guessed = guessed.filter(|id| self.line(*id).is_some_and(|line| *line.bytes == *bytes));
        let id = match guessed {
            Some(id) => id,
            None => {
                let hash = self.hasher.hash_one(bytes);
                let is_it = |id: &u32| self.line(*id).is_some_and(|line| *line.bytes == *bytes);
                *self.by_bytes.find(hash, is_it)?
            }
        };
        let (scrape, position) = (self.scrape, self.order_now.len() as u32);
        let line = self.lines[id as usize].as_mut()?;
        let repeated = line.seen == scrape;
        if !repeated {
            // After an inserted or removed line the guesses go on behind the line that was found.
            self.expected = line.position as usize + 1;
            line.seen = scrape;
            line.position = position;
            self.order_now.push(id);
        }
        let id = LineId(id);
        Some(Hit { id, repeated })
    }

    /// Adds a line that `find` does not know.
    pub(super) fn insert(&mut self, bytes: &[u8], series: LineSeries) -> LineId {
        let hash = self.hasher.hash_one(bytes);
        let line = Line {
            bytes: bytes.into(),
            series,
            hash,
            seen: self.scrape,
            position: self.order_now.len() as u32,
        };
        let id = match self.free.pop() {
            Some(id) => {
                self.lines[id as usize] = Some(line);
                id
            }
            None => {
                self.lines.push(Some(line));
                (self.lines.len() - 1) as u32
            }
        };
        let lines = &self.lines;
        self.by_bytes.insert_unique(hash, id, |id| {
            lines[*id as usize].as_ref().map_or(0, |line| line.hash)
        });
        self.order_now.push(id);
        self.added.push(id);
        LineId(id)
    }

    /// What a line stands for.
    #[inline]
    pub(super) fn series(&self, id: LineId) -> &LineSeries {
        self.line(id.0).map_or(&LineSeries::Dropped, |line| &line.series)
    }

    /// Gives a line another meaning.
    pub(super) fn set_series(&mut self, id: LineId, series: LineSeries) {
        if let Some(line) = &mut self.lines[id.0 as usize] {
            line.series = series;
        }
    }

    /// Ends a successful scrape: lines that it did not see are forgotten.
    pub(super) fn commit(&mut self) {
        if self.order_now.len() < self.by_bytes.len() {
            for id in 0..self.lines.len() as u32 {
                if self.line(id).is_some_and(|line| line.seen != self.scrape) {
                    self.remove(id);
                }
            }
        }
        self.order = std::mem::take(&mut self.order_now);
        self.added = Vec::new();
    }

    /// Ends a failed scrape: lines that it added are forgotten, so that a target which never succeeds
    /// cannot fill the cache.
    pub(super) fn roll_back(&mut self) {
        for id in std::mem::take(&mut self.added) {
            self.remove(id);
        }
        // The order of the last success is still the best guess.
        for (position, id) in self.order.iter().enumerate() {
            if let Some(line) = &mut self.lines[*id as usize] {
                line.position = position as u32;
            }
        }
    }

    /// Number of lines.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.by_bytes.len()
    }

    #[inline]
    fn line(&self, id: u32) -> Option<&Line> {
        self.lines[id as usize].as_ref()
    }

    fn remove(&mut self, id: u32) {
        let Some(line) = self.lines[id as usize].take() else {
            return;
        };
        if let Ok(entry) = self.by_bytes.find_entry(line.hash, |candidate| *candidate == id) {
            entry.remove();
        }
        self.free.push(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs one scrape over `lines`; returns a letter each: h(it), n(ew), r(epeated).
    fn scrape(cache: &mut LineCache, lines: &[&str], succeeds: bool) -> String {
        cache.begin();
        let mut out = String::new();
        for line in lines {
            match cache.find(line.as_bytes()) {
                Some(hit) => out.push(if hit.repeated { 'r' } else { 'h' }),
                None => {
                    cache.insert(line.as_bytes(), LineSeries::Dropped);
                    out.push('n');
                }
            }
        }
        match succeeds {
            true => cache.commit(),
            false => cache.roll_back(),
        }
        out
    }

    #[test]
    fn finds_lines_through_churn_and_failures() {
        let mut cache = LineCache::default();
        let cases: [(&[&str], bool, &str, usize); 9] = [
            (&["a", "b", "c"], true, "nnn", 3),
            (&["a", "b", "c"], true, "hhh", 3),
            (&["a", "x", "b", "c"], true, "hnhh", 4),
            (&["c", "b", "a"], true, "hhh", 3),
            (&["c", "y", "b", "b", "y"], false, "hnhrr", 3),
            (&["c", "b", "a"], true, "hhh", 3),
            (&[], true, "", 0),
            (&["z", "z"], true, "nr", 1),
            (&["a", "z"], true, "nh", 2),
        ];
        for (i, (lines, succeeds, expected, len)) in cases.into_iter().enumerate() {
            assert_eq!(scrape(&mut cache, lines, succeeds), expected, "scrape {i}");
            assert_eq!(cache.len(), len, "scrape {i}");
        }
    }

    #[test]
    fn guesses_resume_behind_a_change() {
        let mut cache = LineCache::default();
        scrape(&mut cache, &["a", "b", "c", "d"], true);
        cache.begin();
        assert_eq!(cache.guess(), b"a");
        cache.find(b"a");
        assert_eq!(cache.find(b"new"), None);
        cache.insert(b"new", LineSeries::Dropped);
        assert_eq!(cache.guess(), b"b", "an added line does not move the guess");
        cache.find(b"c");
        assert_eq!(cache.guess(), b"d");
    }
}
