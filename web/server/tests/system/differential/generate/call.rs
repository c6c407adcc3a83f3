//! Function calls, by family.

use super::Generator;
use crate::differential::catalog::{COUNTERS, GAUGES, LABELS};

const COUNTER_FUNCTIONS: &[&str] = &["rate", "increase", "irate", "resets", "changes", "delta"];
const GAUGE_FUNCTIONS: &[&str] = &[
    "delta",
    "idelta",
    "changes",
    "deriv",
    "sum_over_time",
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "count_over_time",
    "last_over_time",
    "present_over_time",
    "stddev_over_time",
    "stdvar_over_time",
    "absent_over_time",
    "rate",
    "irate",
];
const MATH: &[&str] = &[
    "abs", "ceil", "floor", "sqrt", "ln", "log2", "log10", "sgn", "rad", "deg", "round",
];
/// The last digits of these depend on the processor also at Prometheus: nothing else is done with their results.
const LIBRARY: &[&str] = &[
    "exp", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
];
const TIME: &[&str] = &[
    "minute",
    "hour",
    "day_of_week",
    "day_of_month",
    "day_of_year",
    "days_in_month",
    "month",
    "year",
];
const FRACTIONS: &[&str] = &[
    "0", "0.1", "0.5", "0.9", "0.99", "1", "-0.1", "1.5", "NaN", "0.333",
];

impl Generator {
    pub(super) fn fraction(&mut self) -> &'static str {
        self.random.pick(FRACTIONS)
    }

    /// A function of a range.
    pub(super) fn range_call(&mut self, depth: usize) -> String {
        match self.random.below(10) {
            0..=3 => {
                let function = self.random.pick(COUNTER_FUNCTIONS);
                format!("{function}({})", self.matrix(depth, COUNTERS))
            }
            4 => {
                let quantile = self.random.pick(FRACTIONS);
                format!("quantile_over_time({quantile}, {})", self.matrix(depth, GAUGES))
            }
            5 => {
                let ahead = self.number();
                format!("predict_linear({}, {ahead})", self.matrix(depth, GAUGES))
            }
            _ => {
                let function = self.random.pick(GAUGE_FUNCTIONS);
                format!("{function}({})", self.matrix(depth, GAUGES))
            }
        }
    }

    pub(super) fn math(&mut self, depth: usize) -> String {
        let inner = self.vector(depth);
        match self.random.below(8) {
            0 => format!("clamp({inner}, {}, {})", self.number(), self.number()),
            1 => format!("clamp_min({inner}, {})", self.number()),
            2 => format!("clamp_max({inner}, {})", self.scalar(depth)),
            3 => format!("round({inner}, {})", self.number()),
            4 => {
                let function = self.random.pick(&["sort", "sort_desc"]);
                format!("{function}({inner})")
            }
            _ => format!("{}({inner})", self.random.pick(MATH)),
        }
    }

    /// A function of C's library, or `atan2`, of the outermost vector.
    pub(super) fn library_call(&mut self, depth: usize) -> String {
        let inner = self.vector(depth);
        if self.random.once_in(5) {
            return format!("({inner}) atan2 {}", self.number());
        }
        format!("{}({inner})", self.random.pick(LIBRARY))
    }

    pub(super) fn label_call(&mut self, depth: usize) -> String {
        const TARGETS: &[&str] = &["instance", "job", "new", "__name__", "kind"];
        let inner = self.vector(depth);
        let target = self.random.pick(TARGETS);
        let source = self.random.pick(LABELS);
        if self.random.once_in(3) {
            let other = self.random.pick(LABELS);
            return format!("label_join({inner}, \"{target}\", \"-\", \"{source}\", \"{other}\")");
        }
        let replacement = self
            .random
            .pick(&["$1", "x", "${1}_y", "$2$1", "", "a$$b", "$nothing"]);
        let pattern = self
            .random
            .pick(&["(.*)", "(.+):(.*)", "(a|w)(.*)", "x", "", "(?P<nothing>.).*"]);
        format!("label_replace({inner}, \"{target}\", \"{replacement}\", \"{source}\", \"{pattern}\")")
    }

    pub(super) fn absent(&mut self, depth: usize) -> String {
        if self.random.once_in(2) {
            let name = self.random.pick(&["nothing", "queue_length", "sparse"]);
            let selector = self.selector(name);
            return format!("absent({selector})");
        }
        format!("absent({})", self.vector(depth))
    }

    /// Functions of times, and `timestamp` of a selector or of anything.
    pub(super) fn time_call(&mut self, depth: usize) -> String {
        let function = self.random.pick(TIME);
        match self.random.below(5) {
            0 => format!("{function}()"),
            1 => format!("{function}(last_run_seconds)"),
            2 => format!("timestamp({})", self.instant_selector()),
            3 => format!("timestamp({})", self.vector(depth)),
            _ => format!("vector({})", self.scalar(depth)),
        }
    }

    pub(super) fn quantile_of_buckets(&mut self, depth: usize) -> String {
        let quantile = self.random.pick(FRACTIONS);
        let metric = self.random.pick(&["latency_seconds_bucket", "broken_bucket"]);
        let buckets = match self.random.below(5) {
            0 => metric.to_owned(),
            1 => format!("sum by (le) (rate({metric}[5m]))"),
            2 => format!("sum by (job, le) (increase({metric}[10m]))"),
            3 => self.vector(depth),
            _ => format!("rate({metric}[2m])"),
        };
        if self.random.once_in(6) {
            return format!("histogram_fraction({quantile}, {}, {buckets})", self.number());
        }
        format!("histogram_quantile({quantile}, {buckets})")
    }
}
