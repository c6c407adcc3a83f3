//! One cached line: what its bytes stand for, in 40 bytes.

use engine_model::SeriesRef;

use super::key::Key;

/// Names a line of the cache during one scrape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scrape) struct LineId(pub(super) u32);

impl LineId {
    /// Position in the cache.
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a line stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scrape) enum LineSeries {
    /// A series of the table.
    Known(SeriesRef),
    /// A series that gets its reference when the running scrape succeeds, so that failing scrapes leave
    /// nothing in the table; the number of its labels among those of the scrape.
    Pending(usize),
    /// Dropped by metric relabelling.
    Dropped,
    /// Not taken because the job has as many series as it may.
    OverLimit,
    /// Its first value was only what later ones are counted from: the series gets its reference with its first
    /// sample that is stored, so that one which is exposed once leaves nothing in the table.
    Awaited,
}

const DROPPED: u32 = 1;
const PENDING: u32 = 1 << 1;
const OVER_LIMIT: u32 = 1 << 2;
const AWAITED: u32 = 1 << 9;
/// Which of the bits above say what `series` means.
const KIND: u32 = DROPPED | PENDING | OVER_LIMIT | AWAITED;
/// The running scrape has met the line.
pub(super) const SEEN: u32 = 1 << 3;
/// The latest successful scrape had a sample that gets a stale marker when the series vanishes.
pub(super) const TRACKED: u32 = 1 << 4;
/// The running scrape has such a sample.
pub(super) const TRACKED_NOW: u32 = 1 << 5;
/// The series holds native histograms.
pub(super) const HISTOGRAM: u32 = 1 << 6;
/// The series counts up from zero.
pub(super) const COUNTER: u32 = 1 << 7;
/// `extra` is a start timestamp.
pub(super) const STARTED: u32 = 1 << 8;
/// The series is cumulative by the type of its family; noted only where starts are synthesized.
pub(super) const CUMULATIVE: u32 = 1 << 10;

/// A line of the latest successful scrape.
#[derive(Debug, Clone, Copy)]
pub(in crate::scrape) struct Line {
    pub(super) key: Key,
    series: u64,
    /// The start timestamp in ms under [`STARTED`], otherwise the bits of a counter's latest value.
    extra: u64,
    /// Bytes that the key stands for.
    pub(super) len: u32,
    pub(super) flags: u32,
}

impl Line {
    pub(super) fn new(key: Key, len: usize, series: LineSeries) -> Self {
        let mut line = Self {
            key,
            series: 0,
            extra: 0,
            // A line of 4 GiB is never guessed, because no body is that long.
            len: u32::try_from(len).unwrap_or(0),
            flags: SEEN,
        };
        line.set_series(series);
        line
    }

    #[inline]
    pub(in crate::scrape) fn series(&self) -> LineSeries {
        match self.flags & KIND {
            0 => LineSeries::Known(SeriesRef(self.series)),
            PENDING => LineSeries::Pending(self.series as usize),
            DROPPED => LineSeries::Dropped,
            AWAITED => LineSeries::Awaited,
            _ => LineSeries::OverLimit,
        }
    }

    pub(super) fn set_series(&mut self, series: LineSeries) {
        let (kind, number) = match series {
            LineSeries::Known(series) => (0, series.0),
            LineSeries::Pending(number) => (PENDING, number as u64),
            LineSeries::Dropped => (DROPPED, 0),
            LineSeries::OverLimit => (OVER_LIMIT, 0),
            LineSeries::Awaited => (AWAITED, 0),
        };
        self.flags = self.flags & !KIND | kind;
        self.series = number;
    }

    #[inline]
    pub(super) fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Whether a series stands behind the line.
    pub(in crate::scrape) fn holds_series(&self) -> bool {
        !self.has(DROPPED | OVER_LIMIT)
    }

    /// The key of the bytes.
    pub(in crate::scrape) fn key(&self) -> Key {
        self.key
    }

    /// Whether the series counts up from zero.
    #[inline]
    pub(in crate::scrape) fn is_counter(&self) -> bool {
        self.has(COUNTER)
    }

    /// Whether the series is cumulative by the type of its family.
    #[inline]
    pub(in crate::scrape) fn is_cumulative(&self) -> bool {
        self.has(CUMULATIVE)
    }

    /// The latest value of a counter without a start timestamp.
    pub(in crate::scrape) fn last_value(&self) -> Option<f64> {
        (self.has(COUNTER) && !self.has(STARTED)).then(|| f64::from_bits(self.extra))
    }

    /// Notes a counter's value.
    #[inline]
    pub(super) fn set_last_value(&mut self, value: f64) {
        if !self.has(STARTED) {
            self.extra = value.to_bits();
        }
    }

    /// The start timestamp that was exposed last, in ms since the epoch.
    #[inline]
    pub(in crate::scrape) fn started_ms(&self) -> Option<i64> {
        self.has(STARTED).then_some(self.extra as i64)
    }

    /// Notes the start timestamp.
    pub(super) fn set_started_ms(&mut self, started_ms: i64) {
        self.flags |= STARTED;
        self.extra = started_ms as u64;
    }
}
