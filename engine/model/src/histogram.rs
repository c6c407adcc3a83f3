//! Native histograms as they are scraped, pushed and stored: exponential buckets (schemas −4 to 8) or
//! custom bounds (schema −53), counts as integers or as floats. Nothing is recomputed on the way, so what
//! comes in goes out bit by bit. Source of the rules: Prometheus's `model/histogram`.

use std::cmp::Ordering;

use crate::staleness::{STALE_NAN, is_stale};

/// Schema of histograms whose bounds are [`Histogram::custom_values`].
pub const CUSTOM_BUCKETS_SCHEMA: i32 = -53;
/// Coarsest exponential schema: a bucket's bounds are 2^16 apart.
pub const SCHEMA_MIN: i32 = -4;
/// Finest exponential schema: 256 buckets for each power of two.
pub const SCHEMA_MAX: i32 = 8;

/// A native histogram.
#[derive(Debug, Clone)]
pub struct Histogram {
    /// Resolution: bounds grow by 2^(2^−schema), or [`CUSTOM_BUCKETS_SCHEMA`].
    pub schema: i32,
    /// What it says about a counter reset before it.
    pub reset_hint: ResetHint,
    /// Half width of the zero bucket.
    pub zero_threshold: f64,
    /// Sum of observations; the staleness marker of a histogram series is here.
    pub sum: f64,
    /// Where the positive (or custom) buckets are.
    pub positive_spans: Vec<Span>,
    /// Where the negative buckets are.
    pub negative_spans: Vec<Span>,
    /// Upper bounds of custom buckets, ascending, without +Inf.
    pub custom_values: Vec<f64>,
    /// The counts, of one kind.
    pub counts: Counts,
}

/// Adjacent buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Gap to the span before, or index of the first bucket.
    pub offset: i32,
    /// Number of buckets.
    pub length: u32,
}

/// Counts of observations, in the kind in which they were exposed.
#[derive(Debug, Clone)]
pub enum Counts {
    /// Whole observations.
    Integer {
        /// All observations.
        count: u64,
        /// Observations in the zero bucket.
        zero: u64,
        /// Positive buckets: the first count, then differences to the bucket before.
        positive: Vec<i64>,
        /// Negative buckets, likewise.
        negative: Vec<i64>,
    },
    /// Weighted or averaged observations.
    Float {
        /// All observations.
        count: f64,
        /// Observations in the zero bucket.
        zero: f64,
        /// Positive buckets, absolute.
        positive: Vec<f64>,
        /// Negative buckets, absolute.
        negative: Vec<f64>,
    },
}

/// What a histogram says about a counter reset between its predecessor and itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResetHint {
    /// Nothing is known: compare.
    #[default]
    Unknown,
    /// There was one.
    Reset,
    /// There was none.
    NotReset,
    /// It is a gauge, which never resets.
    Gauge,
}

/// Why a histogram is not valid, in Prometheus's words.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum HistogramError {
    /// The schema is unknown.
    #[error(
        "histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for custom buckets, got schema {0}"
    )]
    Schema(i32),
    /// Spans and counts tell different numbers of buckets.
    #[error(
        "{side} side: spans need {need} buckets, have {have} buckets: histogram spans specify different number of buckets than provided"
    )]
    SpansBuckets {
        /// `positive`, `negative` or `custom`.
        side: &'static str,
        /// Buckets that the spans name.
        need: u64,
        /// Buckets that have a count.
        have: usize,
    },
    /// A span that is not the first of its side goes back.
    #[error(
        "{side} side: span number {number} with offset {offset}: histogram has a span whose offset is negative"
    )]
    SpanOffset {
        /// `positive` or `negative`.
        side: &'static str,
        /// Number of the span, from 1.
        number: usize,
        /// Its offset.
        offset: i32,
    },
    /// A bucket is below zero.
    #[error(
        "{side} side: bucket number {number} has observation count of {count}: histogram has a bucket whose observation count is negative"
    )]
    NegativeBucket {
        /// `positive` or `negative`.
        side: &'static str,
        /// Number of the bucket, from 1.
        number: usize,
        /// Its count.
        count: String,
    },
    /// The buckets hold more than the count says.
    #[error(
        "{buckets} observations found in buckets, but the Count field is {count}: histogram's observation count should equal the number of observations found in the buckets (in absence of NaN)"
    )]
    Count {
        /// Sum of the buckets.
        buckets: String,
        /// The count.
        count: String,
    },
    /// Custom buckets have no zero bucket and no negative side, exponential ones no bounds.
    #[error("{0}")]
    Layout(&'static str),
    /// Custom bounds do not ascend.
    #[error(
        "previous bound is {previous:.6} and current is {current:.6}: histogram custom bounds must be in strictly increasing order"
    )]
    Bounds {
        /// A bound.
        previous: f64,
        /// The one after it.
        current: f64,
    },
}

impl Histogram {
    /// The marker that ends a series of histograms.
    pub fn stale() -> Self {
        Self {
            schema: 0,
            reset_hint: ResetHint::Unknown,
            zero_threshold: 0.0,
            sum: STALE_NAN,
            positive_spans: Vec::new(),
            negative_spans: Vec::new(),
            custom_values: Vec::new(),
            counts: Counts::Integer {
                count: 0,
                zero: 0,
                positive: Vec::new(),
                negative: Vec::new(),
            },
        }
    }

    /// Whether this is the staleness marker.
    pub fn is_stale(&self) -> bool {
        is_stale(self.sum)
    }

    /// Whether the bounds are [`Histogram::custom_values`].
    pub fn has_custom_buckets(&self) -> bool {
        self.schema == CUSTOM_BUCKETS_SCHEMA
    }

    /// Whether both have the same bits in all their parts.
    pub fn is_identical(&self, other: &Self) -> bool {
        self.schema == other.schema
            && self.reset_hint == other.reset_hint
            && self.zero_threshold.to_bits() == other.zero_threshold.to_bits()
            && self.sum.to_bits() == other.sum.to_bits()
            && self.positive_spans == other.positive_spans
            && self.negative_spans == other.negative_spans
            && same_bits(&self.custom_values, &other.custom_values)
            && self.counts.is_identical(&other.counts)
    }

    /// Checks what Prometheus checks before it stores a histogram.
    pub fn validate(&self) -> Result<(), HistogramError> {
        match self.schema {
            CUSTOM_BUCKETS_SCHEMA => self.validate_custom()?,
            SCHEMA_MIN..=SCHEMA_MAX => {
                validate_spans("positive", &self.positive_spans, self.counts.positive_len())?;
                validate_spans("negative", &self.negative_spans, self.counts.negative_len())?;
                if !self.custom_values.is_empty() {
                    return Err(HistogramError::Layout(
                        "histogram with exponential schema must not have custom bounds",
                    ));
                }
            }
            schema => return Err(HistogramError::Schema(schema)),
        }
        self.counts.validate(self.sum)
    }

    fn validate_custom(&self) -> Result<(), HistogramError> {
        validate_spans("custom", &self.positive_spans, self.counts.positive_len())?;
        for bounds in self.custom_values.windows(2) {
            // A NaN is in no order, so it is refused too.
            if bounds[0].partial_cmp(&bounds[1]) != Some(Ordering::Less) {
                return Err(HistogramError::Bounds {
                    previous: bounds[0],
                    current: bounds[1],
                });
            }
        }
        if self
            .custom_values
            .last()
            .is_some_and(|last| *last == f64::INFINITY)
        {
            return Err(HistogramError::Layout(
                "histogram custom bounds must not have +Inf",
            ));
        }
        let mut index = 0i64;
        for span in &self.positive_spans {
            index += i64::from(span.offset) + i64::from(span.length);
        }
        if index > self.custom_values.len() as i64 + 1 {
            return Err(HistogramError::Layout(
                "only the custom bounds and +Inf can have buckets: histogram has too many buckets for its custom bounds",
            ));
        }
        if self.zero_threshold != 0.0 || !self.counts.zero_is_empty() {
            return Err(HistogramError::Layout(
                "custom buckets: must have zero count of 0 and zero threshold of 0",
            ));
        }
        if !self.negative_spans.is_empty() || self.counts.negative_len() > 0 {
            return Err(HistogramError::Layout(
                "custom buckets: must not have negative buckets",
            ));
        }
        Ok(())
    }

    /// Bytes of memory held, itself included.
    pub fn memory_bytes(&self) -> usize {
        let buckets = self.counts.positive_len() + self.counts.negative_len();
        let spans = self.positive_spans.len() + self.negative_spans.len();
        size_of::<Self>() + 8 * (buckets + spans + self.custom_values.len())
    }
}

impl Counts {
    /// Number of positive (or custom) buckets.
    pub fn positive_len(&self) -> usize {
        match self {
            Self::Integer { positive, .. } => positive.len(),
            Self::Float { positive, .. } => positive.len(),
        }
    }

    /// Number of negative buckets.
    pub fn negative_len(&self) -> usize {
        match self {
            Self::Integer { negative, .. } => negative.len(),
            Self::Float { negative, .. } => negative.len(),
        }
    }

    fn zero_is_empty(&self) -> bool {
        match self {
            Self::Integer { zero, .. } => *zero == 0,
            Self::Float { zero, .. } => *zero == 0.0,
        }
    }

    fn is_identical(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Integer {
                    count,
                    zero,
                    positive,
                    negative,
                },
                Self::Integer {
                    count: c,
                    zero: z,
                    positive: p,
                    negative: n,
                },
            ) => count == c && zero == z && positive == p && negative == n,
            (
                Self::Float {
                    count,
                    zero,
                    positive,
                    negative,
                },
                Self::Float {
                    count: c,
                    zero: z,
                    positive: p,
                    negative: n,
                },
            ) => {
                count.to_bits() == c.to_bits()
                    && zero.to_bits() == z.to_bits()
                    && same_bits(positive, p)
                    && same_bits(negative, n)
            }
            _ => false,
        }
    }

    fn validate(&self, sum: f64) -> Result<(), HistogramError> {
        match self {
            Self::Integer {
                count,
                zero,
                positive,
                negative,
            } => {
                let buckets = sum_of_deltas("positive", positive)?
                    .saturating_add(sum_of_deltas("negative", negative)?)
                    .saturating_add(*zero);
                // A NaN observation is in the count and in no bucket.
                let fits = if sum.is_nan() {
                    buckets <= *count
                } else {
                    buckets == *count
                };
                match fits {
                    true => Ok(()),
                    false => Err(HistogramError::Count {
                        buckets: buckets.to_string(),
                        count: count.to_string(),
                    }),
                }
            }
            // Float counts are sums that were rounded, so they are not compared with their buckets.
            Self::Float {
                positive, negative, ..
            } => {
                float_buckets("positive", positive)?;
                float_buckets("negative", negative)
            }
        }
    }
}

fn validate_spans(side: &'static str, spans: &[Span], have: usize) -> Result<(), HistogramError> {
    let mut need = 0u64;
    for (i, span) in spans.iter().enumerate() {
        if span.offset < 0 && (i > 0 || side == "custom") {
            return Err(HistogramError::SpanOffset {
                side,
                number: i + 1,
                offset: span.offset,
            });
        }
        need += u64::from(span.length);
    }
    match need == have as u64 {
        true => Ok(()),
        false => Err(HistogramError::SpansBuckets { side, need, have }),
    }
}

fn sum_of_deltas(side: &'static str, deltas: &[i64]) -> Result<u64, HistogramError> {
    let (mut current, mut sum) = (0i64, 0u64);
    for (i, delta) in deltas.iter().enumerate() {
        current = current.wrapping_add(*delta);
        let bucket = u64::try_from(current).map_err(|_| HistogramError::NegativeBucket {
            side,
            number: i + 1,
            count: current.to_string(),
        })?;
        sum = sum.saturating_add(bucket);
    }
    Ok(sum)
}

fn float_buckets(side: &'static str, counts: &[f64]) -> Result<(), HistogramError> {
    match counts.iter().position(|count| *count < 0.0) {
        None => Ok(()),
        Some(i) => Err(HistogramError::NegativeBucket {
            side,
            number: i + 1,
            count: counts[i].to_string(),
        }),
    }
}

fn same_bits(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> Histogram {
        Histogram {
            schema: 1,
            reset_hint: ResetHint::Unknown,
            zero_threshold: 0.001,
            sum: 18.4,
            positive_spans: vec![
                Span {
                    offset: -2,
                    length: 2,
                },
                Span { offset: 1, length: 1 },
            ],
            negative_spans: vec![],
            custom_values: vec![],
            counts: Counts::Integer {
                count: 6,
                zero: 1,
                positive: vec![1, 1, 0],
                negative: vec![],
            },
        }
    }

    fn custom() -> Histogram {
        Histogram {
            schema: CUSTOM_BUCKETS_SCHEMA,
            zero_threshold: 0.0,
            positive_spans: vec![Span { offset: 0, length: 3 }],
            custom_values: vec![0.5, 1.0],
            counts: Counts::Float {
                count: 3.5,
                zero: 0.0,
                positive: vec![1.0, 2.0, 0.5],
                negative: vec![],
            },
            ..sound()
        }
    }

    #[test]
    fn faults_are_named() {
        sound()
            .validate()
            .unwrap_or_else(|fault| panic!("deltas 1, 1, 0 are counts 1, 2, 2: {fault}"));
        custom().validate().expect("sound");
        let with = |change: fn(&mut Histogram)| {
            let mut histogram = sound();
            change(&mut histogram);
            histogram.validate().expect_err("faulty").to_string()
        };
        assert!(with(|h| h.schema = 9).contains("got schema 9"));
        assert!(with(|h| h.positive_spans[1].offset = -1).contains("span number 2 with offset -1"));
        assert!(with(|h| h.positive_spans[1].length = 2).contains("need 4 buckets, have 3"));
        assert!(with(|h| h.custom_values.push(1.0)).contains("custom bounds"));
        assert!(
            with(|h| h.counts = Counts::Integer {
                count: 7,
                zero: 0,
                positive: vec![1, -2, 0],
                negative: vec![]
            })
            .contains("bucket number 2 has observation count of -1")
        );
        let mut unordered = custom();
        unordered.custom_values = vec![1.0, f64::NAN];
        assert!(unordered.validate().is_err());
    }

    #[test]
    fn identity_is_of_bits() {
        assert!(sound().is_identical(&sound()));
        assert!(!sound().is_identical(&custom()));
        let mut negative_zero = sound();
        negative_zero.zero_threshold = -0.0;
        let mut zero = sound();
        zero.zero_threshold = 0.0;
        assert!(!zero.is_identical(&negative_zero));
        assert!(Histogram::stale().is_stale() && Histogram::stale().is_identical(&Histogram::stale()));
    }
}
