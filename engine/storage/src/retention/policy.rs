//! What is kept, as it is configured.

use engine_model::matcher::all_match;
use engine_model::{Labels, Matcher};

/// What is kept. The default keeps everything.
#[derive(Debug, Clone, Default)]
pub struct RetentionPolicy {
    /// How long samples are kept, ms.
    pub time_ms: Option<i64>,
    /// How large log and segments may be together.
    pub bytes: Option<u64>,
    /// The same as a share of the disk, above 0 to 100; the smaller of the two limits holds.
    pub percentage: Option<f64>,
    /// How long the samples of some series are kept; of several rules that match the first decides.
    pub rules: Vec<RetentionRule>,
}

/// How long the samples of matching series are kept, shorter or longer than the others.
#[derive(Debug, Clone)]
pub struct RetentionRule {
    /// All must match.
    pub matchers: Vec<Matcher>,
    /// How long samples are kept, ms.
    pub keep_ms: i64,
}

impl RetentionPolicy {
    /// Oldest time that is kept of the series `labels`.
    pub fn keep_from(&self, labels: &Labels, now_ms: i64) -> i64 {
        let rule = self.rules.iter().find(|rule| all_match(&rule.matchers, labels));
        let keep_ms = rule.map(|rule| rule.keep_ms).or(self.time_ms);
        keep_ms.map_or(i64::MIN, |keep_ms| now_ms.saturating_sub(keep_ms))
    }

    /// How long the series that are kept longest are; `None` when some are kept for ever.
    pub(super) fn longest_ms(&self) -> Option<i64> {
        let rules = self.rules.iter().map(|rule| rule.keep_ms).max();
        self.time_ms
            .map(|time_ms| rules.map_or(time_ms, |rule| rule.max(time_ms)))
    }

    /// Size limit on a disk of `disk_bytes`.
    pub fn bytes_limit(&self, disk_bytes: Option<u64>) -> Option<u64> {
        let share = self.percentage.zip(disk_bytes);
        let share = share.map(|(percentage, bytes)| (bytes as f64 * percentage / 100.0) as u64);
        match (self.bytes, share) {
            (Some(bytes), Some(share)) => Some(bytes.min(share)),
            (bytes, share) => bytes.or(share),
        }
    }
}
