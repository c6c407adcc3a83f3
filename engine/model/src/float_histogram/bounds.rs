//! Where the buckets of a schema begin and end, and how indices of one schema map to another.

use super::bounds_table::FRACTIONS;
use crate::go_math::join;
use crate::histogram::{CUSTOM_BUCKETS_SCHEMA, SCHEMA_MAX};

/// Upper bound of bucket `index`; of custom buckets it is taken from `custom_values`, the last is +Inf and
/// the one before the first −Inf.
pub(super) fn bound(index: i32, schema: i32, custom_values: &[f64]) -> f64 {
    if schema != CUSTOM_BUCKETS_SCHEMA {
        return exponential_bound(index, schema);
    }
    match usize::try_from(index) {
        Ok(index) => custom_values.get(index).copied().unwrap_or(f64::INFINITY),
        Err(_) => f64::NEG_INFINITY,
    }
}

/// Upper bound of bucket `index` of an exponential schema (−4 to 8). The bucket that holds the largest
/// finite float ends there, so that the one after it is that of the infinities.
pub(super) fn exponential_bound(index: i32, schema: i32) -> f64 {
    let index = i64::from(index);
    let (fraction, exponent) = match u32::try_from(schema) {
        Ok(schema) => {
            let within = (index & ((1 << schema) - 1)) as usize;
            let step = SCHEMA_MAX as u32 - schema.min(SCHEMA_MAX as u32);
            (FRACTIONS[within << step], (index >> schema) + 1)
        }
        Err(_) => (0.5, (index << schema.unsigned_abs()) + 1),
    };
    match fraction == 0.5 && exponent == 1025 {
        true => f64::MAX,
        false => join(fraction, exponent),
    }
}

/// Index, in the coarser schema `to`, of the bucket that takes in bucket `index` of schema `from`.
pub(super) fn coarser_index(index: i32, from: i32, to: i32) -> i32 {
    (index.wrapping_sub(1) >> (from - to)).wrapping_add(1)
}

/// Whether two lists of custom bounds are the same.
pub(super) fn custom_bounds_match(a: &[f64], b: &[f64]) -> bool {
    a == b
}

/// The bounds that both lists have; both ascend.
pub(super) fn common_bounds(a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut common = Vec::with_capacity(a.len().min(b.len()));
    let (mut i, mut j) = (0, 0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        if x == y {
            common.push(*x);
        }
        i += usize::from(x <= y);
        j += usize::from(y <= x || x.is_nan() || y.is_nan());
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_double_in_schema_zero_and_meet_in_all() {
        for schema in 0..=SCHEMA_MAX {
            for power in -30..30 {
                let index = power << schema;
                assert_eq!(exponential_bound(index, schema), 2.0_f64.powi(power));
            }
            let largest = 1024 << schema;
            assert_eq!(exponential_bound(largest, schema), f64::MAX);
            assert_eq!(exponential_bound(largest + 1, schema), f64::INFINITY);
        }
        assert_eq!(exponential_bound(1, -1), 4.0);
        assert_eq!(exponential_bound(-1, -4), 2.0_f64.powi(-16));
        assert_eq!(exponential_bound(64, -4), f64::MAX);
        assert_eq!(exponential_bound(-1074, 0), 5e-324, "subnormal bounds");
        assert_eq!(exponential_bound(1, 1), 0.707_106_781_186_547_5 * 2.0);
    }

    #[test]
    fn coarser_buckets_contain_finer_ones() {
        for schema in -3..=SCHEMA_MAX {
            for index in -40..40 {
                let coarse = coarser_index(index, schema, schema - 1);
                assert!(exponential_bound(coarse, schema - 1) >= exponential_bound(index, schema));
                assert!(exponential_bound(coarse - 1, schema - 1) <= exponential_bound(index - 1, schema));
            }
        }
    }

    #[test]
    fn common_bounds_are_in_both() {
        assert_eq!(
            common_bounds(&[0.1, 1.0, 5.0, 10.0], &[0.5, 1.0, 10.0, 20.0]),
            [1.0, 10.0]
        );
        assert!(common_bounds(&[], &[1.0]).is_empty());
    }
}
