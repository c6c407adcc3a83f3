//! Whether a flush of a group has anything to tell a receiver that it does not know yet.

use std::collections::BTreeSet;

use engine_model::Labels;

use crate::notification_log::LogEntry;

/// Why a receiver is notified; the texts are Alertmanager's `notification_reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The receiver knows of no firing alert of the group.
    FirstNotification,
    /// An alert fires of which the receiver does not know.
    NewAlerts,
    /// Nothing of the group fires any more.
    AllResolved,
    /// Some alerts resolved, others still fire.
    SomeResolved,
    /// Nothing changed for longer than the repeat interval.
    RepeatInterval,
}

impl Reason {
    /// The text that notifications carry.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstNotification => "first notification",
            Self::NewAlerts => "new alerts added",
            Self::AllResolved => "all alerts resolved",
            Self::SomeResolved => "some alerts resolved",
            Self::RepeatInterval => "repeat interval elapsed",
        }
    }
}

/// What a flush has to tell.
#[derive(Debug, Clone, Default)]
pub(crate) struct GroupState {
    /// Labels of the alerts that fire.
    pub(crate) firing: BTreeSet<Labels>,
    /// Labels of the alerts that have ended.
    pub(crate) resolved: BTreeSet<Labels>,
}

/// Decides from the last notification to the receiver whether and why to send another.
pub(crate) fn needs_notification(
    last: Option<&LogEntry>,
    state: &GroupState,
    send_resolved: bool,
    repeat_interval_ms: i64,
    now_ms: i64,
) -> Option<Reason> {
    let Some(last) = last else {
        // A receiver that never heard of the group need not hear that it is over.
        return (!state.firing.is_empty()).then_some(Reason::FirstNotification);
    };
    if !state.firing.is_subset(&last.firing) {
        return Some(match last.firing.is_empty() {
            true => Reason::FirstNotification,
            false => Reason::NewAlerts,
        });
    }
    if state.firing.is_empty() {
        // Whatever send_resolved says: the log has to forget the firing alerts.
        return (!last.firing.is_empty()).then_some(Reason::AllResolved);
    }
    if send_resolved && !state.resolved.is_subset(&last.resolved) {
        return Some(Reason::SomeResolved);
    }
    (last.timestamp_ms < now_ms.saturating_sub(repeat_interval_ms)).then_some(Reason::RepeatInterval)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &str) -> BTreeSet<Labels> {
        names
            .chars()
            .map(|c| Labels::from_pairs([("alertname", c.to_string())]))
            .collect()
    }

    #[test]
    fn decisions() {
        const SENT_MS: i64 = 1000;
        const REPEAT_MS: i64 = 100;
        // (last firing, last resolved), firing, resolved, send_resolved, now → reason
        let cases = [
            (None, "", "", true, 1000, None),
            (None, "", "a", true, 1000, None),
            (None, "a", "", true, 1000, Some(Reason::FirstNotification)),
            (
                Some(("", "a")),
                "b",
                "",
                true,
                1000,
                Some(Reason::FirstNotification),
            ),
            (Some(("a", "")), "ab", "", true, 1000, Some(Reason::NewAlerts)),
            (Some(("a", "")), "a", "", true, 1000, None),
            (Some(("a", "")), "a", "", true, 1100, None),
            (Some(("a", "")), "a", "", true, 1101, Some(Reason::RepeatInterval)),
            (Some(("ab", "")), "a", "", true, 1000, None),
            (Some(("ab", "")), "a", "b", true, 1000, Some(Reason::SomeResolved)),
            (Some(("ab", "")), "a", "b", false, 1000, None),
            (
                Some(("ab", "")),
                "a",
                "b",
                false,
                1101,
                Some(Reason::RepeatInterval),
            ),
            (Some(("a", "b")), "a", "b", true, 1000, None),
            (Some(("a", "")), "", "a", true, 1000, Some(Reason::AllResolved)),
            (Some(("a", "")), "", "a", false, 1000, Some(Reason::AllResolved)),
            (Some(("", "a")), "", "ab", true, 9999, None),
        ];
        for (last, firing, resolved, send_resolved, now_ms, expected) in cases {
            let entry = last.map(|(firing, resolved)| LogEntry {
                firing: set(firing),
                resolved: set(resolved),
                timestamp_ms: SENT_MS,
                expires_at_ms: i64::MAX,
            });
            let state = GroupState {
                firing: set(firing),
                resolved: set(resolved),
            };
            let got = needs_notification(entry.as_ref(), &state, send_resolved, REPEAT_MS, now_ms);
            assert_eq!(
                got, expected,
                "{last:?} then {firing:?}/{resolved:?} at {now_ms}, {send_resolved}"
            );
        }
    }
}
