//! Aggregations with all their spellings of `by` and `without`.

use super::Generator;
use crate::differential::catalog::LABELS;

/// No two elements have the same value: which of two such topk keeps is up to their order, which nothing defines.
const WITHOUT_TIES: &[&str] = &[
    "noise",
    "-noise",
    "noise offset 1m",
    "rate(noise[5m])",
    "sum_over_time(noise[10m:1m])",
    "noise{instance!=\"b:1\"} * 2",
    "noise and on (instance) queue_length > 100",
    "max by (instance) (noise)",
];

impl Generator {
    pub(super) fn aggregate(&mut self, depth: usize) -> String {
        const PLAIN: &[&str] = &[
            "sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "sum", "count",
        ];
        let inner = match self.random.below(4) {
            0 => self.instant_selector(),
            _ => self.vector(depth),
        };
        let grouping = self.grouping();
        match self.random.below(12) {
            0 | 1 => {
                let function = self.random.pick(&["topk", "bottomk"]);
                let count = self.random.pick(&["1", "2", "3", "100", "0", "-1", "2.7"]);
                let without_ties = self.random.pick(WITHOUT_TIES);
                format!("{function}{grouping} ({count}, {without_ties})")
            }
            2 => {
                let quantile = self
                    .random
                    .pick(&["0", "0.5", "0.9", "1", "-1", "2", "NaN", "0.25"]);
                format!("quantile{grouping} ({quantile}, {inner})")
            }
            3 => {
                let label = self.random.pick(&["value", "job", "kind"]);
                format!("count_values{grouping} (\"{label}\", {inner})")
            }
            _ => {
                let function = self.random.pick(PLAIN);
                if self.random.once_in(4) {
                    return format!("{function}({inner}){grouping}");
                }
                format!("{function}{grouping} ({inner})")
            }
        }
    }

    fn grouping(&mut self) -> String {
        let labels = match self.random.below(6) {
            0 => String::new(),
            1 | 2 => format!("{}, {}", self.random.pick(LABELS), self.random.pick(LABELS)),
            3 => "__name__".to_owned(),
            _ => self.random.pick(LABELS).to_owned(),
        };
        match self.random.below(4) {
            0 => String::new(),
            1 => format!(" without ({labels})"),
            _ => format!(" by ({labels})"),
        }
    }
}
