//! Rates of an edge over a sliding window: the runtime samples the counters once a second and the
//! rate is the growth since the oldest sample of the window. Pure; the clock is an argument.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::stats::EdgeReading;

/// Length of the window: two of the usual 15 s scrape intervals, so that a steady scrape reads as a
/// steady rate.
pub(crate) const WINDOW: Duration = Duration::from_secs(30);
/// Time between samples. The window holds `WINDOW / SAMPLE_INTERVAL` of them and one more.
pub(crate) const SAMPLE_INTERVAL: Duration = Duration::from_secs(1);

/// The samples of one edge's counters, oldest first; never empty.
#[derive(Debug)]
pub(crate) struct RateWindow {
    samples: VecDeque<Sample>,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    at: Instant,
    batches: u64,
    samples: u64,
}

impl RateWindow {
    /// A window that starts at `now`; what an edge counted before it is no growth.
    pub(crate) fn new(now: Instant, reading: &EdgeReading) -> Self {
        Self {
            samples: VecDeque::from([Sample::of(now, reading)]),
        }
    }

    /// Adds a sample and forgets those that left the window, but for the last of them.
    pub(crate) fn sample(&mut self, now: Instant, reading: &EdgeReading) {
        self.samples.push_back(Sample::of(now, reading));
        while self.samples.len() > 1 && now.saturating_duration_since(self.samples[0].at) > WINDOW {
            self.samples.pop_front();
        }
    }

    /// Batches and samples a second.
    pub(crate) fn rates(&self, now: Instant, reading: &EdgeReading) -> (f64, f64) {
        let base = self
            .samples
            .iter()
            .find(|sample| now.saturating_duration_since(sample.at) <= WINDOW)
            .or(self.samples.back());
        let Some(base) = base else { return (0.0, 0.0) };
        // The first batches of a young edge must not read as a burst: count at least a second.
        let seconds = now.saturating_duration_since(base.at).as_secs_f64().max(1.0);
        let batches = reading.batches.saturating_sub(base.batches) as f64 / seconds;
        let samples = reading.samples.saturating_sub(base.samples) as f64 / seconds;
        (batches, samples)
    }
}

impl Sample {
    fn of(at: Instant, reading: &EdgeReading) -> Self {
        Self {
            at,
            batches: reading.batches,
            samples: reading.samples,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(batches: u64) -> EdgeReading {
        EdgeReading {
            batches,
            samples: batches * 100,
            ..EdgeReading::default()
        }
    }

    #[test]
    fn rate_is_the_growth_over_the_window() {
        let start = Instant::now();
        let mut window = RateWindow::new(start, &reading(0));
        // Half a second old: divided by a whole one.
        assert_eq!(
            window.rates(start + Duration::from_millis(500), &reading(1)),
            (1.0, 100.0)
        );
        // Two batches a second for a minute: the window forgets the first half.
        for second in 1..=60 {
            window.sample(start + SAMPLE_INTERVAL * second, &reading(u64::from(second) * 2));
        }
        assert_eq!(
            window.rates(start + Duration::from_secs(60), &reading(120)),
            (2.0, 200.0)
        );
        assert!(window.samples.len() <= 31);
        // Then silence: the rate falls to half in half a window, and to nothing after it.
        let (batches, _) = window.rates(start + Duration::from_secs(75), &reading(120));
        assert_eq!(batches, 1.0);
        assert_eq!(
            window.rates(start + Duration::from_secs(300), &reading(120)),
            (0.0, 0.0)
        );
    }
}
