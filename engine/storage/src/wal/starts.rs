//! When what the samples of a batch record count began: rows of the record that say so. Rows count floats, then
//! histograms, then late samples, each in the record's order.

use engine_model::SampleBatch;

use super::bytes::{Input, put_sv, put_uv};
use crate::head::Checked;

/// Rows and starts (ms since the epoch, not 0), by row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RecordStarts(Vec<(usize, i64)>);

impl RecordStarts {
    /// What `checked` took of `batch`, or all of it.
    pub(super) fn of(batch: &SampleBatch, checked: Option<&Checked>) -> Self {
        if batch.float_starts().is_empty() && batch.histogram_starts().is_empty() {
            return Self::default();
        }
        let all: Vec<i64> = match checked {
            None => whole(batch),
            Some(checked) => taken(batch, checked),
        };
        let said = all.into_iter().enumerate().filter(|(_, start)| *start != 0);
        Self(said.collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        put_uv(out, self.0.len() as u64);
        let (mut next, mut before) = (0, 0i64);
        for &(row, start_ms) in &self.0 {
            put_uv(out, (row - next) as u64);
            put_sv(out, start_ms.wrapping_sub(before));
            (next, before) = (row + 1, start_ms);
        }
    }

    /// Reads the starts of a record of `rows` rows.
    pub(super) fn take(input: &mut Input<'_>, rows: usize) -> Option<Self> {
        let count = input.count(2)?;
        let mut starts = Vec::with_capacity(count);
        let (mut next, mut before) = (0usize, 0i64);
        for _ in 0..count {
            let row = next.checked_add(usize::try_from(input.uv()?).ok()?)?;
            before = before.wrapping_add(input.sv()?);
            if row >= rows || before == 0 {
                return None;
            }
            starts.push((row, before));
            next = row + 1;
        }
        Some(Self(starts))
    }

    /// For asking row by row.
    pub(crate) fn cursor(&self) -> Cursor<'_> {
        Cursor {
            rest: &self.0,
            next: self.0.first().map_or(usize::MAX, |(row, _)| *row),
        }
    }

    /// The starts of rows `from..from + count`, 0 where a row says nothing; empty when none does.
    pub(crate) fn column(&self, from: usize, count: usize) -> Vec<i64> {
        let of = from..from + count;
        let mut column = Vec::new();
        for &(row, start_ms) in self.0.iter().filter(|(row, _)| of.contains(row)) {
            column.resize(row - from, 0);
            column.push(start_ms);
        }
        column
    }
}

/// Asks for rows in ascending order.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [(usize, i64)],
    /// The next row that says something.
    next: usize,
}

impl Cursor<'_> {
    /// The start of `row`.
    #[inline]
    pub(crate) fn of(&mut self, row: usize) -> Option<i64> {
        if row < self.next {
            return None;
        }
        self.step(row)
    }

    fn step(&mut self, row: usize) -> Option<i64> {
        let passed = self.rest.partition_point(|(at, _)| *at < row);
        self.rest = &self.rest[passed..];
        let found = self.rest.first().filter(|(at, _)| *at == row);
        let start_ms = found.map(|(_, start_ms)| *start_ms);
        let later = self.rest.get(usize::from(start_ms.is_some()));
        self.next = later.map_or(usize::MAX, |(at, _)| *at);
        start_ms
    }
}

/// An entry a row; rows at the end that say nothing may be missing.
fn whole(batch: &SampleBatch) -> Vec<i64> {
    let mut all = batch.float_starts().to_vec();
    all.resize(batch.len(), 0);
    all.extend_from_slice(batch.histogram_starts());
    all
}

fn taken(batch: &SampleBatch, checked: &Checked) -> Vec<i64> {
    let float = |row: usize| batch.float_starts().get(row).copied().unwrap_or(0);
    let mut all: Vec<i64> = checked.rows_in_order(batch).map(|(row, _)| float(row)).collect();
    let histograms = |late: bool| {
        let taken = checked.histograms.iter();
        taken
            .filter(move |taken| taken.late.is_some() == late)
            .map(|taken| taken.start_ms)
    };
    all.extend(histograms(false));
    all.extend(checked.late.iter().map(|late| float(late.row as usize)));
    all.extend(histograms(true));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_and_damage_is_refused() {
        let starts = RecordStarts(vec![(0, 5), (3, 5), (4, -7), (9, 1_700_000_000_000)]);
        let mut bytes = Vec::new();
        starts.put(&mut bytes);
        let take = |rows| RecordStarts::take(&mut Input::new(&bytes), rows);
        assert_eq!(take(10).as_ref(), Some(&starts));
        assert_eq!(take(9), None, "a row that the record does not have");
        let mut cursor = starts.cursor();
        let asked: Vec<Option<i64>> = (0..10).map(|row| cursor.of(row)).collect();
        for (row, found) in asked.iter().enumerate() {
            let expected = starts
                .0
                .iter()
                .find(|(at, _)| *at == row)
                .map(|(_, start)| *start);
            assert_eq!(*found, expected, "row {row}");
        }
        let mut skipping = starts.cursor();
        assert_eq!(
            [skipping.of(4), skipping.of(8), skipping.of(9)],
            [Some(-7), None, Some(1_700_000_000_000)]
        );
        assert_eq!(starts.column(2, 4), [0, 5, -7]);
        assert_eq!(starts.column(5, 2), [0i64; 0]);
    }
}
