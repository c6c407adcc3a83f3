//! When a group is due. Pure: the grid is fixed by the group's file and name and by its interval, as
//! in Prometheus, so the phase survives restarts and groups do not all start at once.

use std::time::Duration;

use engine_model::Labels;
use tokio::time::sleep;

use engine_model::WallClock;

/// A group's grid: it is due at every `phase_ms + k × interval_ms` since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Schedule {
    interval_ms: i64,
    phase_ms: i64,
}

/// An evaluation that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tick {
    /// The instant to evaluate at, in ms since the epoch.
    pub(crate) at_ms: i64,
    /// Earlier evaluations that were due and are skipped.
    pub(crate) missed: u64,
}

impl Schedule {
    /// The grid of the group. `interval_ms` must be more than 0.
    pub(crate) fn new(file: &str, name: &str, interval_ms: i64) -> Self {
        let interval_ms = interval_ms.max(1);
        let identity = Labels::from_pairs([("file", file), ("name", name)]);
        // In ns, the unit of Prometheus, so that both evaluate at the same ms.
        let interval_ns = interval_ms.unsigned_abs().saturating_mul(1_000_000);
        let phase_ms = (identity.prometheus_hash() % interval_ns / 1_000_000) as i64;
        Self {
            interval_ms,
            phase_ms,
        }
    }

    /// Time between two evaluations, in ms.
    pub(crate) fn interval_ms(&self) -> i64 {
        self.interval_ms
    }

    /// The first due time after `now_ms`.
    pub(crate) fn first_after(&self, now_ms: i64) -> i64 {
        now_ms + self.interval_ms - (now_ms - self.phase_ms).rem_euclid(self.interval_ms)
    }

    /// What to evaluate at `now_ms` when `due_ms` has come: the latest due time; those between are missed.
    pub(crate) fn tick(&self, due_ms: i64, now_ms: i64) -> Tick {
        let missed = (now_ms - due_ms).max(0) / self.interval_ms;
        Tick {
            at_ms: due_ms + missed * self.interval_ms,
            missed: missed.unsigned_abs(),
        }
    }

    /// Sleeps until `due_ms` and says what to evaluate then. The clock is read again after each
    /// sleep; when it was set back by more than an interval, the next due time on it counts.
    pub(crate) async fn wait(&self, mut due_ms: i64, clock: &WallClock) -> Tick {
        loop {
            let now_ms = clock.now_ms();
            let wait_ms = due_ms - now_ms;
            if wait_ms <= 0 {
                return self.tick(due_ms, now_ms);
            }
            if wait_ms > self.interval_ms {
                due_ms = self.first_after(now_ms);
                continue;
            }
            sleep(Duration::from_millis(wait_ms.unsigned_abs())).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_times_stand_on_the_grid() {
        let schedule = Schedule {
            interval_ms: 1000,
            phase_ms: 300,
        };
        for (now_ms, first) in [(0, 300), (299, 300), (300, 1300), (301, 1300), (-1000, -700)] {
            assert_eq!(schedule.first_after(now_ms), first, "{now_ms}");
        }
        for (case, now_ms, at_ms, missed) in [
            ("in time", 1300, 1300, 0),
            ("late by less than an interval", 2299, 1300, 0),
            ("a whole interval late", 2300, 2300, 1),
            ("three and a half", 4800, 4300, 3),
            ("a little early", 1299, 1300, 0),
        ] {
            assert_eq!(schedule.tick(1300, now_ms), Tick { at_ms, missed }, "{case}");
        }
    }

    #[test]
    fn phases_are_kept_and_differ() {
        let of = |file, name| Schedule::new(file, name, 60_000);
        assert_eq!(of("a.yml", "g"), of("a.yml", "g"));
        assert_ne!(of("a.yml", "g"), of("b.yml", "g"));
        assert_ne!(of("a.yml", "g"), of("a.yml", "h"));
        assert!((0..60_000).contains(&of("a.yml", "g").phase_ms));
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_set_back_does_not_stop_the_group() {
        let schedule = Schedule {
            interval_ms: 1000,
            phase_ms: 300,
        };
        let started = tokio::time::Instant::now();
        let clock = WallClock::from_fn(move || 5000 + started.elapsed().as_millis() as i64);
        let tick = schedule.wait(3_600_300, &clock).await;
        assert_eq!(
            tick,
            Tick {
                at_ms: 5300,
                missed: 0
            }
        );
        assert_eq!(started.elapsed(), Duration::from_millis(300));
    }
}
