//! Sums, differences, multiples and quotients of histograms.

use super::bounds::{custom_bounds_match, exponential_bound};
use super::layout::{Layout, coarsen, indices};
use super::merge::{self, Addend};
use super::{FloatHistogram, kahan};
use crate::histogram::{ResetHint, Span};

/// What a user is told about a sum or difference that was computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AddNotes {
    /// One histogram says that there was a counter reset, the other that there was none.
    pub counter_reset_collision: bool,
    /// The custom bounds differed, so those that both have were taken.
    pub nhcb_bounds_reconciled: bool,
}

/// Exponential and custom buckets cannot be added to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot apply this operation on histograms with a mix of exponential and custom bucket schemas")]
pub struct IncompatibleBuckets;

impl FloatHistogram {
    /// Adds `other`. Buckets may be empty afterwards: see [`FloatHistogram::compact`].
    pub fn add(&mut self, other: &Self) -> Result<AddNotes, IncompatibleBuckets> {
        self.combine(other, false)
    }

    /// Subtracts `other`. Whoever shows the difference as it is marks it as a gauge.
    pub fn sub(&mut self, other: &Self) -> Result<AddNotes, IncompatibleBuckets> {
        self.combine(other, true)
    }

    fn combine(&mut self, other: &Self, negative: bool) -> Result<AddNotes, IncompatibleBuckets> {
        let counter_reset_collision = self.join_hints(other)?;
        let mut notes = AddNotes {
            counter_reset_collision,
            nhcb_bounds_reconciled: false,
        };
        let signed = |value: f64| if negative { -value } else { value };
        if !self.uses_custom_buckets() {
            let (zero_count, _) = self.meet_zero_bucket(other, None);
            self.zero_count += signed(zero_count);
        }
        self.count += signed(other.count);
        self.sum += signed(other.sum);
        if self.uses_custom_buckets() {
            if custom_bounds_match(&self.custom_values, &other.custom_values) {
                let addend = Addend::of(&other.positive_spans, &other.positive, negative);
                merge::add(&mut self.positive_spans, &mut self.positive, None, addend);
            } else {
                notes.nhcb_bounds_reconciled = true;
                self.add_over_common_bounds(other, None, negative);
            }
            return Ok(notes);
        }
        self.reduce_resolution(other.schema);
        let (schema, threshold) = (self.schema, self.zero_threshold);
        let sides = [
            (
                &mut self.positive_spans,
                &mut self.positive,
                &other.positive_spans,
                &other.positive,
            ),
            (
                &mut self.negative_spans,
                &mut self.negative,
                &other.negative_spans,
                &other.negative,
            ),
        ];
        for (spans, counts, other_spans, other_counts) in sides {
            let coarse = coarser(other_spans, other_counts, (other.schema, schema), false);
            let addend = match &coarse {
                Some(coarse) => Addend::of(&coarse.spans, &coarse.counts, negative),
                None => Addend::of(other_spans, other_counts, negative),
            };
            merge::add(spans, counts, None, addend.outside(threshold, schema));
        }
        Ok(notes)
    }

    /// Adds `other` and keeps in `compensation` what the additions lose. `compensation` is made at the
    /// first addition and belongs to this histogram from then on; at the end it is added to the sum.
    pub fn kahan_add(
        &mut self,
        compensation: &mut Option<Self>,
        other: &Self,
    ) -> Result<AddNotes, IncompatibleBuckets> {
        let counter_reset_collision = self.join_hints(other)?;
        let mut notes = AddNotes {
            counter_reset_collision,
            nhcb_bounds_reconciled: false,
        };
        let c = compensation.get_or_insert_with(|| self.without_counts());
        if !self.uses_custom_buckets() {
            let (zero_count, zero_error) = self.meet_zero_bucket(other, Some(c));
            kahan::add(zero_count, &mut self.zero_count, &mut c.zero_count);
            kahan::add(zero_error, &mut self.zero_count, &mut c.zero_count);
        }
        kahan::add(other.count, &mut self.count, &mut c.count);
        kahan::add(other.sum, &mut self.sum, &mut c.sum);
        if !self.uses_custom_buckets() {
            self.kahan_add_exponential(c, other);
        } else if custom_bounds_match(&self.custom_values, &other.custom_values) {
            let addend = Addend::of(&other.positive_spans, &other.positive, false);
            let errors = Some(&mut c.positive);
            merge::add(&mut self.positive_spans, &mut self.positive, errors, addend);
        } else {
            notes.nhcb_bounds_reconciled = true;
            self.add_over_common_bounds(other, Some(c), false);
        }
        c.schema = self.schema;
        c.zero_threshold = self.zero_threshold;
        c.positive_spans.clone_from(&self.positive_spans);
        c.negative_spans.clone_from(&self.negative_spans);
        Ok(notes)
    }

    fn kahan_add_exponential(&mut self, c: &mut Self, other: &Self) {
        let schema = self.schema.min(other.schema);
        let (own_schema, threshold) = (self.schema, self.zero_threshold);
        let sides = [
            (
                (&mut self.positive_spans, &mut self.positive, &mut c.positive),
                (&other.positive_spans, &other.positive),
            ),
            (
                (&mut self.negative_spans, &mut self.negative, &mut c.negative),
                (&other.negative_spans, &other.negative),
            ),
        ];
        for ((spans, counts, errors), (other_spans, other_counts)) in sides {
            if schema < own_schema {
                let coarse = coarsen(spans, counts, Some(errors), (own_schema, schema));
                (*spans, *counts) = (coarse.spans, coarse.counts);
                *errors = coarse.compensations.unwrap_or_default();
            }
            let coarse = coarser(other_spans, other_counts, (other.schema, schema), true);
            let addend = match &coarse {
                Some(coarse) => Addend {
                    compensations: coarse.compensations.as_deref(),
                    ..Addend::of(&coarse.spans, &coarse.counts, false)
                },
                None => Addend::of(other_spans, other_counts, false),
            };
            merge::add(spans, counts, Some(errors), addend.outside(threshold, schema));
        }
        self.schema = schema;
    }

    /// A histogram of the same buckets without observations.
    fn without_counts(&self) -> Self {
        Self {
            zero_count: 0.0,
            count: 0.0,
            sum: 0.0,
            positive: vec![0.0; self.positive.len()],
            negative: vec![0.0; self.negative.len()],
            ..self.clone()
        }
    }

    /// Multiplies all counts and the sum. A negative multiple is a gauge.
    pub fn mul(&mut self, factor: f64) {
        self.each_count(|count| count * factor);
        if factor < 0.0 {
            self.reset_hint = ResetHint::Gauge;
        }
    }

    /// Divides all counts and the sum. A division by zero leaves no buckets, one by less makes a gauge.
    pub fn div(&mut self, divisor: f64) {
        if divisor == 0.0 {
            self.positive_spans.clear();
            self.positive.clear();
            self.negative_spans.clear();
            self.negative.clear();
        }
        self.each_count(|count| count / divisor);
        if divisor < 0.0 {
            self.reset_hint = ResetHint::Gauge;
        }
    }

    fn each_count(&mut self, change: impl Fn(f64) -> f64) {
        // Custom buckets have no zero bucket: infinity times nothing would make one.
        let zero = (!self.uses_custom_buckets()).then_some(&mut self.zero_count);
        let scalars = [&mut self.count, &mut self.sum];
        let buckets = self.positive.iter_mut().chain(&mut self.negative);
        scalars
            .into_iter()
            .chain(zero)
            .chain(buckets)
            .for_each(|count| *count = change(*count));
    }

    /// What the sum says about resets; true if the two contradict each other.
    fn join_hints(&mut self, other: &Self) -> Result<bool, IncompatibleBuckets> {
        use ResetHint::{Gauge, Unknown};
        if self.uses_custom_buckets() != other.uses_custom_buckets() {
            return Err(IncompatibleBuckets);
        }
        let (own, others) = (self.reset_hint, other.reset_hint);
        self.reset_hint = match (own, others) {
            _ if own == others => own,
            (Gauge, _) | (_, Gauge) => Gauge,
            _ => Unknown,
        };
        Ok(own != others && ![own, others].iter().any(|hint| matches!(hint, Gauge | Unknown)))
    }
}

/// The buckets in the coarser schema, if it is coarser.
fn coarser(spans: &[Span], counts: &[f64], step: (i32, i32), compensated: bool) -> Option<Layout> {
    let errors = compensated.then(|| vec![0.0; counts.len()]);
    (step.0 > step.1).then(|| coarsen(spans, counts, errors.as_deref(), step))
}

impl<'a> Addend<'a> {
    fn of(spans: &'a [Span], counts: &'a [f64], negative: bool) -> Self {
        Self {
            spans,
            counts,
            compensations: None,
            first: i32::MIN,
            negative,
        }
    }

    /// Without the buckets that the zero bucket has taken in.
    fn outside(mut self, threshold: f64, schema: i32) -> Self {
        let inside = |index: &i32| exponential_bound(*index, schema) <= threshold;
        if threshold > 0.0 && indices(self.spans).next().is_some_and(|first| inside(&first)) {
            self.first = indices(self.spans)
                .find(|index| !inside(index))
                .unwrap_or(i32::MAX);
        }
        self
    }
}
