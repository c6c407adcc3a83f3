//! What the integers of each series are divided by. Few are different, so a series takes two bytes.

/// A divisor a series, or none at all.
#[derive(Debug, Default)]
pub(super) struct Divisors {
    /// Different ones, in the order in which they came.
    different: Vec<f64>,
    codes: Vec<u16>,
}

impl Divisors {
    /// Appends the next series' divisor.
    pub(super) fn push(&mut self, divisor: f64) -> Result<(), String> {
        let bits = divisor.to_bits();
        // Powers of ten over powers of two: a handful in a segment.
        let known = self.different.iter().position(|known| known.to_bits() == bits);
        let code = known.unwrap_or(self.different.len());
        let too_many = |_| format!("more than {} different divisors", u16::MAX);
        self.codes.push(u16::try_from(code).map_err(too_many)?);
        if known.is_none() {
            self.different.push(divisor);
        }
        Ok(())
    }

    /// The divisor of a series, if its segment says it here.
    pub(super) fn of(&self, series: usize) -> Option<f64> {
        let code = *self.codes.get(series)?;
        self.different.get(usize::from(code)).copied()
    }

    pub(super) fn shrink_to_fit(&mut self) {
        self.codes.shrink_to_fit();
    }

    /// Bytes of memory held.
    pub(super) fn memory_bytes(&self) -> usize {
        size_of_val(self.different.as_slice()) + size_of_val(self.codes.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_series_has_its_own() {
        let mut divisors = Divisors::default();
        assert_eq!(divisors.of(0), None);
        for divisor in [1.0, 100.0, 1.0, 1.0 / 4096.0] {
            divisors.push(divisor).unwrap();
        }
        let found: Vec<f64> = (0..5).filter_map(|series| divisors.of(series)).collect();
        assert_eq!(found, [1.0, 100.0, 1.0, 1.0 / 4096.0]);
    }
}
