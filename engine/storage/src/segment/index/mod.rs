//! The table of series in memory: labels column by column as codes of one, two or four bytes into the
//! column's sorted values, some 20 to 50 bytes a series. Consecutive series with the same label names form
//! a run, so that a label is found without a search through the columns that a series does not have.

mod build;
mod column;
mod divisors;
mod load;
mod matching;

use std::collections::BTreeSet;

use engine_model::Labels;

use column::Column;
use divisors::Divisors;
pub(super) use load::load;

/// Where the samples of one series are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowRange {
    /// First row in `samples.parquet`.
    pub first_row: u64,
    /// Number of rows.
    pub row_count: u64,
    /// First row in `histograms.parquet`.
    pub first_histogram: u64,
    /// Number of rows there.
    pub histogram_count: u64,
    /// Time of the first sample of either kind, ms since the epoch.
    pub min_time_ms: i64,
    /// Time of the last sample of either kind, ms since the epoch.
    pub max_time_ms: i64,
    /// What integers are divided by in all rows of the series; `None` where only the rows say it, in segments
    /// before 1.3 and 2.2.
    pub divisor: Option<f64>,
}

/// All series of a segment, numbered from 0 in storage order.
#[derive(Debug, Default)]
pub(super) struct SeriesIndex {
    /// Ascending by name.
    columns: Vec<Column>,
    runs: Vec<Run>,
    /// The columns of each run, ascending.
    cells: Vec<Cell>,
    /// First row of each series, then the number of rows of all.
    first_rows: Vec<u64>,
    /// The same for `histograms.parquet`; empty where that is not.
    first_histograms: Vec<u64>,
    times: Vec<(i64, i64)>,
    divisors: Divisors,
}

/// Consecutive series that have the same label names.
#[derive(Debug, Clone, Copy)]
struct Run {
    first_series: u32,
    first_cell: u32,
}

/// One column of a run: the code of its first series is at `codes_at`, the others follow.
#[derive(Debug, Clone, Copy)]
struct Cell {
    column: u32,
    codes_at: u32,
}

impl SeriesIndex {
    pub(super) fn series_count(&self) -> u32 {
        self.times.len() as u32
    }

    pub(super) fn sample_count(&self) -> u64 {
        self.first_rows.last().copied().unwrap_or(0)
    }

    pub(super) fn histogram_count(&self) -> u64 {
        self.first_histograms.last().copied().unwrap_or(0)
    }

    pub(super) fn row_range(&self, series: u32) -> RowRange {
        let i = series as usize;
        let (min_time_ms, max_time_ms) = self.times[i];
        let first_histogram = self.first_histograms.get(i).copied().unwrap_or(0);
        let next_histogram = self.first_histograms.get(i + 1).copied().unwrap_or(0);
        RowRange {
            first_row: self.first_rows[i],
            row_count: self.first_rows[i + 1] - self.first_rows[i],
            first_histogram,
            histogram_count: next_histogram - first_histogram,
            min_time_ms,
            max_time_ms,
            divisor: self.divisors.of(i),
        }
    }

    /// Times of the oldest and the newest sample.
    pub(super) fn time_range(&self) -> Option<(i64, i64)> {
        let min = self.times.iter().map(|(min, _)| *min).min()?;
        let max = self.times.iter().map(|(_, max)| *max).max()?;
        Some((min, max))
    }

    pub(super) fn labels(&self, series: u32) -> Labels {
        let run = self.run_of(series);
        let offset = series - self.runs[run].first_series;
        // Names ascend and values are not empty: checked when loaded.
        Labels::from_ordered(self.cells_of(run).iter().map(|cell| {
            let column = &self.columns[cell.column as usize];
            (column.name.as_str(), column.value(cell.codes_at + offset))
        }))
    }

    /// Names that at least one of `series` has.
    pub(super) fn label_names(&self, series: &[u32]) -> BTreeSet<String> {
        let mut seen = vec![false; self.columns.len()];
        for (run, _) in self.by_run(series) {
            for cell in self.cells_of(run) {
                seen[cell.column as usize] = true;
            }
        }
        let seen = self.columns.iter().zip(seen).filter(|(_, seen)| *seen);
        seen.map(|(column, _)| column.name.clone()).collect()
    }

    /// Values of label `name` among `series`.
    pub(super) fn label_values(&self, name: &str, series: &[u32]) -> BTreeSet<String> {
        let Some(index) = self.column(name) else {
            return BTreeSet::new();
        };
        let column = &self.columns[index as usize];
        let mut seen = vec![false; column.values_len()];
        for (run, members) in self.by_run(series) {
            if let Some(cell) = self.cells_of(run).iter().find(|cell| cell.column == index) {
                for &member in members {
                    let at = cell.codes_at + (member - self.runs[run].first_series);
                    seen[column.code(at) as usize] = true;
                }
            }
        }
        let codes = (0u32..).zip(seen).filter(|(_, seen)| *seen);
        codes
            .map(|(code, _)| column.value_of_code(code).to_owned())
            .collect()
    }

    /// Bytes of memory held.
    pub(super) fn memory_bytes(&self) -> usize {
        self.columns.iter().map(Column::memory_bytes).sum::<usize>()
            + size_of_val(self.runs.as_slice())
            + size_of_val(self.cells.as_slice())
            + size_of_val(self.first_rows.as_slice())
            + size_of_val(self.first_histograms.as_slice())
            + size_of_val(self.times.as_slice())
            + self.divisors.memory_bytes()
    }

    fn column(&self, name: &str) -> Option<u32> {
        self.columns
            .binary_search_by(|c| c.name.as_str().cmp(name))
            .ok()
            .map(|i| i as u32)
    }

    fn run_of(&self, series: u32) -> usize {
        self.runs.partition_point(|run| run.first_series <= series) - 1
    }

    fn run_end(&self, run: usize) -> u32 {
        self.runs
            .get(run + 1)
            .map_or(self.series_count(), |next| next.first_series)
    }

    fn cells_of(&self, run: usize) -> &[Cell] {
        let end = self
            .runs
            .get(run + 1)
            .map_or(self.cells.len(), |next| next.first_cell as usize);
        &self.cells[self.runs[run].first_cell as usize..end]
    }

    /// Splits ascending series numbers into those of each run.
    fn by_run<'a>(&'a self, mut series: &'a [u32]) -> impl Iterator<Item = (usize, &'a [u32])> {
        std::iter::from_fn(move || {
            let run = self.run_of(*series.first()?);
            let end = self.run_end(run);
            let (members, rest) = series.split_at(series.partition_point(|&s| s < end));
            series = rest;
            Some((run, members))
        })
    }

    /// Code of the value that `series` has in `column`.
    fn code_in(&self, column: u32, series: u32) -> Option<u32> {
        let run = self.run_of(series);
        let cell = self.cells_of(run).iter().find(|cell| cell.column == column)?;
        let at = cell.codes_at + (series - self.runs[run].first_series);
        Some(self.columns[column as usize].code(at))
    }
}
