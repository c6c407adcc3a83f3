//! Random expressions that pass the type check: a type and a depth choose among the syntax families.

mod aggregate;
mod binary;
mod call;
mod experimental;
mod information;
mod native;
mod selector;

use super::question::{Question, Times};
use super::random::Random;

/// Depth of the deepest expressions: a selector alone has depth 0.
const DEPTH_MAX: usize = 5;
/// Subqueries within subqueries: each multiplies the work by its steps.
const SUBQUERIES_MAX: usize = 2;

/// Draws expressions and the times to ask them for.
pub(super) struct Generator {
    random: Random,
    times: Times,
    /// Whether native histograms occur.
    native: bool,
    /// Subqueries around what is being drawn.
    subqueries: usize,
}

impl Generator {
    pub(super) fn new(seed: u64, times: Times, native: bool) -> Self {
        Self {
            random: Random::new(seed),
            times,
            native,
            subqueries: 0,
        }
    }

    /// One question, an instant one or a range.
    pub(super) fn question(&mut self) -> Question {
        let depth = 1 + self.random.below(DEPTH_MAX);
        let expression = match self.random.below(24) {
            0 => self.scalar(depth),
            1 => self.parentheses(depth),
            2 => self.library_call(depth - 1),
            3 | 4 if self.native => self.histograms(depth.min(3)),
            _ => self.vector(depth),
        };
        if self.random.once_in(2) {
            return self.times.instant(&expression, &mut self.random);
        }
        self.times.range(&expression, &mut self.random)
    }

    /// An instant question at a random time.
    pub(super) fn instant(&mut self, expression: &str) -> Question {
        self.times.instant(expression, &mut self.random)
    }

    /// A range question at random times.
    pub(super) fn range(&mut self, expression: &str) -> Question {
        self.times.range(expression, &mut self.random)
    }

    fn vector(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.instant_selector();
        }
        let inner = depth - 1;
        match self.random.below(48) {
            0 => self.instant_selector(),
            40..=44 if self.native => self.of_native(inner.min(3)),
            40..=44 => self.aggregate(inner),
            45..=47 => self.experimental(inner),
            1 | 2 => self.information(inner),
            3..=10 => self.range_call(inner),
            11..=18 => self.aggregate(inner),
            19..=21 => self.with_scalar(inner),
            22..=26 => self.matched(inner),
            27..=28 => self.set(inner),
            29..=30 => self.quantile_of_buckets(inner),
            31..=33 => self.math(inner),
            34..=35 => self.label_call(inner),
            36 => self.absent(inner),
            37..=38 => self.time_call(inner),
            _ => self.parentheses(inner),
        }
    }

    fn parentheses(&mut self, depth: usize) -> String {
        let inner = self.vector(depth);
        match self.random.below(3) {
            0 => format!("-({inner})"),
            1 => format!("+({inner})"),
            _ => format!("({inner})"),
        }
    }

    fn scalar(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.number();
        }
        match self.random.below(7) {
            0 => "time()".to_owned(),
            1 => "pi()".to_owned(),
            2 => format!("scalar({})", self.vector(depth - 1)),
            3 => format!("-{}", self.number()),
            4 | 5 => {
                let (left, right) = (self.scalar(depth - 1), self.scalar(depth - 1));
                format!("({left} {} {right})", self.arithmetic_or_bool())
            }
            _ => self.number(),
        }
    }

    fn number(&mut self) -> String {
        const SPECIAL: &[&str] = &[
            "0", "1", "2", "-1", "0.5", "NaN", "Inf", "-Inf", "1e3", "0x1f", "5m", ".25", "1_000",
        ];
        if self.random.once_in(2) {
            return self.random.pick(SPECIAL).to_owned();
        }
        format!("{}", self.random.between(-300, 3_000) as f64 / 10.0)
    }
}
