//! Start timestamps: a sample may say when what it counts began, which tells resets that values do not show.

/// The start timestamp (ms) of the sample at `at_ms`; 0 when it says nothing.
pub(crate) fn start_of(starts: &[(i64, i64)], at_ms: i64) -> i64 {
    let found = starts.binary_search_by_key(&at_ms, |(at_ms, _)| *at_ms);
    found.map_or(0, |i| starts[i].1)
}

/// Whether start timestamps say that there was a reset between two samples, by the rules of Prometheus's
/// `isStartTimestampReset`.
pub(super) fn tell_reset(starts: &[(i64, i64)], before_ms: i64, at_ms: i64) -> bool {
    if starts.is_empty() {
        return false;
    }
    let (before, start) = (start_of(starts, before_ms), start_of(starts, at_ms));
    if start == 0 || start >= at_ms || start < before_ms {
        return false;
    }
    if start > before_ms {
        return true;
    }
    // It began with the sample before: a delta, unless that one does not know its own start either.
    before <= before_ms && before != 0 && before != before_ms
}

/// Whether a sample says that it began before the sample before it, but not with it.
pub(super) fn overlap(starts: &[(i64, i64)], before_ms: i64, at_ms: i64) -> bool {
    if starts.is_empty() {
        return false;
    }
    let start = start_of(starts, at_ms);
    start != 0 && start < before_ms && start != start_of(starts, before_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules() {
        // Time of the second sample is 20; starts of both, whether it is a reset, whether they overlap.
        for (before, start, reset, overlaps) in [
            (0, 0, false, false),
            (5, 5, false, false),
            (5, 15, true, false),
            (5, 20, false, false),
            (5, 10, true, false),
            (0, 10, false, false),
            (10, 10, false, false),
            (11, 10, false, false),
            (5, 7, false, true),
        ] {
            let starts = [(10, before), (20, start)];
            assert_eq!(tell_reset(&starts, 10, 20), reset, "{starts:?}");
            assert_eq!(overlap(&starts, 10, 20), overlaps, "{starts:?}");
        }
        assert_eq!(start_of(&[(10, 3)], 11), 0);
    }
}
