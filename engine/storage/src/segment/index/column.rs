//! One label's column: its distinct values, sorted, and a code for each series that has the label.

use std::ops::Range;

/// A label's values over the series that have it, in series order.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    text: String,
    /// Where each value ends in `text`; values ascend.
    ends: Vec<u32>,
    codes: Codes,
}

/// Codes as narrow as the number of values allows.
#[derive(Debug)]
enum Codes {
    One(Vec<u8>),
    Two(Vec<u16>),
    Four(Vec<u32>),
}

impl Column {
    /// `codes` index `values`, which are sorted and distinct. `None` when the values pass 4 GiB.
    pub(super) fn new(name: String, values: &[&str], codes: Vec<u32>) -> Option<Self> {
        let mut text = String::with_capacity(values.iter().map(|v| v.len()).sum());
        let mut ends = Vec::with_capacity(values.len());
        for value in values {
            text.push_str(value);
            ends.push(u32::try_from(text.len()).ok()?);
        }
        let codes = match values.len() {
            0..=0x100 => Codes::One(codes.into_iter().map(|code| code as u8).collect()),
            0x101..=0x1_0000 => Codes::Two(codes.into_iter().map(|code| code as u16).collect()),
            _ => Codes::Four(codes),
        };
        Some(Self {
            name,
            text,
            ends,
            codes,
        })
    }

    #[inline]
    pub(super) fn code(&self, at: u32) -> u32 {
        match &self.codes {
            Codes::One(codes) => codes[at as usize].into(),
            Codes::Two(codes) => codes[at as usize].into(),
            Codes::Four(codes) => codes[at as usize],
        }
    }

    /// Appends those places of `at` that have `code`, less `at.start`.
    pub(super) fn places_of(&self, code: u32, at: Range<u32>, places: &mut Vec<u32>) {
        fn find<T: Copy + PartialEq>(codes: &[T], code: T, places: &mut Vec<u32>) {
            places.extend(
                (0u32..)
                    .zip(codes)
                    .filter(|(_, one)| **one == code)
                    .map(|(place, _)| place),
            );
        }
        let at = at.start as usize..at.end as usize;
        match &self.codes {
            Codes::One(codes) => find(&codes[at], code as u8, places),
            Codes::Two(codes) => find(&codes[at], code as u16, places),
            Codes::Four(codes) => find(&codes[at], code, places),
        }
    }

    pub(super) fn values_len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn value_of_code(&self, code: u32) -> &str {
        let code = code as usize;
        let start = if code == 0 { 0 } else { self.ends[code - 1] };
        &self.text[start as usize..self.ends[code] as usize]
    }

    pub(super) fn value(&self, at: u32) -> &str {
        self.value_of_code(self.code(at))
    }

    /// Code of `value`.
    pub(super) fn find(&self, value: &str) -> Option<u32> {
        let (mut low, mut high) = (0, self.ends.len() as u32);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.value_of_code(middle).cmp(value) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let codes = match &self.codes {
            Codes::One(codes) => size_of_val(codes.as_slice()),
            Codes::Two(codes) => size_of_val(codes.as_slice()),
            Codes::Four(codes) => size_of_val(codes.as_slice()),
        };
        self.name.len() + self.text.len() + size_of_val(self.ends.as_slice()) + codes
    }
}
