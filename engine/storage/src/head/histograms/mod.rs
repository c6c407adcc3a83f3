//! A series' native histograms in the head: pieces of up to 60, each histogram as a difference to the one
//! before where their buckets are laid out alike, so that a usual one costs a few bytes a bucket less than one.

mod codec;

use std::sync::Arc;

use engine_model::Histogram;

pub(crate) use codec::{put_histogram, take_histogram};

use crate::wal::bytes::{Input, put_sv};

/// Histograms of a piece: reading one decodes those before it.
const PIECE_HISTOGRAMS_MAX: u16 = 60;

/// Consecutive histograms of one series as bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct HistogramPiece {
    /// Time of the newest one.
    pub(crate) max_ms: i64,
    pub(crate) count: u16,
    pub(crate) bytes: Vec<u8>,
}

/// Histograms of one series that are in memory, in time order.
#[derive(Debug, Default)]
pub(crate) struct HistogramRun {
    /// Position of the oldest one.
    pub(crate) first: u32,
    pub(crate) pieces: Vec<HistogramPiece>,
    /// The newest one ever accepted; the next one is compared and encoded against it.
    pub(crate) last: Option<Arc<Histogram>>,
    /// Whether the series' newest sample is [`HistogramRun::last`].
    pub(crate) is_newest: bool,
    /// Whether the newest piece takes no more.
    sealed: bool,
}

impl HistogramRun {
    pub(crate) fn len(&self) -> usize {
        self.pieces.iter().map(|piece| usize::from(piece.count)).sum()
    }

    /// Position after the newest one.
    pub(crate) fn end(&self) -> u32 {
        self.first.wrapping_add(self.len() as u32)
    }

    /// The next histogram begins a new piece.
    pub(crate) fn seal(&mut self) {
        self.sealed = true;
    }

    /// Appends one that is newer than all others.
    pub(crate) fn push(&mut self, time: i64, histogram: &Arc<Histogram>) {
        let fits = |piece: &HistogramPiece| piece.count < PIECE_HISTOGRAMS_MAX;
        if self.sealed || !self.pieces.last().is_some_and(fits) {
            self.pieces.push(HistogramPiece::default());
            self.sealed = false;
        }
        if let Some(piece) = self.pieces.last_mut() {
            let before = self.last.as_deref().filter(|_| piece.count > 0);
            piece.bytes.reserve_exact(64);
            put_sv(&mut piece.bytes, time.wrapping_sub(piece.max_ms));
            put_histogram(&mut piece.bytes, histogram, before);
            piece.max_ms = time;
            piece.count += 1;
        }
        self.last = Some(Arc::clone(histogram));
        self.is_newest = true;
    }

    /// Puts back the pieces and the newest histogram of a checkpoint.
    pub(crate) fn restore(
        pieces: Vec<HistogramPiece>,
        last: Option<Arc<Histogram>>,
        is_newest: bool,
    ) -> Self {
        Self {
            first: 0,
            pieces,
            last,
            is_newest,
            sealed: true,
        }
    }

    /// Hands those before position `until` and within `[min_ms, max_ms]` to `visit`, oldest first.
    pub(crate) fn visit(
        &self,
        until: u32,
        min_ms: i64,
        max_ms: i64,
        mut visit: impl FnMut(i64, Arc<Histogram>),
    ) {
        let mut position = self.first;
        for piece in &self.pieces {
            if piece.max_ms < min_ms {
                position = position.wrapping_add(u32::from(piece.count));
                continue;
            }
            for (time, histogram) in piece.reader() {
                if time > max_ms || position == until {
                    return;
                }
                if time >= min_ms {
                    visit(time, histogram);
                }
                position = position.wrapping_add(1);
            }
        }
    }

    /// Time of the oldest one in memory.
    pub(crate) fn first_ms(&self) -> Option<i64> {
        Some(self.pieces.first()?.reader().next()?.0)
    }

    /// Time of the oldest one at or after `from_ms`.
    pub(crate) fn first_at_or_after(&self, from_ms: i64) -> Option<i64> {
        let pieces = self.pieces.iter().filter(|piece| piece.max_ms >= from_ms);
        let mut times = pieces.flat_map(HistogramPiece::reader).map(|(time, _)| time);
        times.find(|&time| time >= from_ms)
    }

    /// Drops pieces that end before `border_ms`.
    pub(crate) fn trim(&mut self, border_ms: i64) {
        let passed = self.pieces.partition_point(|piece| piece.max_ms < border_ms);
        let dropped = self
            .pieces
            .drain(..passed)
            .map(|piece| u32::from(piece.count))
            .sum::<u32>();
        self.first = self.first.wrapping_add(dropped);
    }

    /// Bytes of memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        let pieces = self
            .pieces
            .iter()
            .map(|piece| piece.bytes.capacity() + size_of::<HistogramPiece>());
        pieces.sum::<usize>() + self.last.as_ref().map_or(0, |last| last.memory_bytes())
    }
}

impl HistogramPiece {
    /// Its histograms, oldest first; damaged bytes end the reading.
    pub(crate) fn reader(&self) -> impl Iterator<Item = (i64, Arc<Histogram>)> + '_ {
        let mut input = Input::new(&self.bytes);
        let mut time = 0i64;
        let mut before: Option<Arc<Histogram>> = None;
        (0..self.count).map_while(move |_| {
            time = time.wrapping_add(input.sv()?);
            let histogram = Arc::new(take_histogram(&mut input, before.as_deref())?);
            before = Some(Arc::clone(&histogram));
            Some((time, histogram))
        })
    }
}

#[cfg(test)]
mod tests;
