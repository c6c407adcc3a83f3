//! How much of a processor core a compaction takes: work and rest in turns, so that ingestion and queries
//! on a small machine are not disturbed.

use std::time::Duration;

/// Work between two rests: long enough that sleeping costs nothing, short enough that nobody waits long.
const TURN: Duration = Duration::from_millis(20);

/// Decides when to rest. Pure: the caller measures and sleeps.
#[derive(Debug, Clone, Copy)]
pub struct Throttle {
    /// Share of the time that may be worked, above 0 to 1.
    share: f64,
}

impl Throttle {
    /// Work for `share` of the time; 1 never rests, and what is below 1 % counts as 1 %.
    pub fn new(share: f64) -> Self {
        let share = if share.is_nan() {
            1.0
        } else {
            share.clamp(0.01, 1.0)
        };
        Self { share }
    }

    /// How long to rest after working for `busy` without a rest; `None` while the turn lasts.
    pub fn rest_after(self, busy: Duration) -> Option<Duration> {
        if busy < TURN || self.share >= 1.0 {
            return None;
        }
        Some(busy.mul_f64(1.0 / self.share - 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_in_proportion() {
        let ms = Duration::from_millis;
        assert_eq!(Throttle::new(0.5).rest_after(ms(19)), None);
        assert_eq!(Throttle::new(0.5).rest_after(ms(30)), Some(ms(30)));
        assert_eq!(Throttle::new(0.25).rest_after(ms(20)), Some(ms(60)));
        assert_eq!(Throttle::new(1.0).rest_after(ms(500)), None);
        assert_eq!(Throttle::new(f64::NAN).rest_after(ms(500)), None);
        assert!(
            Throttle::new(0.0)
                .rest_after(ms(20))
                .is_some_and(|rest| rest < ms(2000))
        );
    }
}
