//! Matchers to series numbers: each distinct value is judged once, then codes are compared.

use engine_model::{METRIC_NAME, MatchOp, Matcher};

use super::SeriesIndex;

/// A matcher resolved against the columns of one segment.
struct Filter {
    column: Option<u32>,
    matches_absent: bool,
    /// By code of the column.
    allowed: Vec<bool>,
}

impl SeriesIndex {
    /// Series that satisfy all of `matchers`, ascending.
    pub(in crate::segment) fn matching(&self, matchers: &[Matcher]) -> Vec<u32> {
        let (from, until) = self.name_range(matchers);
        if from >= until {
            return Vec::new();
        }
        let filters: Vec<Filter> = matchers.iter().map(|matcher| self.filter(matcher)).collect();
        let mut found = Vec::new();
        let mut run = self.run_of(from);
        while run < self.runs.len() && self.runs[run].first_series < until {
            let start = self.runs[run].first_series;
            let members = start.max(from)..self.run_end(run).min(until);
            if let Some(active) = self.active_filters(run, &filters) {
                found.extend(members.filter(|&series| {
                    active.iter().all(|&(filter, column, codes_at)| {
                        let code = self.columns[column as usize].code(codes_at + (series - start));
                        filter.allowed[code as usize]
                    })
                }));
            }
            run += 1;
        }
        found
    }

    /// The filters that look at a label which the run has; `None` when the run as a whole fails.
    fn active_filters<'a>(&self, run: usize, filters: &'a [Filter]) -> Option<Vec<(&'a Filter, u32, u32)>> {
        let cells = self.cells_of(run);
        let mut active = Vec::with_capacity(filters.len());
        for filter in filters {
            match cells.iter().find(|cell| Some(cell.column) == filter.column) {
                Some(cell) => active.push((filter, cell.column, cell.codes_at)),
                None if filter.matches_absent => {}
                None => return None,
            }
        }
        Some(active)
    }

    fn filter(&self, matcher: &Matcher) -> Filter {
        let column = self.column(&matcher.name);
        let mut allowed = Vec::new();
        if let Some(index) = column {
            let column = &self.columns[index as usize];
            allowed.resize(column.values_len(), false);
            match matcher.set_matches() {
                Some(values) => {
                    for code in values.into_iter().filter_map(|value| column.find(value)) {
                        allowed[code as usize] = true;
                    }
                }
                None => {
                    for (code, allowed) in (0u32..).zip(&mut allowed) {
                        *allowed = matcher.matches(column.value_of_code(code));
                    }
                }
            }
        }
        Filter {
            column,
            matches_absent: matcher.matches_empty(),
            allowed,
        }
    }

    /// Series are sorted by metric name, so `__name__="…"` leaves one range of them.
    fn name_range(&self, matchers: &[Matcher]) -> (u32, u32) {
        let all = (0, self.series_count());
        let Some(name) = matchers
            .iter()
            .find(|m| m.op == MatchOp::Equal && m.name == METRIC_NAME)
        else {
            return all;
        };
        let from = partition_point(all, |series| self.metric_name(series) < name.value.as_str());
        let until = partition_point(all, |series| self.metric_name(series) <= name.value.as_str());
        (from, until)
    }
}

/// First number of the range for which `before` is false.
fn partition_point((mut low, mut high): (u32, u32), before: impl Fn(u32) -> bool) -> u32 {
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
