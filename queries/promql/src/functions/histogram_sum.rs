//! Sums and means of native histograms, compensated, in the order of the samples.

use engine_model::FloatHistogram;
use engine_model::float_histogram::IncompatibleBuckets;
use engine_model::histogram::ResetHint;

/// A sum or a mean on its way.
#[derive(Debug, Clone)]
pub(crate) struct HistogramSum {
    /// The sum, or the mean once sums overflow.
    total: FloatHistogram,
    compensation: Option<FloatHistogram>,
    count: f64,
    /// Whether the mean is asked for.
    mean: bool,
    incremental: bool,
    reset_seen: bool,
    not_reset_seen: bool,
}

impl HistogramSum {
    /// Begins with one histogram.
    pub(crate) fn new(first: &FloatHistogram, mean: bool) -> Self {
        let mut sum = Self {
            total: first.clone(),
            compensation: None,
            count: 1.0,
            mean,
            incremental: false,
            reset_seen: false,
            not_reset_seen: false,
        };
        sum.note_hint(first);
        sum
    }

    fn note_hint(&mut self, histogram: &FloatHistogram) {
        self.reset_seen |= histogram.reset_hint == ResetHint::Reset;
        self.not_reset_seen |= histogram.reset_hint == ResetHint::NotReset;
    }

    /// Adds one; true when custom bounds had to be reconciled.
    pub(crate) fn add(&mut self, histogram: &FloatHistogram) -> Result<bool, IncompatibleBuckets> {
        self.note_hint(histogram);
        self.count += 1.0;
        if !self.mean {
            let notes = self.total.kahan_add(&mut self.compensation, histogram)?;
            return Ok(notes.nhcb_bounds_reconciled);
        }
        let mut reconciled = false;
        if !self.incremental {
            let (mut total, mut compensation) = (self.total.clone(), self.compensation.clone());
            reconciled = total
                .kahan_add(&mut compensation, histogram)?
                .nhcb_bounds_reconciled;
            if !total.has_overflow() {
                (self.total, self.compensation) = (total, compensation);
                return Ok(reconciled);
            }
            self.incremental = true;
            self.total.div(self.count - 1.0);
            if let Some(compensation) = &mut self.compensation {
                compensation.div(self.count - 1.0);
            }
        }
        let weight = (self.count - 1.0) / self.count;
        if let Some(compensation) = &mut self.compensation {
            compensation.mul(weight);
        }
        let mut part = histogram.clone();
        part.div(self.count);
        self.total.mul(weight);
        let notes = self.total.kahan_add(&mut self.compensation, &part)?;
        Ok(reconciled || notes.nhcb_bounds_reconciled)
    }

    /// Whether some histograms say that there was a reset and others that there was none.
    pub(crate) fn collided(&self) -> bool {
        self.reset_seen && self.not_reset_seen
    }

    /// The sum or mean.
    pub(crate) fn finish(mut self) -> Result<FloatHistogram, IncompatibleBuckets> {
        if self.mean && !self.incremental {
            self.total.div(self.count);
            if let Some(compensation) = &mut self.compensation {
                compensation.div(self.count);
            }
        }
        if let Some(compensation) = &self.compensation {
            self.total.add(compensation)?;
        }
        Ok(self.total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sum: f64) -> FloatHistogram {
        FloatHistogram {
            count: 1.0,
            sum,
            ..FloatHistogram::default()
        }
    }

    #[test]
    fn small_parts_are_not_lost_and_means_do_not_overflow() {
        let mut sum = HistogramSum::new(&of(1e100), false);
        for value in [1.0, -1e100] {
            sum.add(&of(value)).unwrap();
        }
        assert_eq!(sum.finish().unwrap().sum, 1.0);
        let mut mean = HistogramSum::new(&of(1.5e308), true);
        mean.add(&of(1.5e308)).unwrap();
        let mean = mean.finish().unwrap();
        assert_eq!((mean.sum, mean.count), (1.5e308, 1.0));
    }
}
