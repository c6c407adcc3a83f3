//! When a target is due. Pure: a target's grid is fixed by its identity and the server's seed, so the
//! phase survives restarts and differs between replicas, as in Prometheus.

use engine_model::Labels;

/// Most that a scrape may start late and still be stamped with the time it was due.
const STAMP_TOLERANCE_MS: i64 = 2;

/// The seed that shifts the phases of this server: FNV-1a of its host name and external labels.
pub fn offset_seed(host_name: &str, external_labels: &Labels) -> u64 {
    fnv1a(format!("{host_name}{external_labels}").as_bytes())
}

/// A target's grid: it is due at every `phase_ms + k × interval_ms` since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Schedule {
    interval_ms: i64,
    phase_ms: i64,
}

impl Schedule {
    /// The grid of the target with this hash. `interval_ms` must be more than 0.
    pub(super) fn new(interval_ms: i64, target_hash: u64, seed: u64) -> Self {
        let interval_ms = interval_ms.max(1);
        // The phase is taken in ns, the unit of Prometheus, so that both scrape at the same ms.
        let interval_ns = interval_ms.unsigned_abs().saturating_mul(1_000_000);
        let phase_ms = ((target_hash ^ seed) % interval_ns / 1_000_000) as i64;
        Self {
            interval_ms,
            phase_ms,
        }
    }

    /// Time between two scrapes, in ms.
    pub(super) fn interval_ms(&self) -> i64 {
        self.interval_ms
    }

    /// The first due time after `now_ms`.
    pub(super) fn first_after(&self, now_ms: i64) -> i64 {
        now_ms + self.interval_ms - (now_ms - self.phase_ms).rem_euclid(self.interval_ms)
    }

    /// The due time that follows `due_ms`. A tick that has passed while the last scrape ran is due at
    /// once; of several only the latest is. A clock that was set back restarts the grid.
    pub(super) fn next(&self, due_ms: i64, now_ms: i64) -> i64 {
        let next = due_ms + self.interval_ms;
        let last_past = self.first_after(now_ms) - self.interval_ms;
        if next - now_ms > self.interval_ms + STAMP_TOLERANCE_MS {
            self.first_after(now_ms)
        } else {
            next.max(last_past)
        }
    }

    /// The timestamp of a scrape that was due at `due_ms` and starts at `now_ms`: the exact due time
    /// when it is within min(interval / 100, 2 ms), because regular timestamps compress best.
    pub(super) fn stamp(&self, due_ms: i64, now_ms: i64) -> i64 {
        let tolerance_ms = (self.interval_ms / 100).min(STAMP_TOLERANCE_MS);
        if (now_ms - due_ms).abs() <= tolerance_ms {
            due_ms
        } else {
            now_ms
        }
    }
}

/// FNV-1a, 64 bits.
pub(super) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv_is_fnv() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn due_times_stand_on_the_grid() {
        let schedule = Schedule {
            interval_ms: 1000,
            phase_ms: 300,
        };
        for (now_ms, first) in [(0, 300), (299, 300), (300, 1300), (301, 1300), (10_000, 10_300)] {
            assert_eq!(schedule.first_after(now_ms), first, "{now_ms}");
        }
        let cases = [
            ("in time", 1300, 1400, 2300),
            ("one tick passed: due at once", 1300, 2450, 2300),
            ("three ticks passed: only the latest", 1300, 4500, 4300),
            ("clock set back an hour", 10_000_300, 6_400_000, 6_400_300),
        ];
        for (case, due_ms, now_ms, next) in cases {
            assert_eq!(schedule.next(due_ms, now_ms), next, "{case}");
        }
    }

    #[test]
    fn stamps_within_the_tolerance() {
        let of = |interval_ms| Schedule {
            interval_ms,
            phase_ms: 0,
        };
        for (interval_ms, late_ms, aligned) in [
            (15_000, 0, true),
            (15_000, 2, true),
            (15_000, -2, true),
            (15_000, 3, false),
            (100, 1, true),
            (100, 2, false),
            (50, 1, false),
        ] {
            let stamped = of(interval_ms).stamp(60_000, 60_000 + late_ms);
            assert_eq!(stamped == 60_000, aligned, "{interval_ms} {late_ms}");
        }
    }

    #[test]
    fn phases_differ_by_seed_and_survive_restarts() {
        let labels = Labels::from_pairs([("replica", "a")]);
        let seed = offset_seed("host", &labels);
        assert_eq!(seed, offset_seed("host", &labels));
        assert_ne!(seed, offset_seed("host", &Labels::empty()));
        let phase = |seed| Schedule::new(15_000, 42, seed).first_after(0);
        assert_eq!(phase(seed), phase(seed));
        assert_ne!(phase(seed), phase(seed ^ 0xdead_beef_cafe));
        assert!((0..=15_000).contains(&phase(seed)));
    }
}
