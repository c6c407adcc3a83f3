//! Which rows of a page have a value: definition levels of one bit, in runs and packed groups of eight.
//! Source: parquet-format, "Run Length Encoding / Bit-Packing Hybrid".

use super::varint;

const BROKEN: &str = "broken definition levels";

/// Which rows have a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Presence {
    /// All of them.
    #[default]
    All,
    /// None of them.
    None,
    /// Those that are true.
    Some(Vec<bool>),
}

impl Presence {
    /// Reads the levels of `rows` rows.
    pub(super) fn parse(mut bytes: &[u8], rows: usize) -> Result<Self, &'static str> {
        let mut present: Vec<bool> = Vec::new();
        let mut done = 0;
        while done < rows {
            let (head, after) = varint(bytes, 0).ok_or(BROKEN)?;
            bytes = &bytes[after..];
            let count = usize::try_from(head >> 1).map_err(|_| BROKEN)?;
            if head & 1 == 0 {
                let level = *bytes.first().filter(|level| **level <= 1).ok_or(BROKEN)? == 1;
                bytes = &bytes[1..];
                let count = count.min(rows - done);
                if count == rows {
                    return Ok(if level { Self::All } else { Self::None });
                }
                if count == 0 {
                    return Err(BROKEN);
                }
                present.resize(done + count, level);
                done += count;
            } else {
                // A page has few rows, so what a length that lies makes of this stays small.
                let groups = bytes
                    .get(..count.min(rows.div_ceil(8)))
                    .filter(|g| !g.is_empty())
                    .ok_or(BROKEN)?;
                let bits = groups
                    .iter()
                    .flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
                present.extend(bits.take(rows - done));
                done = present.len();
                bytes = &bytes[groups.len()..];
            }
        }
        Ok(match present.iter().filter(|p| **p).count() {
            0 if rows > 0 => Self::None,
            all if all == rows => Self::All,
            _ => Self::Some(present),
        })
    }

    /// Bytes of memory besides its own.
    pub(super) fn memory_bytes(&self) -> usize {
        match self {
            Self::All | Self::None => 0,
            Self::Some(present) => present.capacity(),
        }
    }

    /// Number of values of rows `from..until`.
    pub(super) fn count(&self, from: usize, until: usize) -> usize {
        match self {
            Self::All => until - from,
            Self::None => 0,
            Self::Some(present) => present[from..until].iter().filter(|p| **p).count(),
        }
    }

    /// Whether `row` has a value.
    pub(super) fn of(&self, row: usize) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Some(present) => present[row],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_groups() {
        assert_eq!(Presence::parse(&[200, 1, 1], 100), Ok(Presence::All));
        assert_eq!(Presence::parse(&[200, 1, 0], 100), Ok(Presence::None));
        let mixed = Presence::parse(&[4, 1, 3, 0b0000_0101, 6, 0], 10).unwrap();
        let expected = [true, true, true, false, true, false, false, false, false, false];
        assert_eq!(mixed, Presence::Some(expected.to_vec()));
        assert_eq!((mixed.count(1, 5), mixed.of(4), mixed.of(9)), (3, true, false));
        for broken in [&[][..], &[200, 1], &[4, 2], &[3], &[0, 1]] {
            Presence::parse(broken, 100).unwrap_err();
        }
    }
}
