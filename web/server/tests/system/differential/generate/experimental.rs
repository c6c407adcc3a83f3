//! What 3.5 has behind flags: experimental functions and aggregations, and arithmetic in durations.

use super::Generator;
use crate::differential::catalog::GAUGES;

const OVER_RANGES: &[&str] = &[
    "mad_over_time",
    "ts_of_min_over_time",
    "ts_of_max_over_time",
    "ts_of_last_over_time",
];
/// Durations with arithmetic.
const DURATIONS: &[&str] = &[
    "1m + 30s",
    "5m - 15s",
    "2 * 45s",
    "10m / 4",
    "60 + 30",
    "(1m) * 2 ^ 2",
];

impl Generator {
    pub(super) fn experimental(&mut self, depth: usize) -> String {
        match self.random.below(8) {
            0 | 1 => {
                let function = self.random.pick(OVER_RANGES);
                format!("{function}({})", self.matrix(depth, GAUGES))
            }
            2 => {
                let (smoothing, trend) = (self.factor(), self.factor());
                let matrix = self.matrix(depth, GAUGES);
                format!("double_exponential_smoothing({matrix}, {smoothing}, {trend})")
            }
            3 => {
                let function = self.random.pick(&["sort_by_label", "sort_by_label_desc"]);
                format!("{function}({}, \"instance\", \"job\")", self.vector(depth))
            }
            4 => {
                let ratio = self.random.pick(&["0.5", "-0.5", "0.1", "1", "-0.3", "0"]);
                format!("limit_ratio({ratio}, {})", self.vector(depth))
            }
            5 => {
                let count = self.random.pick(&["0", "1", "2", "100"]);
                format!("count(limitk({count}, {}))", self.vector(depth))
            }
            _ => {
                let duration = self.random.pick(DURATIONS);
                let name = self.random.pick(GAUGES);
                let function = self.random.pick(&["rate", "avg_over_time", "count_over_time"]);
                let offset = self.random.pick(DURATIONS);
                format!("{function}({name}[{duration}] offset ({offset}))")
            }
        }
    }

    /// Mostly between 0 and 1, where smoothing is defined.
    fn factor(&mut self) -> &'static str {
        self.random.pick(&["0.1", "0.5", "0.9", "0.25", "0", "1", "2"])
    }
}
