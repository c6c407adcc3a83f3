//! One series in the head: its recent samples as pieces, and what isolation needs to know about them.
//!
//! What nearly every series has is inline (80 bytes); what few have at a time is behind one pointer: commits
//! that a reader must not see yet, samples that came late, native histograms.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use engine_model::{Histogram, Labels};

use super::checkpoint::SeriesImage;
use super::histograms::HistogramRun;
use super::late::LateSample;
use super::piece::{OpenPiece, PieceReader, SealedPiece};
use super::sample_value::SampleValue;
use super::starts::StartRuns;
use crate::series_samples::SeriesSamples;

/// Pieces are sealed at multiples of this, so that a cut at such a border drops whole pieces.
pub(super) const PIECE_BORDER_MS: i64 = 30 * 60 * 1000;

/// The newest sample of a series. The value of a histogram is looked up only when it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Newest {
    pub(super) ms: i64,
    pub(super) bits: u64,
    pub(super) is_histogram: bool,
}

/// A version of the head: what a reader sees of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    /// Newest commit that is seen.
    pub(crate) commit: u64,
    /// Cuts up to this one are read from segments.
    pub(crate) generation: u64,
    /// Samples before this time are read from segments; what came late is judged by itself.
    pub(super) border_ms: i64,
}

/// Recent samples of one series, floats numbered by position from its birth.
#[derive(Debug)]
pub(super) struct SeriesState {
    pub(super) labels: Labels,
    last_ms: i64,
    last_bits: u64,
    /// Number of the check that looked at the series last: a second look tells a repeated series.
    stamp: AtomicU32,
    /// Position of the oldest float in memory, from 1; 0 until there is a sample.
    first: u32,
    open: OpenPiece,
    #[expect(
        clippy::box_collection,
        reason = "8 bytes instead of 24 in each of millions of series"
    )]
    sealed: Option<Box<Vec<SealedPiece>>>,
    rare: Option<Box<Rare>>,
}

/// What few series have at a time.
#[derive(Debug, Default)]
pub(super) struct Rare {
    /// Commits that some reader must not see yet, with the positions at which they begin.
    commits: Vec<Mark>,
    pub(super) late: Vec<LateSample>,
    pub(super) histograms: Option<Box<HistogramRun>>,
    pub(super) starts: Option<Box<StartRuns>>,
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    commit: u64,
    floats: u32,
    histograms: u32,
}

impl SeriesState {
    pub(super) fn new(labels: Labels) -> Self {
        Self {
            labels,
            last_ms: i64::MIN,
            last_bits: 0,
            stamp: AtomicU32::new(0),
            first: 0,
            open: OpenPiece::default(),
            sealed: None,
            rare: None,
        }
    }

    /// The newest sample ever accepted in order; stays when its segment is written.
    #[inline]
    pub(super) fn newest(&self) -> Option<Newest> {
        (self.first > 0).then(|| Newest {
            ms: self.last_ms,
            bits: self.last_bits,
            is_histogram: self.histograms().is_some_and(|run| run.is_newest),
        })
    }

    /// Value of the newest sample.
    pub(super) fn newest_value(&self) -> SampleValue {
        match self
            .histograms()
            .filter(|run| run.is_newest)
            .and_then(|run| run.last.clone())
        {
            Some(histogram) => SampleValue::Histogram(histogram),
            None => SampleValue::Float(self.last_bits),
        }
    }

    /// Marks the series as looked at by check number `stamp`; true when it was already.
    #[inline]
    pub(super) fn touch(&self, stamp: u32) -> bool {
        self.stamp.swap(stamp, Ordering::Relaxed) == stamp
    }

    /// Appends a float that is newer than the newest sample. Returns by how much the memory grew.
    #[inline]
    pub(super) fn push(&mut self, time: i64, bits: u64) -> isize {
        let mut grown = 0;
        self.first = self.first.max(1);
        if self.open.count() > 0 && (self.open.is_full() || crosses_border(self.last_ms, time)) {
            grown += self.seal();
        }
        if let Some(rare) = &mut self.rare
            && let Some(run) = &mut rare.histograms
        {
            run.is_newest = false;
        }
        let before = self.open.capacity();
        self.open.push((self.last_ms, self.last_bits), time, bits);
        (self.last_ms, self.last_bits) = (time, bits);
        grown + self.open.capacity() as isize - before as isize
    }

    /// The sample that is pushed next, at `time`, says when what it counts began. Returns by how much the memory
    /// grew.
    pub(super) fn note_start(&mut self, time: i64, start_ms: i64) -> isize {
        let newest_ms = Some(self.last_ms);
        let starts = self.rare_mut().starts.get_or_insert_default();
        starts.note(newest_ms, time, start_ms) as isize
    }

    /// Appends a histogram that is newer than the newest sample.
    pub(super) fn push_histogram(&mut self, time: i64, histogram: &Arc<Histogram>) -> isize {
        let mut grown = self.seal();
        let crosses = crosses_border(self.last_ms, time);
        self.last_ms = time;
        let run = self.rare_mut().histograms.get_or_insert_default();
        let before = run.memory_bytes();
        if crosses {
            run.seal();
        }
        run.push(time, histogram);
        grown += run.memory_bytes() as isize - before as isize;
        grown
    }

    /// Adds a sample that is older than what a cut has taken or than the newest one. `in_order` tells that
    /// it is the series' newest all the same.
    pub(super) fn push_late(&mut self, sample: LateSample, in_order: bool) -> isize {
        let mut grown = 0;
        if in_order {
            grown += self.seal();
            self.last_ms = sample.time;
            let bits = match &sample.value {
                SampleValue::Float(bits) => Some(*bits),
                SampleValue::Histogram(_) => None,
            };
            self.last_bits = bits.unwrap_or(self.last_bits);
            let rare = self.rare_mut();
            match (&sample.value, &mut rare.histograms) {
                (SampleValue::Float(_), None) => {}
                (SampleValue::Float(_), Some(run)) => run.is_newest = false,
                (SampleValue::Histogram(histogram), run) => {
                    let run = run.get_or_insert_default();
                    run.seal();
                    run.last = Some(Arc::clone(histogram));
                    run.is_newest = true;
                }
            }
        }
        self.rare_mut().late.push(sample);
        grown + size_of::<LateSample>() as isize
    }

    /// Keeps the number of the commit that is about to append, while somebody reads a version from before
    /// it: `oldest_read` is the oldest commit that is being read.
    #[inline]
    pub(super) fn mark(&mut self, commit: u64, oldest_read: Option<u64>) {
        let Some(oldest) = oldest_read else {
            if self.rare.is_some() {
                self.forget_marks(u64::MAX);
            }
            return;
        };
        self.first = self.first.max(1);
        let (floats, histograms) = (self.end(), self.histograms().map_or(0, HistogramRun::end));
        let rare = self.rare_mut();
        let seen_by_all = rare.commits.partition_point(|mark| mark.commit <= oldest);
        rare.commits.drain(..seen_by_all);
        if rare.commits.last().is_none_or(|newest| newest.commit < commit) {
            rare.commits.reserve_exact(1);
            rare.commits.push(Mark {
                commit,
                floats,
                histograms,
            });
        }
    }

    /// Forgets commits up to `seen`, which every reader sees.
    fn forget_marks(&mut self, seen: u64) {
        if let Some(rare) = &mut self.rare {
            rare.commits.retain(|mark| mark.commit > seen);
            let is_idle = rare.commits.is_empty()
                && rare.late.is_empty()
                && rare.histograms.is_none()
                && rare.starts.is_none();
            if is_idle {
                self.rare = None;
            }
        }
    }

    /// Appends what a reader sees in `[min_ms, max_ms]` to `out`, which has no newer samples.
    pub(super) fn read(&self, seen: &Seen, min_ms: i64, max_ms: i64, out: &mut SeriesSamples) {
        let from_ms = min_ms.max(seen.border_ms);
        let (until, until_histogram) = self.visible_until(seen.commit);
        let mut position = self.first;
        for piece in self.sealed() {
            if piece.max_ms < from_ms {
                position = position.wrapping_add(u32::from(piece.count));
            } else if !read_piece(piece.reader(), &mut position, until, (from_ms, max_ms), out) {
                position = until;
                break;
            }
        }
        if position != until {
            read_piece(self.open.reader(), &mut position, until, (from_ms, max_ms), out);
        }
        let Some(rare) = &self.rare else { return };
        if let Some(run) = &rare.histograms {
            run.visit(until_histogram, from_ms, max_ms, |time, histogram| {
                out.histograms.push((time, histogram))
            });
        }
        if let Some(starts) = &rare.starts {
            starts.tell(out);
        }
        super::late::read(&rare.late, seen, min_ms, max_ms, out);
    }

    /// Whether a reader may find a sample in `[min_ms, max_ms]`: true where the times of the pieces do not
    /// exclude it.
    pub(super) fn may_have(&self, seen: &Seen, min_ms: i64, max_ms: i64) -> bool {
        let rare = self.rare.as_deref();
        let late = rare.map_or(&[][..], |rare| &rare.late);
        if late
            .iter()
            .any(|s| s.is_seen(seen) && s.time >= min_ms && s.time <= max_ms)
        {
            return true;
        }
        if self.last_ms < min_ms.max(seen.border_ms) {
            return false;
        }
        let (until, until_histogram) = self.visible_until(seen.commit);
        let floats = self.first_ms().is_some_and(|first| first <= max_ms) && until != self.first;
        let run = rare.and_then(|rare| rare.histograms.as_deref());
        floats
            || run.is_some_and(|run| {
                run.first != until_histogram && run.first_ms().is_some_and(|first| first <= max_ms)
            })
    }

    /// Whether a sample that is not late may be in `[from_ms, until_ms)`.
    pub(super) fn has_between(&self, from_ms: i64, until_ms: i64) -> bool {
        let histogram = self.histograms().and_then(HistogramRun::first_ms);
        let first = [self.first_ms(), histogram].into_iter().flatten().min();
        first.is_some_and(|first| first < until_ms) && self.last_ms >= from_ms
    }

    /// Time of the oldest sample at or after `from_ms`, late ones aside.
    pub(super) fn first_at_or_after(&self, from_ms: i64) -> Option<i64> {
        let sealed = self.sealed().iter().filter(|piece| piece.max_ms >= from_ms);
        let readers = sealed.map(SealedPiece::reader).chain([self.open.reader()]);
        let float = readers
            .flatten()
            .map(|(time, _)| time)
            .find(|&time| time >= from_ms);
        let histogram = self.histograms().and_then(|run| run.first_at_or_after(from_ms));
        [float, histogram].into_iter().flatten().min()
    }

    /// Time of the oldest float in memory.
    fn first_ms(&self) -> Option<i64> {
        let oldest = self
            .sealed()
            .first()
            .map_or_else(|| self.open.reader(), SealedPiece::reader)
            .next();
        oldest.map(|(time, _)| time)
    }

    /// Time of the oldest sample in memory.
    pub(super) fn oldest_ms(&self) -> Option<i64> {
        let rare = self.rare.as_deref();
        let late = rare.and_then(|rare| rare.late.iter().map(|s| s.time).min());
        let histogram = rare.and_then(|rare| rare.histograms.as_ref()?.first_ms());
        [self.first_ms(), late, histogram].into_iter().flatten().min()
    }

    /// Drops what no reader finds here: samples before `border_ms` and late ones that `gone` names.
    /// Returns by how much the memory shrank and the number of samples that went.
    pub(super) fn trim(
        &mut self,
        border_ms: i64,
        oldest: Option<u64>,
        gone: impl Fn(&LateSample) -> bool,
    ) -> (usize, usize) {
        let before = (self.data_bytes(), self.len());
        if let Some(sealed) = &mut self.sealed {
            let passed = sealed.partition_point(|piece| piece.max_ms < border_ms);
            let dropped = sealed
                .drain(..passed)
                .map(|piece| u32::from(piece.count))
                .sum::<u32>();
            self.first = self.first.wrapping_add(dropped);
            sealed.shrink_to_fit();
            self.sealed.take_if(|sealed| sealed.is_empty());
        }
        if self.open.count() > 0 && self.last_ms < border_ms {
            self.first = self.first.wrapping_add(u32::from(self.open.count()));
            self.open = OpenPiece::default();
        }
        if let Some(rare) = &mut self.rare {
            rare.late.retain(|sample| !gone(sample));
            rare.late.shrink_to_fit();
            if let Some(run) = &mut rare.histograms {
                run.trim(border_ms);
            }
            if let Some(starts) = &mut rare.starts {
                starts.trim(border_ms);
            }
            rare.starts.take_if(|starts| starts.is_empty());
            self.forget_marks(oldest.unwrap_or(u64::MAX));
        }
        (before.0 - self.data_bytes(), before.1 - self.len())
    }

    /// Whether no reader can find a sample here.
    pub(super) fn is_drained(&self) -> bool {
        self.len() == 0
    }

    /// Number of samples in memory, of all kinds.
    pub(super) fn len(&self) -> usize {
        let sealed: usize = self.sealed().iter().map(|piece| usize::from(piece.count)).sum();
        let rare = self.rare.as_deref();
        let late = rare.map_or(0, |rare| rare.late.len());
        let histograms = self.histograms().map_or(0, HistogramRun::len);
        sealed + usize::from(self.open.count()) + late + histograms
    }

    /// Bytes of memory behind the state.
    pub(super) fn data_bytes(&self) -> usize {
        let sealed = self
            .sealed()
            .iter()
            .map(|piece| piece.bytes.len() + size_of::<SealedPiece>());
        let rare = self.rare.as_deref();
        let late = rare.map_or(0, |rare| rare.late.len() * size_of::<LateSample>());
        let histograms = self.histograms().map_or(0, HistogramRun::memory_bytes);
        let starts = rare.and_then(|rare| rare.starts.as_deref());
        let starts = starts.map_or(0, StartRuns::memory_bytes);
        sealed.sum::<usize>() + self.open.capacity() + late + histograms + starts
    }

    pub(super) fn sealed(&self) -> &[SealedPiece] {
        self.sealed.as_deref().map_or(&[], Vec::as_slice)
    }

    pub(super) fn open(&self) -> &OpenPiece {
        &self.open
    }

    pub(super) fn histograms(&self) -> Option<&HistogramRun> {
        self.rare.as_deref()?.histograms.as_deref()
    }

    pub(super) fn starts(&self) -> Option<&StartRuns> {
        self.rare.as_deref()?.starts.as_deref()
    }

    pub(super) fn late(&self) -> &[LateSample] {
        self.rare.as_deref().map_or(&[], |rare| &rare.late)
    }

    pub(super) fn late_mut(&mut self) -> &mut [LateSample] {
        self.rare.as_deref_mut().map_or(&mut [], |rare| &mut rare.late)
    }

    /// Puts back what a checkpoint kept.
    pub(super) fn restore(&mut self, image: SeriesImage) {
        (self.last_ms, self.last_bits) = image.last;
        self.first = 1;
        self.open = image.open;
        self.sealed = (!image.sealed.is_empty()).then(|| Box::new(image.sealed));
        let is_plain = image.histograms.is_none() && image.late.is_empty() && image.starts.is_empty();
        if !is_plain {
            let rare = self.rare_mut();
            rare.histograms = image.histograms.map(Box::new);
            rare.late = image.late;
            rare.starts = (!image.starts.is_empty()).then(|| Box::new(StartRuns::new(image.starts)));
        }
    }

    fn seal(&mut self) -> isize {
        if self.open.count() == 0 {
            return 0;
        }
        let before = self.open.capacity();
        let piece = self.open.seal(self.last_ms);
        let after = piece.bytes.len() + size_of::<SealedPiece>();
        let sealed = self.sealed.get_or_insert_default();
        sealed.reserve_exact(1);
        sealed.push(piece);
        after as isize - before as isize
    }

    fn rare_mut(&mut self) -> &mut Rare {
        self.first = self.first.max(1);
        self.rare.get_or_insert_default()
    }

    /// Positions after the newest float and histogram that a reader of `commit` sees.
    fn visible_until(&self, commit: u64) -> (u32, u32) {
        let commits = self.rare.as_deref().map_or(&[][..], |rare| &rare.commits);
        let newer = commits.partition_point(|mark| mark.commit <= commit);
        match commits.get(newer) {
            Some(mark) => (mark.floats, mark.histograms),
            None => (self.end(), self.histograms().map_or(0, HistogramRun::end)),
        }
    }

    fn end(&self) -> u32 {
        let sealed: u32 = self.sealed().iter().map(|piece| u32::from(piece.count)).sum();
        self.first
            .wrapping_add(sealed)
            .wrapping_add(u32::from(self.open.count()))
    }
}

#[inline]
fn crosses_border(last_ms: i64, time: i64) -> bool {
    last_ms.div_euclid(PIECE_BORDER_MS) != time.div_euclid(PIECE_BORDER_MS)
}

/// Appends the samples of a piece that are within `range` and before position `until`; false at its end.
#[inline]
fn read_piece(
    reader: PieceReader<'_>,
    position: &mut u32,
    until: u32,
    range: (i64, i64),
    out: &mut SeriesSamples,
) -> bool {
    for (time, bits) in reader {
        if *position == until || time > range.1 {
            return false;
        }
        *position = position.wrapping_add(1);
        if time >= range.0 {
            out.timestamps.push(time);
            out.values.push(f64::from_bits(bits));
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_small() {
        assert_eq!(size_of::<Option<SeriesState>>(), 80);
    }
}
