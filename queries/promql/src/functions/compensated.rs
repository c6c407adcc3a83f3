//! Sums as Prometheus adds: Kahan's compensation in Neumaier's form, in the order of the samples.

/// A sum with the error that its roundings have left so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CompensatedSum {
    /// The sum as plain addition would have it.
    pub sum: f64,
    /// What is to be added to it.
    pub compensation: f64,
}

impl CompensatedSum {
    /// Starts from a sum and its compensation.
    pub fn new(sum: f64, compensation: f64) -> Self {
        Self { sum, compensation }
    }

    /// The sum after adding `value`. An infinite sum has no compensation.
    #[inline]
    #[must_use]
    pub fn plus(self, value: f64) -> Self {
        let sum = self.sum + value;
        let compensation = if sum.is_infinite() {
            0.0
        } else if self.sum.abs() >= value.abs() {
            self.compensation + ((self.sum - sum) + value)
        } else {
            self.compensation + ((value - sum) + self.sum)
        };
        Self { sum, compensation }
    }

    /// The compensated result.
    #[inline]
    pub fn value(self) -> f64 {
        self.sum + self.compensation
    }
}

/// A mean as Prometheus computes it: sum over count, and step by step from where the sum overflows.
#[derive(Debug, Clone, Copy, Default)]
pub struct CompensatedMean {
    total: CompensatedSum,
    count: f64,
    incremental: bool,
}

impl CompensatedMean {
    /// Adds a value.
    pub fn add(&mut self, value: f64) {
        self.count += 1.0;
        if !self.incremental {
            let next = self.total.plus(value);
            // The first value may be infinite itself: that is no overflow.
            if self.count == 1.0 || !next.sum.is_infinite() {
                self.total = next;
                return;
            }
            self.incremental = true;
            let before = self.count - 1.0;
            self.total = CompensatedSum::new(self.total.sum / before, self.total.compensation / before);
        }
        let weight = (self.count - 1.0) / self.count;
        let scaled = CompensatedSum::new(weight * self.total.sum, weight * self.total.compensation);
        self.total = scaled.plus(value / self.count);
    }

    /// The mean of what was added; NaN of nothing.
    pub fn value(&self) -> f64 {
        if self.incremental {
            return self.total.value();
        }
        self.total.sum / self.count + self.total.compensation / self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_plain_addition_loses() {
        let sum = [1.0, 1e100, 1.0, -1e100]
            .iter()
            .fold(CompensatedSum::default(), |sum, &v| sum.plus(v));
        assert_eq!(sum.value(), 2.0);
    }

    #[test]
    fn the_mean_survives_overflow() {
        let mut mean = CompensatedMean::default();
        for value in [f64::MAX, f64::MAX, f64::MAX] {
            mean.add(value);
        }
        assert!((mean.value() / f64::MAX - 1.0).abs() < 1e-12, "{}", mean.value());
    }
}
