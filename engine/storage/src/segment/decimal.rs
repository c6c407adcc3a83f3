//! Doubles as decimals: `scaled / divisor` where that division gives back the identical bits, the
//! double itself elsewhere. This is the one place where sample values are encoded and decoded.

use std::cmp::Reverse;

use arrow::array::{Array, Float64Array, Int64Array};
use engine_model::staleness::{STALE_NAN, is_stale};

/// Integers up to here are exact doubles, so that `scaled as f64` never rounds.
const SCALED_MAX: i64 = 1 << 53;

/// Powers of ten that are exact doubles, as far as decimals of 53-bit integers are found in practice.
const POWERS: [f64; 19] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
];

/// A series whose first samples are mostly no decimals is not searched further: the search costs up to
/// 19 divisions a sample.
const ODD_SAMPLES_MAX: usize = 16;

/// `value * divisor` as an integer when dividing it again gives back the identical bits.
#[inline]
pub(super) fn scale(value: f64, divisor: f64) -> Option<i64> {
    let scaled = (value * divisor).round_ties_even();
    // NaN fails both comparisons; negative zero and rounding fail the comparison of bits.
    if !(scaled >= -(SCALED_MAX as f64) && scaled <= SCALED_MAX as f64) {
        return None;
    }
    let scaled = scaled as i64;
    (unscale(scaled, divisor).to_bits() == value.to_bits()).then_some(scaled)
}

/// The double that `scaled` and `divisor` stand for.
#[inline]
pub(super) fn unscale(scaled: i64, divisor: f64) -> f64 {
    scaled as f64 / divisor
}

/// Appends the doubles that `scaled` and `divisor` stand for.
pub(super) fn unscale_all(scaled: &[i64], divisor: f64, out: &mut Vec<f64>) {
    if divisor == 1.0 {
        // Spares the division, which takes longer than all else.
        out.extend(scaled.iter().map(|&integer| integer as f64));
    } else {
        out.extend(scaled.iter().map(|&integer| unscale(integer, divisor)));
    }
}

/// Chooses what the integers of a series are divided by: the power of ten under which the most of `values`
/// are exact decimals, less the power of two that all these integers have in common. Bytes in whole pages
/// become numbers of pages. Halving both sides of a division changes no bit of its result.
pub(super) fn choose_divisor(values: &[f64]) -> f64 {
    let power = choose_power(values);
    let common = values.iter().try_fold(0i64, |bits, &value| {
        let bits = bits | scale(value, power).unwrap_or(0);
        if bits & 1 == 0 { Ok(bits) } else { Err(bits) }
    });
    match common {
        Ok(bits) if bits != 0 => power / (1i64 << bits.trailing_zeros()) as f64,
        _ => power,
    }
}

/// The power of ten under which the most of `values` are exact decimals, the smallest of equals.
fn choose_power(values: &[f64]) -> f64 {
    let mut visited = vec![0usize];
    let (mut power, mut decimals, mut odd) = (0, 0usize, 0usize);
    for &value in values.iter().filter(|v| v.is_finite()) {
        if scale(value, POWERS[power]).is_some() {
            decimals += 1;
            continue;
        }
        match (power + 1..POWERS.len()).find(|&p| scale(value, POWERS[p]).is_some()) {
            Some(higher) => {
                power = higher;
                visited.push(higher);
                decimals += 1;
            }
            None => odd += 1,
        }
        if odd > ODD_SAMPLES_MAX && odd > decimals {
            break;
        }
    }
    // Usually the highest power holds every decimal; otherwise (an outlier with many digits among
    // large integers) the powers that were visited are counted.
    let holds = |p: usize| values.iter().filter(|v| scale(**v, POWERS[p]).is_some()).count();
    if odd == 0 && (visited.len() == 1 || holds(power) == decimals) {
        return POWERS[power];
    }
    let best = visited.into_iter().map(|p| (holds(p), Reverse(p))).max();
    match best {
        // Random doubles are decimals of 15 digits now and then: a series is of one kind or the other.
        Some((held, Reverse(p))) if 2 * held >= values.iter().filter(|v| v.is_finite()).count() => POWERS[p],
        _ => 1.0,
    }
}

/// How one sample is stored: `scaled` and `value` of its row.
#[inline]
pub(super) fn encode(value: f64, divisor: f64) -> (Option<i64>, Option<f64>) {
    if is_stale(value) {
        return (None, None);
    }
    match scale(value, divisor) {
        Some(scaled) => (Some(scaled), None),
        None => (None, Some(value)),
    }
}

/// The three value columns of some consecutive rows.
pub(super) struct ValueColumns<'a> {
    pub(super) scaled: &'a Int64Array,
    pub(super) divisor: &'a Float64Array,
    pub(super) value: &'a Float64Array,
}

impl ValueColumns<'_> {
    /// Appends the doubles of rows `from..to` to `out`.
    pub(super) fn decode(&self, from: usize, to: usize, out: &mut Vec<f64>) {
        let (scaled, divisor) = (&self.scaled.values()[from..to], &self.divisor.values()[from..to]);
        if self.scaled.null_count() == 0 {
            out.extend(scaled.iter().zip(divisor).map(|(&s, &d)| unscale(s, d)));
            return;
        }
        out.extend((from..to).map(|row| {
            if self.scaled.is_valid(row) {
                unscale(self.scaled.value(row), self.divisor.value(row))
            } else if self.value.is_valid(row) {
                self.value.value(row)
            } else {
                STALE_NAN
            }
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_at_once_are_as_one_by_one() {
        let integers: Vec<i64> = (-40..40)
            .map(|i| i * 12_345_678_901)
            .chain([SCALED_MAX])
            .collect();
        for divisor in [1.0, 100.0, 1e18, 0.25] {
            let mut found = Vec::new();
            unscale_all(&integers, divisor, &mut found);
            let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            let expected: Vec<f64> = integers.iter().map(|&i| unscale(i, divisor)).collect();
            assert_eq!(bits(&found), bits(&expected), "{divisor}");
        }
    }

    #[test]
    fn divisors() {
        let cases: [(&[f64], f64); 15] = [
            (&[1.0, 2.0, -3.0], 1.0),
            (&[1.0, 2.5, 3.25], 100.0),
            (&[0.1, f64::NAN, f64::INFINITY, -0.0], 10.0),
            (&[0.1 + 0.2, std::f64::consts::PI, 0.1 + 0.7], 1.0),
            (&[std::f64::consts::PI], 1e15),
            (&[9e15, 8e15, 0.123_456_789, 7e15], 1.0 / 32_768.0),
            (&[0.001, 12.5], 1000.0),
            (&[], 1.0),
            (&[1e300, 1.0], 1.0),
            (&[4096.0, f64::NAN, -12_288.0, 0.0], 1.0 / 4096.0),
            (&[4096.0, 0.5], 10.0),
            (&[0.25, 0.5], 100.0),
            (&[0.0, 0.0], 1.0),
            (&[9_007_199_254_740_992.0], 1.0 / 9_007_199_254_740_992.0),
            (&[f64::MIN_POSITIVE, 0.25], 100.0),
        ];
        for (values, divisor) in cases {
            assert_eq!(choose_divisor(values), divisor, "{values:?}");
        }
    }

    #[test]
    fn only_identical_bits_are_scaled() {
        for (value, divisor, scaled) in [
            (0.0, 1.0, Some(0)),
            (-0.0, 1.0, None),
            (0.1, 10.0, Some(1)),
            (0.1 + 0.2, 1e17, None),
            (9_007_199_254_740_992.0, 1.0, Some(1 << 53)),
            (9_007_199_254_740_994.0, 1.0, None),
            (f64::NAN, 1.0, None),
            (f64::NEG_INFINITY, 1.0, None),
            (-12.34, 100.0, Some(-1234)),
        ] {
            assert_eq!(scale(value, divisor), scaled, "{value} {divisor}");
        }
        assert_eq!(encode(STALE_NAN, 1.0), (None, None));
    }
}
