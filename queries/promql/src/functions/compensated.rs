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

    /// The sum of what both added up.
    #[must_use]
    pub(crate) fn with(self, other: Self) -> Self {
        let Self { sum, compensation } = self.plus(other.sum);
        if sum.is_infinite() {
            return Self::new(sum, 0.0);
        }
        Self::new(sum, compensation + other.compensation)
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

    /// A mean on its way as numbers: sum, compensation, count, and 1 where the sum overflowed.
    pub(crate) fn to_numbers(self) -> [f64; 4] {
        let incremental = f64::from(u8::from(self.incremental));
        [self.total.sum, self.total.compensation, self.count, incremental]
    }

    /// The mean of such numbers.
    pub(crate) fn of_numbers([sum, compensation, count, incremental]: [f64; 4]) -> Self {
        Self {
            total: CompensatedSum::new(sum, compensation),
            count,
            incremental: incremental != 0.0,
        }
    }

    /// The mean of what both averaged.
    #[must_use]
    pub(crate) fn with(self, other: Self) -> Self {
        if self.count == 0.0 || other.count == 0.0 {
            return if self.count == 0.0 { other } else { self };
        }
        let count = self.count + other.count;
        if !self.incremental && !other.incremental {
            let total = self.total.with(other.total);
            if !total.sum.is_infinite() {
                return Self {
                    total,
                    count,
                    incremental: false,
                };
            }
        }
        let weighted = |mean: Self| {
            let weight = mean.count / count;
            // A sum becomes a mean before it is weighted, so that it does not overflow.
            let divisor = if mean.incremental { 1.0 } else { mean.count };
            let CompensatedSum { sum, compensation } = mean.total;
            CompensatedSum::new(sum / divisor * weight, compensation / divisor * weight)
        };
        Self {
            total: weighted(self).with(weighted(other)),
            count,
            incremental: true,
        }
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
    fn parts_add_up() {
        let sum = |values: &[f64]| {
            let sums = values.iter();
            sums.fold(CompensatedSum::default(), |sum, &v| sum.plus(v))
        };
        assert_eq!(sum(&[1.0, 1e100]).with(sum(&[1.0, -1e100])).value(), 2.0);
        assert_eq!(sum(&[1.0]).with(sum(&[f64::INFINITY])).value(), f64::INFINITY);
        let mean = |values: &[f64]| {
            let mut mean = CompensatedMean::default();
            values.iter().for_each(|&v| mean.add(v));
            CompensatedMean::of_numbers(mean.to_numbers())
        };
        assert_eq!(mean(&[1.0, 2.0]).with(mean(&[6.0])).value(), 3.0);
        assert_eq!(mean(&[]).with(mean(&[6.0])).with(mean(&[])).value(), 6.0);
        let large = mean(&[f64::MAX, f64::MAX]).with(mean(&[f64::MAX])).value();
        assert!((large / f64::MAX - 1.0).abs() < 1e-12, "{large}");
        assert_eq!(mean(&[1.0]).with(mean(&[f64::INFINITY])).value(), f64::INFINITY);
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
