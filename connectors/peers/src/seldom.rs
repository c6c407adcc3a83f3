//! Lines of the log that a flood may not repeat: one an interval, which says how many it stands for. Pure.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Longest silence between two lines of one kind under a flood: often enough to be seen, too seldom to fill a disk.
const INTERVAL: Duration = Duration::from_secs(10);

/// Events of one kind.
#[derive(Debug, Default)]
pub(crate) struct Seldom(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    told: Option<Instant>,
    untold: u64,
}

impl Seldom {
    /// Counts an event at `now`; the number of events since the line before when it is time for a line.
    pub(crate) fn count(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock();
        state.untold += 1;
        let is_due = state
            .told
            .is_none_or(|told| now.saturating_duration_since(told) >= INTERVAL);
        if !is_due {
            return None;
        }
        state.told = Some(now);
        Some(std::mem::take(&mut state.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_a_line_an_interval() {
        let (seldom, start) = (Seldom::default(), Instant::now());
        assert_eq!(seldom.count(start), Some(1), "the first is told at once");
        for ms in 1..500 {
            assert_eq!(seldom.count(start + Duration::from_millis(ms)), None);
        }
        assert_eq!(seldom.count(start + INTERVAL), Some(500));
        assert_eq!(seldom.count(start + INTERVAL * 2), Some(1));
    }
}
