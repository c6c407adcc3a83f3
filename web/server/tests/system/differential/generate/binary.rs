//! Operators: with scalars, between vectors that match (or collide), and sets.

use super::Generator;
use crate::differential::catalog::LABELS;

const ARITHMETIC: &[&str] = &["+", "-", "*", "/", "%", "^"];
const COMPARISON: &[&str] = &["==", "!=", ">", "<", ">=", "<="];

/// Vectors whose elements find each other, with the words between them.
const PAIRS: &[(&str, &str, &str)] = &[
    ("queue_length", "", "queue_length offset 1m"),
    ("queue_length", "on (job) group_left ()", "capacity"),
    ("requests_total", "on (job) group_left ()", "capacity"),
    ("capacity", "on (job) group_right ()", "requests_total"),
    (
        "queue_length",
        "on (job, instance) group_left (version)",
        "build_info",
    ),
    (
        "build_info",
        "on (instance) group_right (version, kind)",
        "queue_length{job=\"api\"}",
    ),
    ("temperature_celsius", "ignoring (kind)", "queue_length"),
    (
        "requests_total",
        "ignoring (method) group_left ()",
        "busy_seconds_total",
    ),
    ("latency_seconds_sum", "", "latency_seconds_count"),
    (
        "rate(latency_seconds_bucket[5m])",
        "ignoring (le) group_left ()",
        "rate(latency_seconds_count[5m])",
    ),
    ("twin_a", "", "twin_b"),
    ("twin_a", "on (job)", "twin_b"),
    ("noise", "ignoring (kind) group_left ()", "noise{kind=\"\"}"),
    ("odd", "ignoring (kind)", "noise{kind=\"\"}"),
    ("sum by (job) (requests_total)", "", "capacity"),
    ("flapping", "", "sparse"),
    // No match is right: too many on one side, or on both.
    ("queue_length", "on (job)", "shards"),
    ("queue_length", "on (job) group_left ()", "shards"),
    ("queue_length", "on (job)", "capacity"),
    (
        "requests_total",
        "on (job) group_left (shard)",
        "shards{shard=\"0\"}",
    ),
    ("{__name__=~\"twin_.\"}", "", "capacity"),
];

impl Generator {
    /// Arithmetic, or a comparison with `bool`: what may stand between two scalars.
    pub(super) fn arithmetic_or_bool(&mut self) -> String {
        match self.random.below(3) {
            0 => format!("{} bool", self.random.pick(COMPARISON)),
            _ => self.random.pick(ARITHMETIC).to_owned(),
        }
    }

    fn operator(&mut self) -> String {
        match self.random.below(3) {
            0 => self.random.pick(COMPARISON).to_owned(),
            _ => self.arithmetic_or_bool(),
        }
    }

    pub(super) fn with_scalar(&mut self, depth: usize) -> String {
        let vector = self.vector(depth);
        let scalar = self.scalar(depth.min(1));
        let operator = self.operator();
        if self.random.once_in(2) {
            return format!("({vector}) {operator} {scalar}");
        }
        format!("{scalar} {operator} ({vector})")
    }

    pub(super) fn matched(&mut self, depth: usize) -> String {
        let operator = self.operator();
        if self.random.once_in(5) {
            let (left, right) = (self.vector(depth), self.vector(depth));
            let matching = self.matching();
            return format!("({left}) {operator} {matching} ({right})");
        }
        let (left, matching, right) = PAIRS[self.random.below(PAIRS.len())];
        let (left, right) = (self.dressed(left), self.dressed(right));
        format!("{left} {operator} {matching} {right}")
    }

    pub(super) fn set(&mut self, depth: usize) -> String {
        let operator = self.random.pick(&["and", "or", "unless"]);
        let matching = self.matching();
        if self.random.once_in(2) {
            let (left, right) = (self.vector(depth), self.vector(depth));
            return format!("({left}) {operator} {matching} ({right})");
        }
        let (left, _, right) = PAIRS[self.random.below(PAIRS.len())];
        let (left, right) = (self.dressed(left), self.dressed(right));
        format!("{left} {operator} {matching} {right}")
    }

    fn matching(&mut self) -> String {
        let labels = match self.random.below(3) {
            0 => String::new(),
            1 => self.random.pick(LABELS).to_owned(),
            _ => format!("{}, {}", self.random.pick(LABELS), self.random.pick(LABELS)),
        };
        match self.random.below(4) {
            0 => format!("on ({labels})"),
            1 => format!("ignoring ({labels})"),
            _ => String::new(),
        }
    }

    /// The same vector, or one with the same labels and other values.
    fn dressed(&mut self, vector: &str) -> String {
        match self.random.below(6) {
            0 => format!("abs({vector})"),
            1 => format!("({vector} > 3)"),
            2 => format!("last_over_time(({vector})[2m:15s])"),
            _ => vector.to_owned(),
        }
    }
}
