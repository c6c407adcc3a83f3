//! Selectors: all matchers, ranges, offsets, `@`, and subqueries.

use super::{Generator, SUBQUERIES_MAX};
use crate::differential::catalog::{BUCKETS, COUNTERS, GAUGES, LABELS};
use crate::differential::question::seconds;

const RANGES: &[&str] = &[
    "15s", "30s", "1m", "90s", "2m", "5m", "5m1ms", "10m", "1h", "14s999ms",
];
const SUBQUERY_RANGES: &[&str] = &["1m", "5m", "7m30s", "20m"];
const SUBQUERY_STEPS: &[&str] = &["15s", "30s", "1m", "13s", "2m", ""];
const OFFSETS: &[&str] = &["15s", "1m", "5m", "-1m", "-15s", "1h", "7ms", "0s"];
const VALUES: &[&str] = &[
    "api", "web", "a:1", "b:1", "get", "x", "", "none", "1.9", "0.5", "+Inf", "0",
];
const PATTERNS: &[&str] = &[
    "a.*|web",
    "..1",
    ".*",
    ".+",
    "",
    "api|",
    "[^w].*",
    "(?i)API",
    "ro.*\\\\\\\\1",
    "\\\\+Inf|1",
];

impl Generator {
    /// A selector with modifiers.
    pub(super) fn instant_selector(&mut self) -> String {
        let name = match self.random.below(6) {
            0 | 1 => self.random.pick(COUNTERS),
            2 => self.random.pick(BUCKETS),
            _ => self.random.pick(GAUGES),
        };
        let selector = self.selector(name);
        self.with_modifiers(selector, 6)
    }

    /// A selector of one metric, or of a few, with matchers now and then.
    pub(super) fn selector(&mut self, name: &str) -> String {
        let matchers = match self.random.below(12) {
            0 | 1 => vec![self.matcher()],
            2 => vec![self.matcher(), self.matcher()],
            _ => Vec::new(),
        };
        let matchers = matchers.join(",");
        match self.random.below(40) {
            0 => format!("{{__name__=\"{name}\",{matchers}}}"),
            1 => format!("{{\"{name}\",{matchers}}}"),
            2 => format!("{{__name__=~\"{name}|twin_.\",{matchers}}}"),
            3 => "{\"niveau.d'eau\", \"rivière\"!=\"\"}".to_owned(),
            4 => "{__name__=~\"(negative_)?zero\"}".to_owned(),
            _ if matchers.is_empty() => name.to_owned(),
            _ => format!("{name}{{{matchers}}}"),
        }
    }

    fn matcher(&mut self) -> String {
        let label = self.random.pick(LABELS);
        match self.random.below(4) {
            0 => format!("{label}=\"{}\"", self.random.pick(VALUES)),
            1 => format!("{label}!=\"{}\"", self.random.pick(VALUES)),
            2 => format!("{label}=~\"{}\"", self.random.pick(PATTERNS)),
            _ => format!("{label}!~\"{}\"", self.random.pick(PATTERNS)),
        }
    }

    /// `offset` and `@`, each once in `rarity` times.
    pub(super) fn with_modifiers(&mut self, mut selector: String, rarity: usize) -> String {
        let offset = self
            .random
            .once_in(rarity)
            .then(|| format!(" offset {}", self.random.pick(OFFSETS)));
        let at = self
            .random
            .once_in(rarity * 2)
            .then(|| match self.random.below(4) {
                0 => " @ start()".to_owned(),
                1 => " @ end()".to_owned(),
                _ => format!(" @ {}", seconds(self.times.instant_ms(&mut self.random))),
            });
        let both = [offset, at];
        let order = if self.random.once_in(2) { [0, 1] } else { [1, 0] };
        for which in order {
            selector.push_str(both[which].as_deref().unwrap_or_default());
        }
        selector
    }

    /// A range selector, or a subquery of something deeper.
    pub(super) fn matrix(&mut self, depth: usize, names: &[&str]) -> String {
        if depth > 0 && self.subqueries < SUBQUERIES_MAX && self.random.once_in(3) {
            self.subqueries += 1;
            let inner = self.vector(depth - 1);
            self.subqueries -= 1;
            let range = self.random.pick(SUBQUERY_RANGES);
            let step = self.random.pick(SUBQUERY_STEPS);
            return self.with_modifiers(format!("({inner})[{range}:{step}]"), 6);
        }
        let name = self.random.pick(names);
        let range = self.random.pick(RANGES);
        let selector = self.selector(name);
        self.with_modifiers(format!("{selector}[{range}]"), 6)
    }
}
