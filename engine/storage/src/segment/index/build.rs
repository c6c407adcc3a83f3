//! Builds the index from series one by one, checking what the rest of the module relies on.

use engine_model::METRIC_NAME;
use hashbrown::HashMap;

use super::column::Column;
use super::{Cell, RowRange, Run, SeriesIndex};

/// Collects series in order. Errors are what is wrong with the table.
#[derive(Debug, Default)]
pub(super) struct IndexBuilder {
    by_name: HashMap<String, u32>,
    columns: Vec<ColumnBuilder>,
    index: SeriesIndex,
    rows: u64,
    histograms: u64,
}

#[derive(Debug, Default)]
struct ColumnBuilder {
    name: String,
    by_value: HashMap<String, u32>,
    codes: Vec<u32>,
}

impl IndexBuilder {
    /// Number of the column of label `name`.
    pub(super) fn column(&mut self, name: &str) -> Result<u32, String> {
        if let Some(&column) = self.by_name.get(name) {
            return Ok(column);
        }
        if name.is_empty() {
            return Err("a label without a name".to_owned());
        }
        let column = self.columns.len() as u32;
        self.columns.push(ColumnBuilder {
            name: name.to_owned(),
            ..ColumnBuilder::default()
        });
        self.by_name.insert(name.to_owned(), column);
        Ok(column)
    }

    /// Provisional code of a value of `column`.
    pub(super) fn code(&mut self, column: u32, value: &str) -> u32 {
        let values = &mut self.columns[column as usize].by_value;
        if let Some(&code) = values.get(value) {
            return code;
        }
        let code = values.len() as u32;
        values.insert(value.to_owned(), code);
        code
    }

    /// Appends series number `number` with its `(column, code)` cells, in any order.
    pub(super) fn push(
        &mut self,
        number: u32,
        cells: &mut [(u32, u32)],
        range: RowRange,
    ) -> Result<(), String> {
        let series = self.index.times.len() as u32;
        if number != series {
            return Err(format!("series {series} calls itself {number}"));
        }
        cells.sort_unstable();
        if cells.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(format!("series {series} has a label twice"));
        }
        let follows = range.first_row == self.rows && range.first_histogram == self.histograms;
        let empty = range.row_count == 0 && range.histogram_count == 0;
        if !follows || empty || range.min_time_ms > range.max_time_ms {
            return Err(format!("series {series} has an impossible row or time range"));
        }
        let index = &mut self.index;
        let open = index
            .runs
            .last()
            .map(|run| &index.cells[run.first_cell as usize..]);
        let same = open.is_some_and(|open| open.iter().map(|c| c.column).eq(cells.iter().map(|c| c.0)));
        if !same {
            index.runs.push(Run {
                first_series: series,
                first_cell: index.cells.len() as u32,
            });
        }
        for &(column, code) in cells.iter() {
            let codes = &mut self.columns[column as usize].codes;
            if !same {
                index.cells.push(Cell {
                    column,
                    codes_at: codes.len() as u32,
                });
            }
            codes.push(code);
        }
        index.first_rows.push(range.first_row);
        index.first_histograms.push(range.first_histogram);
        index.times.push((range.min_time_ms, range.max_time_ms));
        if let Some(divisor) = range.divisor {
            index.divisors.push(divisor)?;
        }
        self.rows = self
            .rows
            .checked_add(range.row_count)
            .ok_or("more rows than can be counted")?;
        self.histograms = self
            .histograms
            .checked_add(range.histogram_count)
            .ok_or("more histograms than can be counted")?;
        Ok(())
    }

    /// Sorts columns and values, and checks that metric names ascend.
    pub(super) fn finish(mut self) -> Result<SeriesIndex, String> {
        let mut order: Vec<u32> = (0..self.columns.len() as u32).collect();
        order.sort_unstable_by(|a, b| {
            self.columns[*a as usize]
                .name
                .cmp(&self.columns[*b as usize].name)
        });
        let mut position = vec![0u32; order.len()];
        for (new, &old) in (0u32..).zip(&order) {
            position[old as usize] = new;
            let column = std::mem::take(&mut self.columns[old as usize]);
            self.index.columns.push(column.finish()?);
        }
        let mut index = self.index;
        index.first_rows.push(self.rows);
        match self.histograms {
            0 => index.first_histograms = Vec::new(),
            rows => index.first_histograms.push(rows),
        }
        for cell in &mut index.cells {
            cell.column = position[cell.column as usize];
        }
        for run in 0..index.runs.len() {
            let start = index.runs[run].first_cell as usize;
            let end = start + index.cells_of(run).len();
            index.cells[start..end].sort_unstable_by_key(|cell| cell.column);
        }
        index.first_rows.shrink_to_fit();
        index.first_histograms.shrink_to_fit();
        index.times.shrink_to_fit();
        index.divisors.shrink_to_fit();
        check_metric_names(&index)?;
        Ok(index)
    }
}

impl ColumnBuilder {
    fn finish(self) -> Result<Column, String> {
        let mut values: Vec<(&str, u32)> = self
            .by_value
            .iter()
            .map(|(v, code)| (v.as_str(), *code))
            .collect();
        values.sort_unstable();
        let mut sorted_code = vec![0u32; values.len()];
        for (new, (_, old)) in (0u32..).zip(&values) {
            sorted_code[*old as usize] = new;
        }
        let codes = self
            .codes
            .iter()
            .map(|&code| sorted_code[code as usize])
            .collect();
        let values: Vec<&str> = values.into_iter().map(|(value, _)| value).collect();
        let name = self.name.clone();
        Column::new(self.name, &values, codes).ok_or_else(|| format!("values of label {name} pass 4 GiB"))
    }
}

/// Searching by metric name relies on the order of series.
fn check_metric_names(index: &SeriesIndex) -> Result<(), String> {
    let name = index.column(METRIC_NAME);
    let mut previous: Option<u32> = None;
    for run in 0..index.runs.len() {
        let cell = index.cells_of(run).iter().find(|cell| Some(cell.column) == name);
        let Some(cell) = cell else {
            if previous.is_some() {
                return Err("a series without a metric name after one that has it".to_owned());
            }
            continue;
        };
        let column = &index.columns[cell.column as usize];
        for offset in 0..index.run_end(run) - index.runs[run].first_series {
            let code = column.code(cell.codes_at + offset);
            if previous.is_some_and(|previous| previous > code) {
                return Err("series are not sorted by metric name".to_owned());
            }
            previous = Some(code);
        }
    }
    Ok(())
}
