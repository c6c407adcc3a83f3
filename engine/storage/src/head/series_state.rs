//! One series in the head: its recent samples and what isolation needs to know about them.

use engine_model::Labels;

/// Recent samples of one series. Position `first + i` is the i-th sample in memory.
#[derive(Debug)]
pub(super) struct SeriesState {
    pub(super) labels: Labels,
    /// Position of the oldest sample in memory.
    first: u64,
    timestamps: Vec<i64>,
    values: Vec<f64>,
    /// Newest sample ever accepted; stays when its segment is written.
    last: Option<(i64, f64)>,
    /// `(commit, position of its first sample)` of commits that some reader must not see yet.
    commits: Vec<(u64, u64)>,
    /// `(generation, position)`: from this generation on, samples before the position are in a segment.
    cuts: Vec<(u64, u64)>,
}

impl SeriesState {
    pub(super) fn new(labels: Labels) -> Self {
        Self {
            labels,
            first: 0,
            timestamps: Vec::new(),
            values: Vec::new(),
            last: None,
            commits: Vec::new(),
            cuts: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.timestamps.len()
    }

    pub(super) fn last(&self) -> Option<(i64, f64)> {
        self.last
    }

    pub(super) fn first_timestamp(&self) -> Option<i64> {
        self.timestamps.first().copied()
    }

    /// Appends a sample that is newer than the last one. Its commit number is kept while somebody reads
    /// a version from before it: `oldest_read` is the oldest commit that is being read.
    pub(super) fn push(&mut self, timestamp: i64, value: f64, commit: u64, oldest_read: Option<u64>) {
        debug_assert!(
            self.last.is_none_or(|(last, _)| last < timestamp),
            "samples are appended in order"
        );
        match oldest_read {
            None => self.commits.clear(),
            Some(oldest) => {
                let seen_by_all = self.commits.partition_point(|&(c, _)| c <= oldest);
                self.commits.drain(..seen_by_all);
                if self.commits.last().is_none_or(|&(newest, _)| newest < commit) {
                    self.commits.push((commit, self.end()));
                }
            }
        }
        self.timestamps.push(timestamp);
        self.values.push(value);
        self.last = Some((timestamp, value));
    }

    /// Puts back what a checkpoint kept.
    pub(super) fn restore(&mut self, last: (i64, f64), timestamps: Vec<i64>, values: Vec<f64>) {
        self.timestamps = timestamps;
        self.values = values;
        self.last = Some(last);
    }

    /// Samples that a reader of `(commit, generation)` finds here, as slices.
    pub(super) fn visible(&self, commit: u64, generation: u64) -> (&[i64], &[f64]) {
        let from = self.cut_position(generation);
        let newer = self.commits.partition_point(|&(c, _)| c <= commit);
        let until = self
            .commits
            .get(newer)
            .map_or(self.end(), |&(_, position)| position);
        let range = self.offset(from)..self.offset(until.max(from));
        (&self.timestamps[range.clone()], &self.values[range])
    }

    /// Position after the newest sample older than `before_ms`, of those not cut yet at `generation`.
    pub(super) fn position_before(&self, before_ms: i64, generation: u64) -> (u64, u64) {
        let from = self.cut_position(generation);
        let older = self.timestamps.partition_point(|&t| t < before_ms) as u64;
        (from, (self.first + older).max(from))
    }

    /// Samples in a range of positions.
    pub(super) fn slice(&self, from: u64, until: u64) -> (&[i64], &[f64]) {
        let range = self.offset(from)..self.offset(until);
        (&self.timestamps[range.clone()], &self.values[range])
    }

    /// From `generation` on, samples before `position` are read from a segment.
    pub(super) fn mark_cut(&mut self, generation: u64, position: u64) {
        self.cuts.push((generation, position));
    }

    /// Drops samples that no reader of `oldest_generation` or newer finds here.
    pub(super) fn trim(&mut self, oldest_generation: u64) {
        let cut = self.cut_position(oldest_generation);
        let count = self.offset(cut);
        if count > 0 {
            self.timestamps.drain(..count);
            self.values.drain(..count);
            // The buffers grew for a whole head; give back what the rest does not need.
            self.timestamps.shrink_to(self.timestamps.len() * 2);
            self.values.shrink_to(self.values.len() * 2);
            self.first = cut;
        }
        let passed = self.cuts.partition_point(|&(g, _)| g <= oldest_generation);
        self.cuts.drain(..passed.saturating_sub(1));
    }

    /// Whether no reader can find a sample here.
    pub(super) fn is_drained(&self) -> bool {
        self.timestamps.is_empty()
    }

    fn cut_position(&self, generation: u64) -> u64 {
        let passed = self.cuts.partition_point(|&(g, _)| g <= generation);
        let cut = passed.checked_sub(1).map_or(0, |i| self.cuts[i].1);
        cut.max(self.first)
    }

    fn end(&self) -> u64 {
        self.first + self.timestamps.len() as u64
    }

    fn offset(&self, position: u64) -> usize {
        (position - self.first) as usize
    }
}
