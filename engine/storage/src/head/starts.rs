//! When what a series counts began, where its samples say so: runs of neighbouring samples that say the same, since
//! a start stays for thousands of samples. Late samples keep theirs by themselves.

use crate::series_samples::SeriesSamples;

/// Consecutive samples of a series with one start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StartRun {
    /// Time of the first sample, ms since the epoch.
    pub(crate) from_ms: i64,
    /// Time of the last one.
    pub(crate) until_ms: i64,
    /// When what they count began; not 0.
    pub(crate) start_ms: i64,
}

/// The runs of one series, ascending; never more than it has samples in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct StartRuns(Vec<StartRun>);

impl StartRuns {
    pub(crate) fn new(runs: Vec<StartRun>) -> Self {
        Self(runs)
    }

    /// A sample at `time`, which follows the series' newest one at `newest_ms`, began at `start_ms`. Returns by how
    /// much the memory grew.
    pub(super) fn note(&mut self, newest_ms: Option<i64>, time: i64, start_ms: i64) -> usize {
        if let Some(last) = self.0.last_mut()
            && last.start_ms == start_ms
            && Some(last.until_ms) == newest_ms
        {
            last.until_ms = time;
            return 0;
        }
        let before = self.memory_bytes();
        self.0.reserve_exact(1 + self.0.len() / 4);
        self.0.push(StartRun {
            from_ms: time,
            until_ms: time,
            start_ms,
        });
        self.memory_bytes() - before
    }

    /// Tells the starts of the samples that were read, in `series`.
    pub(super) fn tell(&self, series: &mut SeriesSamples) {
        let floats = series.timestamps.iter().copied();
        let histograms = series.histograms.iter().map(|(time, _)| *time);
        let told = self.starts_of(floats).chain(self.starts_of(histograms));
        let told: Vec<(i64, i64)> = told.collect();
        series.starts.extend(told);
        series.starts.sort_unstable();
    }

    /// The starts of samples at `times`, which ascend.
    fn starts_of(&self, times: impl Iterator<Item = i64>) -> impl Iterator<Item = (i64, i64)> {
        let mut runs = self.0.iter().peekable();
        times.filter_map(move |time| {
            while runs.next_if(|run| run.until_ms < time).is_some() {}
            let run = runs.peek().filter(|run| run.from_ms <= time)?;
            Some((time, run.start_ms))
        })
    }

    /// Forgets runs that end before `border_ms`.
    pub(super) fn trim(&mut self, border_ms: i64) {
        let passed = self.0.partition_point(|run| run.until_ms < border_ms);
        self.0.drain(..passed);
        self.0.shrink_to_fit();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that do not end before `border_ms`.
    pub(super) fn from(&self, border_ms: i64) -> &[StartRun] {
        &self.0[self.0.partition_point(|run| run.until_ms < border_ms)..]
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.0.capacity() * size_of::<StartRun>()
    }
}

#[cfg(test)]
mod tests {
    use engine_model::Labels;

    use super::*;

    #[test]
    fn neighbours_with_one_start_are_a_run() {
        let mut runs = StartRuns::default();
        let mut newest = None;
        // The samples at 30 and 60 say nothing.
        for (time, start) in [(10, 5), (20, 5), (30, 0), (40, 5), (50, 45), (60, 0)] {
            if start != 0 {
                runs.note(newest, time, start);
            }
            newest = Some(time);
        }
        let of = |run: &StartRun| (run.from_ms, run.until_ms, run.start_ms);
        assert_eq!(
            runs.0.iter().map(of).collect::<Vec<_>>(),
            [(10, 20, 5), (40, 40, 5), (50, 50, 45)]
        );
        let mut series = SeriesSamples::new(Labels::empty());
        series.timestamps = vec![10, 20, 30, 40, 50, 60];
        runs.tell(&mut series);
        assert_eq!(series.starts, [(10, 5), (20, 5), (40, 5), (50, 45)]);
        runs.trim(21);
        assert_eq!(runs.from(45).len(), 1);
        assert_eq!(runs.0.len(), 2);
    }
}
