//! When a notification that failed is tried again: exponential backoff with jitter, counted from the
//! start of the failed attempt, until the flush's deadline.

/// Delay after the first attempt.
const FIRST_DELAY_MS: f64 = 500.0;
/// Growth from attempt to attempt.
const GROWTH: f64 = 1.5;
/// Longest delay before jitter.
const DELAY_MS_MAX: f64 = 60_000.0;
/// Share of the delay by which jitter shortens or lengthens it.
const JITTER: f64 = 0.5;
/// A flush may take this long even in groups with a shorter interval.
const FLUSH_TIMEOUT_MS_MIN: i64 = 10_000;

/// How long one flush of a group may try: until the next one, but at least 10 s.
pub(crate) fn flush_timeout_ms(group_interval_ms: i64) -> i64 {
    group_interval_ms.max(FLUSH_TIMEOUT_MS_MIN)
}

/// Delay between the starts of `attempt` (counted from 1) and of the next one, in ms. `seed` spreads
/// the receivers of one outage; the same seed gives the same delays.
pub(crate) fn delay_ms(attempt: u32, seed: u64) -> i64 {
    let exponent = attempt.saturating_sub(1).min(64);
    let delay = (FIRST_DELAY_MS * GROWTH.powi(exponent as i32)).min(DELAY_MS_MAX);
    let share = unit_fraction(seed ^ u64::from(attempt).rotate_left(32));
    (delay * (1.0 - JITTER + 2.0 * JITTER * share)) as i64
}

/// A number in [0, 1) that looks random (the mixing step of SplitMix64).
fn unit_fraction(seed: u64) -> f64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    (z >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_within_their_jitter() {
        for (attempt, centre_ms) in [
            (1, 500.0),
            (2, 750.0),
            (3, 1125.0),
            (13, 60_000.0),
            (1000, 60_000.0),
        ] {
            for seed in 0..200 {
                let delay = delay_ms(attempt, seed) as f64;
                assert!(
                    (centre_ms * 0.5 - 1.0..=centre_ms * 1.5).contains(&delay),
                    "{attempt}: {delay}"
                );
            }
        }
        assert_eq!(delay_ms(3, 7), delay_ms(3, 7));
        assert_ne!(delay_ms(3, 7), delay_ms(3, 8));
    }
}
