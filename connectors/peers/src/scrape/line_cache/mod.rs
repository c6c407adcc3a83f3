//! From the bytes before a value straight to the series, so that a steady target costs no label work.
//!
//! Lines come in the same order from scrape to scrape, so a line's place is its position in the latest
//! one, and the next line is guessed. Only when a guess is wrong an index is made, for that scrape.

mod key;
mod line;

use engine_model::SeriesRef;
use hashbrown::HashTable;

pub(super) use key::Key;
use line::{COUNTER, CUMULATIVE, HISTOGRAM, SEEN, TRACKED, TRACKED_NOW};
pub(super) use line::{Line, LineId, LineSeries};

/// The lines of one target's latest successful scrape, in its order; 40 bytes each. Bounded by that
/// scrape's body.
#[derive(Debug, Default)]
pub(super) struct LineCache {
    lines: Vec<Line>,
    /// Position of the line that is expected next.
    expected: usize,
    /// Lines before the running scrape; behind them are those that it added.
    old: usize,
    /// Set once the running scrape left the order of the one before.
    detour: Option<Box<Detour>>,
}

/// A scrape in another order than the one before.
#[derive(Debug, Default)]
struct Detour {
    /// Lines in the order of this scrape.
    order: Vec<u32>,
    /// All lines by their keys.
    by_key: HashTable<u32>,
}

/// The line that is expected next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guess {
    /// Length of its bytes.
    pub(super) len: usize,
    /// Their key.
    pub(super) key: Key,
}

/// A line that the cache knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) id: LineId,
    /// Whether the running scrape has seen it before.
    pub(super) repeated: bool,
}

/// A line that the cache does not know; [`LineCache::insert`] adds it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unknown {
    key: Key,
    len: usize,
}

/// A series that gets a marker when it vanishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tracked {
    pub(super) series: SeriesRef,
    /// Whether it holds native histograms, so that its marker is one too.
    pub(super) histogram: bool,
}

/// What a successful scrape did not have any more.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// Tracked series whose line vanished or is not tracked any more.
    pub(super) vanished: Vec<Tracked>,
    /// Lines that the cache forgot.
    pub(super) forgotten: Vec<Line>,
}

impl LineCache {
    /// Starts a scrape.
    pub(super) fn begin(&mut self) {
        self.expected = 0;
        self.old = self.lines.len();
        self.detour = None;
    }

    /// The line that is expected next, if any is.
    #[inline]
    pub(super) fn guess(&self) -> Option<Guess> {
        let line = self.lines[..self.old].get(self.expected)?;
        Some(Guess {
            len: line.len as usize,
            key: line.key,
        })
    }

    /// Takes the line of the latest [`guess`](Self::guess), which was right.
    #[inline]
    pub(super) fn take_guessed(&mut self) -> Hit {
        let position = self.expected;
        match self.detour {
            None => {
                self.expected += 1;
                Hit {
                    id: LineId(position as u32),
                    repeated: false,
                }
            }
            Some(_) => self.meet(position as u32),
        }
    }

    /// Looks a line up and notes that it was seen.
    ///
    /// # Errors
    /// What to [`insert`](Self::insert) when the cache does not know it.
    #[inline]
    pub(super) fn find(&mut self, bytes: &[u8]) -> Result<Hit, Unknown> {
        let key = Key::of(bytes);
        if self.guess().is_some_and(|guess| guess.key == key) {
            return Ok(self.take_guessed());
        }
        self.leave_order();
        let lines = &self.lines;
        let same = |id: &u32| lines[*id as usize].key == key;
        let found = self
            .detour
            .as_ref()
            .and_then(|detour| detour.by_key.find(key.bits(), same))
            .copied();
        match found {
            Some(id) => Ok(self.meet(id)),
            None => Err(Unknown {
                key,
                len: bytes.len(),
            }),
        }
    }

    /// Adds a line that [`find`](Self::find) does not know.
    pub(super) fn insert(&mut self, unknown: Unknown, series: LineSeries) -> LineId {
        self.leave_order();
        let id = self.lines.len() as u32;
        self.lines.push(Line::new(unknown.key, unknown.len, series));
        if let Some(detour) = &mut self.detour {
            let lines = &self.lines;
            let bits = |id: &u32| lines[*id as usize].key.bits();
            detour.by_key.insert_unique(unknown.key.bits(), id, bits);
            detour.order.push(id);
        }
        LineId(id)
    }

    /// Makes the index, and marks what was met in order so far, once the order is left.
    fn leave_order(&mut self) {
        if self.detour.is_none() {
            self.detour = Some(detour_from(self.expected, &self.lines));
            for line in &mut self.lines[..self.expected] {
                line.flags |= SEEN;
            }
        }
    }

    fn meet(&mut self, id: u32) -> Hit {
        let line = &mut self.lines[id as usize];
        let repeated = line.has(SEEN);
        if !repeated {
            line.flags |= SEEN;
            if (id as usize) < self.old {
                // After an added or missing line the guesses go on behind the line that was found.
                self.expected = id as usize + 1;
            }
            if let Some(detour) = &mut self.detour {
                detour.order.push(id);
            }
        }
        Hit {
            id: LineId(id),
            repeated,
        }
    }

    /// A line.
    #[inline]
    pub(super) fn line(&self, id: LineId) -> &Line {
        &self.lines[id.index()]
    }

    /// Gives a line another meaning.
    pub(super) fn set_series(&mut self, id: LineId, series: LineSeries) {
        self.lines[id.index()].set_series(series);
    }

    /// Gives the pending lines their references, by the number of their labels.
    pub(super) fn resolve_pending(&mut self, reference: impl Fn(usize) -> SeriesRef) {
        for line in &mut self.lines {
            if let LineSeries::Pending(number) = line.series() {
                line.set_series(LineSeries::Known(reference(number)));
            }
        }
    }

    /// Notes that the line's series has a sample in the running scrape, and whether a marker has to end it.
    #[inline]
    pub(super) fn sampled(&mut self, id: LineId, tracked: bool) {
        self.lines[id.index()].flags |= if tracked { TRACKED_NOW } else { 0 };
    }

    /// Notes that the running scrape has the line without a sample that is stored: a marker ends its series as
    /// before.
    pub(super) fn held_back(&mut self, id: LineId) {
        let tracked = self.lines[id.index()].has(TRACKED);
        self.sampled(id, tracked);
    }

    /// Notes that a line's series holds native histograms.
    pub(super) fn set_histogram(&mut self, id: LineId) {
        self.lines[id.index()].flags |= HISTOGRAM;
    }

    /// Notes that a line's series counts up from zero.
    pub(super) fn set_counter(&mut self, id: LineId) {
        self.lines[id.index()].flags |= COUNTER;
    }

    /// Notes that a line's series is cumulative by the type of its family.
    pub(super) fn set_cumulative(&mut self, id: LineId) {
        self.lines[id.index()].flags |= CUMULATIVE;
    }

    /// Notes a counter's value.
    #[inline]
    pub(super) fn set_last_value(&mut self, id: LineId, value: f64) {
        self.lines[id.index()].set_last_value(value);
    }

    /// Notes the start timestamp of a line.
    pub(super) fn set_started_ms(&mut self, id: LineId, started_ms: i64) {
        self.lines[id.index()].set_started_ms(started_ms);
    }

    /// Ends a successful scrape: lines that it did not see are forgotten, the others stand in its order.
    pub(super) fn commit(&mut self) -> Ended {
        let detour = self.detour.take();
        let straight = detour.is_none().then_some(self.expected);
        let mut ended = Ended::default();
        for (position, line) in self.lines.iter_mut().enumerate() {
            if line.has(TRACKED) && !line.has(TRACKED_NOW) {
                ended.vanished.extend(tracked(line));
            }
            let seen = straight.map_or(line.has(SEEN), |end| position < end);
            if !seen {
                ended.forgotten.push(*line);
            }
            let now = if line.has(TRACKED_NOW) { TRACKED } else { 0 };
            line.flags = line.flags & !(TRACKED | TRACKED_NOW | SEEN) | now;
        }
        match detour {
            None => self.lines.truncate(self.expected),
            Some(detour) => {
                let in_place = detour.order.len() == self.lines.len()
                    && detour.order.iter().enumerate().all(|(i, id)| i == *id as usize);
                if !in_place {
                    self.lines = detour.order.iter().map(|id| self.lines[*id as usize]).collect();
                }
            }
        }
        // What stays with a target counts for each of thousands.
        self.lines.shrink_to_fit();
        self.begin();
        ended
    }

    /// Ends a failed scrape: lines that it added are forgotten, so that a target which never succeeds
    /// cannot fill the cache. Returns them.
    pub(super) fn roll_back(&mut self) -> Vec<Line> {
        let added = self.lines.split_off(self.old);
        for line in &mut self.lines {
            line.flags &= !(SEEN | TRACKED_NOW);
        }
        self.begin();
        added
    }

    /// Ends the tracking of all lines and returns what was tracked.
    pub(super) fn untrack(&mut self) -> Vec<Tracked> {
        let mut out = Vec::new();
        for line in &mut self.lines {
            if line.has(TRACKED) {
                out.extend(tracked(line));
                line.flags &= !TRACKED;
            }
        }
        out
    }

    /// The series that the latest scrape had and that get a marker when they vanish.
    pub(super) fn tracked(&self) -> impl Iterator<Item = Tracked> + '_ {
        self.lines
            .iter()
            .filter(|line| line.has(TRACKED))
            .filter_map(tracked)
    }

    /// The lines.
    pub(super) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Bytes of memory held between two scrapes.
    #[cfg(test)]
    pub(super) fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.lines.capacity() * size_of::<Line>()
    }
}

/// A detour that begins behind `met` lines that were in order.
fn detour_from(met: usize, lines: &[Line]) -> Box<Detour> {
    let mut by_key = HashTable::with_capacity(lines.len());
    for (id, line) in lines.iter().enumerate() {
        by_key.insert_unique(line.key.bits(), id as u32, |id| lines[*id as usize].key.bits());
    }
    let mut order = Vec::with_capacity(lines.len());
    order.extend(0..met as u32);
    Box::new(Detour { order, by_key })
}

fn tracked(line: &Line) -> Option<Tracked> {
    match line.series() {
        LineSeries::Known(series) => Some(Tracked {
            series,
            histogram: line.has(HISTOGRAM),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
