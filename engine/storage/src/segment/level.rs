//! Levels: how much time a segment covers and which UTC borders it never crosses once compacted.

/// A segment's level. Compaction moves data upwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Cut from the head; borders are the cut's, and late samples may lie anywhere.
    Cut,
    /// Two hours.
    TwoHours,
    /// One day.
    Day,
}

const HOUR_MS: i64 = 3_600_000;

impl Level {
    /// All levels, lowest first.
    pub const ALL: [Self; 3] = [Self::Cut, Self::TwoHours, Self::Day];

    /// The number in names and files: 0, 1, 2.
    pub fn number(self) -> u8 {
        match self {
            Self::Cut => 0,
            Self::TwoHours => 1,
            Self::Day => 2,
        }
    }

    /// The level with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.number() == number)
    }

    /// Length of the UTC-aligned window that a segment of this level never leaves; a cut has none.
    pub fn window_ms(self) -> Option<i64> {
        match self {
            Self::Cut => None,
            Self::TwoHours => Some(2 * HOUR_MS),
            Self::Day => Some(24 * HOUR_MS),
        }
    }
}
