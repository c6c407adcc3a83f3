//! Which segments go, and which are written again without what is past.

use super::RetentionPolicy;
use crate::segment::{SegmentId, SegmentInfo};

/// Why a segment goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DropReason {
    /// All its samples are too old.
    Time,
    /// The store is too large, and it is the oldest.
    Size,
}

/// What is to be done, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RetentionPlan {
    /// Whole segments that go.
    pub(crate) drops: Vec<(SegmentId, DropReason)>,
    /// Segments that are written again without the series that are past.
    pub(crate) rewrites: Vec<SegmentId>,
}

/// A segment as the decision sees it.
#[derive(Debug, Clone)]
pub(crate) struct SegmentView {
    pub(crate) info: SegmentInfo,
    /// Number of series, and of those whose samples are all past; asked for only where it matters.
    pub(crate) past: (u64, u64),
}

/// Decides at `now_ms`, which is the newest sample's time or the clock's, whichever is earlier: a store
/// that gets no samples keeps what it has, and a sample from the future deletes nothing.
///
/// A segment goes when its newest sample is past by the longest time that applies to any series. Before
/// that it is written again once, when *all* its samples of a series that is kept shorter are past: what a
/// rule can ever remove from a segment goes in one pass. (Compaction leaves out what is past as well.)
/// Then the segments with the oldest data go until log and segments fit the limit.
pub(crate) fn plan(
    view: &[SegmentView],
    policy: &RetentionPolicy,
    now_ms: i64,
    log_bytes: u64,
    bytes_limit: Option<u64>,
) -> RetentionPlan {
    let mut plan = RetentionPlan::default();
    let all_past_before = policy.longest_ms().map(|keep_ms| now_ms.saturating_sub(keep_ms));
    let mut newest_first: Vec<&SegmentView> = view.iter().collect();
    newest_first.sort_by(|a, b| {
        let key = |view: &SegmentView| (view.info.max_time_ms, view.info.id.clone());
        key(b).cmp(&key(a))
    });
    let mut bytes = log_bytes;
    let mut over = false;
    for SegmentView { info, past } in newest_first {
        let (series, past_series) = *past;
        let too_old = all_past_before.is_some_and(|before| info.max_time_ms < before);
        if too_old || (past_series > 0 && past_series == series) {
            plan.drops.push((info.id.clone(), DropReason::Time));
            continue;
        }
        bytes = bytes.saturating_add(info.bytes);
        // Once one does not fit, all that is older goes: no hole is left in time.
        over |= bytes_limit.is_some_and(|limit| bytes > limit);
        if over {
            plan.drops.push((info.id.clone(), DropReason::Size));
        } else if past_series > 0 {
            plan.rewrites.push(info.id.clone());
        }
    }
    plan.drops.reverse();
    plan.rewrites.reverse();
    plan
}

#[cfg(test)]
mod tests {
    use engine_model::Matcher;

    use super::*;
    use crate::retention::RetentionRule;
    use crate::segment::Level;

    const DAY: i64 = 86_400_000;

    fn view(day: i64, bytes: u64, past: (u64, u64)) -> SegmentView {
        let info = SegmentInfo {
            id: SegmentId::new(format!("d{day}")),
            level: Level::Day,
            sequence: day as u64,
            min_time_ms: day * DAY,
            max_time_ms: (day + 1) * DAY - 1,
            bytes,
            part_of: None,
        };
        SegmentView { info, past }
    }

    fn decide(view: &[SegmentView], policy: &RetentionPolicy, now_ms: i64, log_bytes: u64) -> String {
        let plan = plan(view, policy, now_ms, log_bytes, policy.bytes_limit(Some(1000)));
        let drops = plan.drops.iter().map(|(id, reason)| format!("-{id}:{reason:?}"));
        let rewrites = plan.rewrites.iter().map(|id| format!("~{id}"));
        drops.chain(rewrites).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn by_time_whole_segments_go() {
        let days: Vec<SegmentView> = (0..5).map(|day| view(day, 10, (9, 0))).collect();
        let policy = RetentionPolicy {
            time_ms: Some(2 * DAY),
            ..RetentionPolicy::default()
        };
        assert_eq!(decide(&days, &policy, 5 * DAY, 0), "-d0:Time -d1:Time -d2:Time");
        assert_eq!(decide(&days, &policy, 5 * DAY - 1, 0), "-d0:Time -d1:Time");
        assert_eq!(decide(&days, &RetentionPolicy::default(), 500 * DAY, 1 << 60), "");
        assert_eq!(decide(&days, &policy, i64::MIN, 0), "");
    }

    #[test]
    fn by_size_the_oldest_go_and_the_log_counts() {
        let days = [10, 500, 10, 10].into_iter().enumerate();
        let days: Vec<SegmentView> = days.map(|(day, bytes)| view(day as i64, bytes, (9, 0))).collect();
        let mut policy = RetentionPolicy {
            bytes: Some(530),
            ..RetentionPolicy::default()
        };
        assert_eq!(decide(&days, &policy, 9 * DAY, 0), "");
        assert_eq!(decide(&days, &policy, 9 * DAY, 1), "-d0:Size");
        assert_eq!(
            decide(&days, &policy, 9 * DAY, 20),
            "-d0:Size -d1:Size",
            "no hole in time"
        );
        policy.percentage = Some(2.5);
        assert_eq!(
            decide(&days, &policy, 9 * DAY, 0),
            "-d0:Size -d1:Size",
            "25 of 1000 bytes"
        );
        policy.time_ms = Some(8 * DAY);
        assert_eq!(decide(&days, &policy, 9 * DAY + 5, 0), "-d0:Time -d1:Size");
    }

    #[test]
    fn by_matcher_a_segment_is_written_again_once() {
        let rule = |job: &str, keep_ms| RetentionRule {
            matchers: vec![Matcher::equal("job", job)],
            keep_ms,
        };
        let policy = RetentionPolicy {
            time_ms: Some(10 * DAY),
            rules: vec![rule("debug", 2 * DAY), rule("audit", 90 * DAY)],
            ..RetentionPolicy::default()
        };
        let views = [view(0, 1, (9, 3)), view(1, 1, (9, 0)), view(2, 1, (3, 3))];
        assert_eq!(decide(&views, &policy, 5 * DAY, 0), "-d2:Time ~d0");
        assert_eq!(decide(&views[1..2], &policy, 50 * DAY, 0), "", "kept for audit");
        assert_eq!(decide(&views[1..2], &policy, 92 * DAY + 1, 0), "-d1:Time");
        let of = |job: &str| engine_model::Labels::from_pairs([("job", job)]);
        assert_eq!(policy.keep_from(&of("debug"), 5 * DAY), 3 * DAY);
        assert_eq!(policy.keep_from(&of("audit"), 5 * DAY), -85 * DAY);
        assert_eq!(policy.keep_from(&of("x"), 5 * DAY), -5 * DAY);
        assert_eq!(RetentionPolicy::default().keep_from(&of("x"), 0), i64::MIN);
    }
}
