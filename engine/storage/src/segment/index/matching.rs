//! Matchers to series numbers: values become codes once, then codes are compared; what a regular expression says to
//! a value is asked when the first series that the other matchers leave has it.

use std::cell::Cell;
use std::cmp::Reverse;
use std::ops::Range;

use engine_model::{METRIC_NAME, MatchOp, Matcher};

use super::SeriesIndex;
use super::column::Column;

/// A matcher resolved against the columns of one segment.
struct Filter<'a> {
    column: Option<u32>,
    matches_absent: bool,
    wanted: Wanted<'a>,
}

/// Which values match.
enum Wanted<'a> {
    /// Those of these codes, ascending.
    Only(Vec<u32>),
    /// All but that of this code.
    AllBut(Option<u32>),
    /// Those that the matcher accepts; judged so far, by code.
    Judged(&'a Matcher, Vec<Cell<Option<bool>>>),
}

/// What is wanted of a column of a run, and where the run's codes begin in it.
type Active<'a> = (&'a Wanted<'a>, &'a Column, u32);

impl Wanted<'_> {
    /// A place in the order in which it is looked at.
    fn cost(&self) -> u8 {
        match self {
            Self::Only(codes) if codes.len() == 1 => 0,
            Self::Only(_) | Self::AllBut(_) => 1,
            Self::Judged(..) => 2,
        }
    }

    /// The only code that matches, if there is just one.
    fn only(&self) -> Option<u32> {
        match self {
            Self::Only(codes) => match codes.as_slice() {
                [only] => Some(*only),
                _ => None,
            },
            Self::AllBut(_) | Self::Judged(..) => None,
        }
    }

    fn has(&self, column: &Column, code: u32) -> bool {
        match self {
            Self::Only(codes) => codes.binary_search(&code).is_ok(),
            Self::AllBut(unwanted) => Some(code) != *unwanted,
            Self::Judged(matcher, judged) => {
                let judgement = &judged[code as usize];
                let matches = judgement
                    .get()
                    .unwrap_or_else(|| matcher.matches(column.value_of_code(code)));
                judgement.set(Some(matches));
                matches
            }
        }
    }
}

impl SeriesIndex {
    /// Series that satisfy all of `matchers`, ascending.
    pub(in crate::segment) fn matching(&self, matchers: &[Matcher]) -> Vec<u32> {
        let (from, until) = self.name_range(matchers);
        if from >= until {
            return Vec::new();
        }
        let mut filters: Vec<Filter<'_>> = matchers.iter().map(|matcher| self.filter(matcher)).collect();
        // The one that leaves the fewest comes first, as far as numbers of values tell; regular expressions come last.
        filters.sort_by_key(|filter| (filter.wanted.cost(), Reverse(self.values_of(filter.column))));
        let mut found = Vec::new();
        let mut run = self.run_of(from);
        while run < self.runs.len() && self.runs[run].first_series < until {
            let start = self.runs[run].first_series;
            let members = start.max(from)..self.run_end(run).min(until);
            if let Some(active) = self.active_filters(run, &filters) {
                select(&active, start, members, &mut found);
            }
            run += 1;
        }
        found
    }

    /// The filters that look at a label which the run has; `None` when the run as a whole fails.
    fn active_filters<'a>(&'a self, run: usize, filters: &'a [Filter<'_>]) -> Option<Vec<Active<'a>>> {
        let cells = self.cells_of(run);
        let mut active = Vec::with_capacity(filters.len());
        for filter in filters {
            match cells.iter().find(|cell| Some(cell.column) == filter.column) {
                Some(cell) => {
                    let column = &self.columns[cell.column as usize];
                    active.push((&filter.wanted, column, cell.codes_at));
                }
                None if filter.matches_absent => {}
                None => return None,
            }
        }
        Some(active)
    }

    /// Number of values of a column.
    fn values_of(&self, column: Option<u32>) -> usize {
        column.map_or(0, |column| self.columns[column as usize].values_len())
    }

    fn filter<'a>(&self, matcher: &'a Matcher) -> Filter<'a> {
        let index = self.column(&matcher.name);
        let column = index.map(|index| &self.columns[index as usize]);
        let code = |value: &str| column.and_then(|column| column.find(value));
        let wanted = match (matcher.set_matches(), matcher.op) {
            (Some(values), _) => {
                let mut codes: Vec<u32> = values.into_iter().filter_map(code).collect();
                codes.sort_unstable();
                Wanted::Only(codes)
            }
            (None, MatchOp::NotEqual) => Wanted::AllBut(code(&matcher.value)),
            (None, _) => {
                let values = column.map_or(0, Column::values_len);
                Wanted::Judged(matcher, vec![Cell::new(None); values])
            }
        };
        Filter {
            column: index,
            matches_absent: matcher.matches_empty(),
            wanted,
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
        if name.value.is_empty() {
            return all;
        }
        let wanted = self
            .column(METRIC_NAME)
            .and_then(|column| Some((column, self.columns[column as usize].find(&name.value)?)));
        let Some((column, code)) = wanted else {
            return (0, 0);
        };
        // Codes ascend with values; series without a name come first, as nothing comes before something.
        let from = partition_point(all, |series| self.code_in(column, series) < Some(code));
        let until = partition_point(all, |series| self.code_in(column, series) <= Some(code));
        (from, until)
    }
}

/// Appends those of `members` that all of `active` accept; their run begins with the series `start`.
fn select(active: &[Active<'_>], start: u32, members: Range<u32>, found: &mut Vec<u32>) {
    let accepted = |series: &u32, active: &[Active<'_>]| {
        active
            .iter()
            .all(|&(wanted, column, codes_at)| wanted.has(column, column.code(codes_at + (series - start))))
    };
    let Some((&(first, column, codes_at), others)) = active.split_first() else {
        found.extend(members);
        return;
    };
    let Some(only) = first.only() else {
        found.extend(members.filter(|series| accepted(series, active)));
        return;
    };
    let mut places = Vec::new();
    let at = codes_at + (members.start - start)..codes_at + (members.end - start);
    column.places_of(only, at, &mut places);
    let series = places.into_iter().map(|place| members.start + place);
    found.extend(series.filter(|series| accepted(series, others)));
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
