//! Expressions of native histograms, and numbers that are made of them.

use super::Generator;
use crate::differential::catalog::{LABELS, NATIVE};

/// Functions that make histograms of histograms.
const OVER_RANGES: &[&str] = &[
    "rate",
    "increase",
    "delta",
    "rate",
    "increase",
    "irate",
    "idelta",
    "sum_over_time",
    "avg_over_time",
    "last_over_time",
];
/// Functions that make numbers of a range of histograms.
const NUMBERS_OVER_RANGES: &[&str] = &[
    "count_over_time",
    "present_over_time",
    "resets",
    "changes",
    "min_over_time",
    "stddev_over_time",
    "deriv",
    "absent_over_time",
    "ts_of_last_over_time",
];
/// Functions that make a number of a histogram.
const NUMBERS: &[&str] = &[
    "histogram_count",
    "histogram_sum",
    "histogram_avg",
    "histogram_stddev",
    "histogram_stdvar",
    "timestamp",
    "abs",
    "absent",
    "sort",
];

impl Generator {
    /// A vector of histograms.
    pub(super) fn histograms(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.native_selector();
        }
        let inner = depth - 1;
        match self.random.below(12) {
            0..=4 => {
                let function = self.random.pick(OVER_RANGES);
                format!("{function}({})", self.native_matrix(inner))
            }
            5 | 6 => {
                let function = self
                    .random
                    .pick(&["sum", "avg", "sum", "avg", "group", "count", "min"]);
                let label = self.random.pick(LABELS);
                let grouping = self.random.pick(&["by", "without"]);
                format!("{function} {grouping} ({label}) ({})", self.histograms(inner))
            }
            7 => {
                let (left, right) = (self.histograms(inner), self.histograms(inner));
                let operator = self
                    .random
                    .pick(&["+", "-", "+", "-", "==", "!=", "*", "and", "or", "unless"]);
                format!("({left}) {operator} ({right})")
            }
            8 => {
                let operator = self.random.pick(&["*", "/", "*", "/", "+", ">"]);
                format!("({}) {operator} {}", self.histograms(inner), self.number())
            }
            9 => format!("{} * ({})", self.number(), self.histograms(inner)),
            10 => format!("-({})", self.histograms(inner)),
            _ => self.native_selector(),
        }
    }

    /// A vector of numbers that are made of histograms.
    pub(super) fn of_native(&mut self, depth: usize) -> String {
        match self.random.below(10) {
            0..=2 => {
                let quantile = self.fraction();
                format!("histogram_quantile({quantile}, {})", self.histograms(depth))
            }
            3 => {
                let (lower, upper) = (self.number(), self.number());
                format!("histogram_fraction({lower}, {upper}, {})", self.histograms(depth))
            }
            4 | 5 => {
                let function = self.random.pick(NUMBERS_OVER_RANGES);
                format!("{function}({})", self.native_matrix(depth))
            }
            6 => {
                let label = self.random.pick(&["value", "job"]);
                format!("count_values(\"{label}\", {})", self.histograms(depth))
            }
            _ => {
                let function = self.random.pick(NUMBERS);
                format!("{function}({})", self.histograms(depth))
            }
        }
    }

    fn native_selector(&mut self) -> String {
        let name = self.random.pick(NATIVE);
        let selector = self.selector(name);
        self.with_modifiers(selector, 8)
    }

    fn native_matrix(&mut self, depth: usize) -> String {
        if depth > 0 && self.random.once_in(5) {
            let inner = self.histograms(depth - 1);
            return format!("({inner})[5m:1m]");
        }
        let name = self.random.pick(NATIVE);
        let range = self.random.pick(&["30s", "1m", "2m", "5m", "10m", "17s"]);
        let selector = self.selector(name);
        self.with_modifiers(format!("{selector}[{range}]"), 8)
    }
}
