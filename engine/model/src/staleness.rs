//! The staleness marker: one NaN payload which says "this series ended here".
//! NaN payloads survive every hop, so markers are compared as bits and never with `is_nan`.

/// Bits of the marker that Prometheus writes when a series disappears.
pub const STALE_NAN_BITS: u64 = 0x7ff0_0000_0000_0002;

/// Bits of the NaN that a parsed `NaN` becomes (Prometheus's `NormalNaN`).
pub const NORMAL_NAN_BITS: u64 = 0x7ff8_0000_0000_0001;

/// The staleness marker as a float.
pub const STALE_NAN: f64 = f64::from_bits(STALE_NAN_BITS);

/// The NaN of a sample whose exposed value was `NaN`.
pub const NORMAL_NAN: f64 = f64::from_bits(NORMAL_NAN_BITS);

/// Whether `value` is the staleness marker.
#[inline]
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_NAN_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_marker_is_stale() {
        assert!(is_stale(STALE_NAN));
        for value in [NORMAL_NAN, f64::NAN, 0.0, f64::INFINITY] {
            assert!(!is_stale(value), "{value}");
        }
    }
}
