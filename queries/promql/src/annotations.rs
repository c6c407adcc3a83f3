//! Warnings and infos that a query gives besides its result, each once, with its place in the query.

use std::collections::BTreeMap;

use engine_model::labels::Quoted;
use engine_model::number::format_go_value;
use parking_lot::Mutex;

use crate::functions::classic_quantile::Fixed;
use crate::parser::{Position, Span};

/// Most warnings, and most infos, that one answer carries; the rest is counted.
const SHOWN_MAX: usize = 10;

/// Collects annotations while a query runs. Shared by all nodes of its plan.
#[derive(Debug)]
pub struct Annotations {
    query: String,
    warnings: Mutex<BTreeMap<String, Span>>,
    infos: Mutex<BTreeMap<String, Info>>,
}

/// What an info says besides its text.
#[derive(Debug, Clone, Copy)]
struct Info {
    span: Span,
    /// Buckets that had to be mended, gathered over histograms and steps.
    mended: Option<Mended>,
}

/// Mended buckets of several histograms and steps.
#[derive(Debug, Clone, Copy)]
struct Mended {
    fixed: Fixed,
    count: usize,
    min_ms: i64,
    max_ms: i64,
}

impl Annotations {
    /// No annotations yet, for `query`.
    pub fn new(query: &str) -> Self {
        Self {
            query: query.to_owned(),
            warnings: Mutex::default(),
            infos: Mutex::default(),
        }
    }

    /// Adds a warning about the part of the query at `span`. Equal texts are one, at the last of their places.
    pub fn warn(&self, message: &str, span: Span) {
        let mut warnings = self.warnings.lock();
        let place = warnings.entry(message.to_owned()).or_insert(span);
        *place = later(*place, span);
    }

    /// Adds an info about the part of the query at `span`. Equal texts are one, at the last of their places.
    pub fn info(&self, message: &str, span: Span) {
        let mut infos = self.infos.lock();
        let info = Info { span, mended: None };
        let known = infos.entry(message.to_owned()).or_insert(info);
        known.span = later(known.span, span);
    }

    /// Adds the info that the buckets of `metric` (empty when its name is gone) at `at_ms` did not rise
    /// everywhere. All of one metric are told as one.
    pub fn mended_buckets(&self, metric: &str, span: Span, at_ms: i64, fixed: Fixed) {
        let mut text = "input to histogram_quantile needed to be fixed for monotonicity (see \
            https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)"
            .to_owned();
        if !metric.is_empty() {
            text.push_str(&format!(" for metric name {}", Quoted(metric)));
        }
        let new = Mended {
            fixed,
            count: 1,
            min_ms: at_ms,
            max_ms: at_ms,
        };
        let mut infos = self.infos.lock();
        let known = infos.entry(text).or_insert(Info { span, mended: None });
        known.span = later(known.span, span);
        known.mended = Some(known.mended.map_or(new, |mended| mended.with(new)));
    }

    /// Takes over what a part of the query told elsewhere.
    pub(crate) fn absorb(&self, part: &Self) {
        for (message, span) in part.warnings.lock().iter() {
            self.warn(message, *span);
        }
        for (message, info) in part.infos.lock().iter() {
            let mut infos = self.infos.lock();
            let Some(known) = infos.get_mut(message) else {
                infos.insert(message.clone(), *info);
                continue;
            };
            known.span = later(known.span, info.span);
            known.mended = match (known.mended, info.mended) {
                (Some(mine), Some(theirs)) => Some(mine.with(theirs)),
                (mine, theirs) => mine.or(theirs),
            };
        }
    }

    /// All warnings.
    pub fn warnings(&self) -> Vec<String> {
        let warnings = self.warnings.lock();
        let texts = warnings
            .iter()
            .map(|(message, span)| format!("PromQL warning: {message} ({})", self.position(*span)));
        texts.collect()
    }

    /// All infos.
    pub fn infos(&self) -> Vec<String> {
        let infos = self.infos.lock();
        let texts = infos.iter().map(|(message, info)| {
            let details = info.mended.map(Mended::describe).unwrap_or_default();
            format!("PromQL info: {message}{details} ({})", self.position(info.span))
        });
        texts.collect()
    }

    fn position(&self, span: Span) -> Position {
        Position::of(&self.query, span.start)
    }
}

/// The place that is evaluated later: operands come before what is around them, the left one before the right one.
fn later(a: Span, b: Span) -> Span {
    let behind = b.end > a.end || (b.end == a.end && b.start < a.start);
    if behind { b } else { a }
}

impl Mended {
    fn with(self, other: Self) -> Self {
        Self {
            fixed: Fixed {
                min_bucket: self.fixed.min_bucket.min(other.fixed.min_bucket),
                max_bucket: self.fixed.max_bucket.max(other.fixed.max_bucket),
                max_diff: self.fixed.max_diff.max(other.fixed.max_diff),
            },
            count: self.count + other.count,
            min_ms: self.min_ms.min(other.min_ms),
            max_ms: self.max_ms.max(other.max_ms),
        }
    }

    fn describe(self) -> String {
        format!(
            ", from buckets {} to {}, with a max diff of {}, over {} samples from {} to {}",
            format_go_value(self.fixed.min_bucket),
            format_go_value(self.fixed.max_bucket),
            two_digits(self.fixed.max_diff),
            self.count,
            seconds(self.min_ms),
            seconds(self.max_ms),
        )
    }
}

/// RFC 3339 to the second.
fn seconds(at_ms: i64) -> String {
    let whole = at_ms - at_ms % 1000;
    engine_model::time::format_rfc3339_ms(whole).replace(".000Z", "Z")
}

/// What Go's `%.2g` prints: two significant digits, exponent form for exponents below −4 and from 2.
fn two_digits(value: f64) -> String {
    if !value.is_finite() {
        return format_go_value(value);
    }
    let rounded = format!("{value:.1e}");
    let (mantissa, exponent) = rounded.split_once('e').expect("the format writes an exponent");
    let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
    let exponent: i32 = exponent.parse().expect("the exponent is a number");
    if !(-4..2).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count() as i32;
    let decimals = (digits - 1 - exponent).max(0) as usize;
    format!("{value:.decimals$}")
}

/// At most ten of `all`, with a line that counts what was left out; `kind` is `warning` or `info`.
pub fn shorten(mut all: Vec<String>, kind: &str) -> Vec<String> {
    if all.len() > SHOWN_MAX {
        let omitted = all.len() - SHOWN_MAX;
        all.truncate(SHOWN_MAX);
        all.push(format!("{omitted} more {kind} annotations omitted"));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_significant_digits() {
        for (value, text) in [
            (0.0, "0"),
            (6.0, "6"),
            (10.0, "10"),
            (12.6, "13"),
            (99.6, "1e+02"),
            (120.0, "1.2e+02"),
            (0.5, "0.5"),
            (0.01262, "0.013"),
            (0.00001, "1e-05"),
            (f64::INFINITY, "+Inf"),
        ] {
            assert_eq!(two_digits(value), text);
        }
    }

    #[test]
    fn equal_texts_are_one() {
        let annotations = Annotations::new("a + b");
        for (start, end) in [(4, 5), (0, 1)] {
            annotations.warn("careful", Span { start, end });
            annotations.info("well", Span { start, end });
        }
        assert_eq!(annotations.warnings(), ["PromQL warning: careful (1:5)"]);
        assert_eq!(annotations.infos(), ["PromQL info: well (1:5)"]);
    }

    #[test]
    fn mended_buckets_are_gathered() {
        let annotations = Annotations::new("x");
        let fixed = |bucket: f64, max_diff| Fixed {
            min_bucket: bucket,
            max_bucket: bucket,
            max_diff,
        };
        let span = Span { start: 0, end: 1 };
        annotations.mended_buckets("m", span, 60_000, fixed(0.5, 3.0));
        annotations.mended_buckets("m", span, 120_500, fixed(2.0, 117.0));
        annotations.mended_buckets("m", span, 0, fixed(1.0, 1.0));
        let whole = Annotations::new("x");
        let part = Annotations::new("");
        part.mended_buckets("m", span, 0, fixed(1.0, 1.0));
        part.mended_buckets("m", span, 120_500, fixed(2.0, 117.0));
        whole.mended_buckets("m", span, 60_000, fixed(0.5, 3.0));
        whole.absorb(&part);
        assert_eq!(whole.infos(), annotations.infos());
        assert_eq!(
            annotations.infos(),
            [
                "PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see \
                 https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name \
                 \"m\", from buckets 0.5 to 2, with a max diff of 1.2e+02, over 3 samples from 1970-01-01T00:00:00Z to \
                 1970-01-01T00:02:00Z (1:1)"
            ]
        );
    }
}
