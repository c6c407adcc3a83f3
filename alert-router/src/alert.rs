//! What the router routes: an alert, how one is accepted, merged with what is known, compared and
//! sorted. The rules are Alertmanager's.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use engine_model::Labels;

/// The label that names an alert.
pub const ALERT_NAME: &str = "alertname";

/// Annotations: unlike labels they may have empty values.
pub type Annotations = BTreeMap<String, String>;

/// An alert as a sender words it, before the router has filled in what was left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PostedAlert {
    /// Identity of the alert.
    pub labels: Labels,
    /// Descriptive texts.
    pub annotations: Annotations,
    /// Start in ms since the epoch; `None` means now.
    pub starts_at_ms: Option<i64>,
    /// End in ms since the epoch; `None` means firing until the resolve timeout.
    pub ends_at_ms: Option<i64>,
    /// Where the alert came from; may be empty.
    pub generator_url: String,
}

/// Why a posted alert was not accepted; the texts are Alertmanager's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAlert {
    /// It ends before it starts.
    #[error("start time must be before end time")]
    EndsBeforeStart,
    /// It has no label with a value.
    #[error("at least one label pair required")]
    NoLabels,
    /// A label has no name.
    #[error("invalid label set: invalid name \"\"")]
    EmptyLabelName,
    /// An annotation has no name.
    #[error("invalid annotations: invalid name \"\"")]
    EmptyAnnotationName,
}

/// An accepted alert. It is firing until `ends_at_ms` has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Identity of the alert.
    pub labels: Labels,
    /// Descriptive texts.
    pub annotations: Annotations,
    /// Start in ms since the epoch.
    pub starts_at_ms: i64,
    /// End in ms since the epoch, in the future while the sender says that the alert fires.
    pub ends_at_ms: i64,
    /// When it was last posted, in ms since the epoch.
    pub updated_at_ms: i64,
    /// Where the alert came from; may be empty.
    pub generator_url: String,
    /// Whether `ends_at_ms` is only the resolve timeout and not the sender's word.
    pub timeout: bool,
}

impl Alert {
    /// Fills in what the sender left out and checks the rest.
    pub fn accept(posted: PostedAlert, resolve_timeout_ms: i64, now_ms: i64) -> Result<Self, InvalidAlert> {
        let starts_at_ms = posted.starts_at_ms.or(posted.ends_at_ms).unwrap_or(now_ms);
        if posted.ends_at_ms.is_some_and(|end| end < starts_at_ms) {
            return Err(InvalidAlert::EndsBeforeStart);
        }
        if posted.labels.is_empty() {
            return Err(InvalidAlert::NoLabels);
        }
        if posted.labels.get("").is_some() {
            return Err(InvalidAlert::EmptyLabelName);
        }
        if posted.annotations.contains_key("") {
            return Err(InvalidAlert::EmptyAnnotationName);
        }
        let ends_at_ms = posted
            .ends_at_ms
            .unwrap_or_else(|| now_ms.saturating_add(resolve_timeout_ms));
        if ends_at_ms < starts_at_ms {
            // A start in the far future with the end left out.
            return Err(InvalidAlert::EndsBeforeStart);
        }
        Ok(Self {
            labels: posted.labels,
            annotations: posted.annotations,
            starts_at_ms,
            ends_at_ms,
            updated_at_ms: now_ms,
            generator_url: posted.generator_url,
            timeout: posted.ends_at_ms.is_none(),
        })
    }

    /// The value of `alertname`, empty when there is none.
    pub fn name(&self) -> &str {
        self.labels.value(ALERT_NAME)
    }

    /// Whether the alert has ended at `now_ms`.
    pub fn resolved_at(&self, now_ms: i64) -> bool {
        self.ends_at_ms <= now_ms
    }

    /// What is stored when `incoming` arrives for an alert that is known as `self`: one life when the
    /// two overlap in time, else `incoming` alone.
    pub fn succeeded_by(&self, incoming: Self, now_ms: i64) -> Self {
        let ends_within = incoming.ends_at_ms > self.starts_at_ms && incoming.ends_at_ms < self.ends_at_ms;
        let starts_within =
            incoming.starts_at_ms > self.starts_at_ms && incoming.starts_at_ms < self.ends_at_ms;
        if ends_within || starts_within {
            self.merged_with(incoming, now_ms)
        } else {
            incoming
        }
    }

    /// Merges two reports of one life. The later report decides on everything but the time span.
    fn merged_with(&self, incoming: Self, now_ms: i64) -> Self {
        let (older, mut newer) = if incoming.updated_at_ms < self.updated_at_ms {
            (incoming, self.clone())
        } else {
            (self.clone(), incoming)
        };
        newer.starts_at_ms = newer.starts_at_ms.min(older.starts_at_ms);
        let older_end_counts = if newer.resolved_at(now_ms) {
            // Of two ends that have come, the later is the true one.
            older.resolved_at(now_ms)
        } else {
            // An end that the sender chose outlives a later report; a mere timeout does not.
            !older.timeout
        };
        if older_end_counts {
            newer.ends_at_ms = newer.ends_at_ms.max(older.ends_at_ms);
        }
        newer
    }

    /// Whether `newer` differs in more than how long the alert is known to last.
    pub(crate) fn differs_from(&self, newer: &Self, now_ms: i64) -> bool {
        self.starts_at_ms != newer.starts_at_ms
            || self.annotations != newer.annotations
            || self.generator_url != newer.generator_url
            || self.resolved_at(self.updated_at_ms) != newer.resolved_at(now_ms)
    }

    /// Order in which a notification lists its alerts: by job, by instance, then by labels.
    pub(crate) fn notification_order(&self, other: &Self) -> Ordering {
        for name in ["job", "instance"] {
            let order = match (self.labels.get(name), other.labels.get(name)) {
                (Some(mine), Some(theirs)) => mine.cmp(theirs),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => Ordering::Equal,
            };
            if order.is_ne() {
                return order;
            }
        }
        label_set_order(&self.labels, &other.labels)
    }
}

/// The 64-bit hash by which Alertmanager's API names an alert (FNV-1a over sorted names and values);
/// printed as 16 hexadecimal digits. A name for people and URLs: nothing here is identified by it.
pub fn fingerprint(labels: &Labels) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut add = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    for text in labels.iter().flat_map(|(name, value)| [name, value]) {
        text.bytes().for_each(&mut add);
        add(0xff);
    }
    hash
}

/// Alertmanager's order of label sets: fewer labels first; then at the first name at which they
/// differ, a missing label before a present one, a smaller value before a greater.
pub(crate) fn label_set_order(a: &Labels, b: &Labels) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| {
        for ((name_a, value_a), (name_b, value_b)) in a.iter().zip(b) {
            // The set whose next name is greater lacks the smaller name and goes first.
            let order = name_b.cmp(name_a).then_with(|| value_a.cmp(value_b));
            if order.is_ne() {
                return order;
            }
        }
        Ordering::Equal
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(starts_at_ms: i64, ends_at_ms: i64, updated_at_ms: i64, timeout: bool) -> Alert {
        Alert {
            labels: Labels::from_pairs([("alertname", "a")]),
            annotations: Annotations::new(),
            starts_at_ms,
            ends_at_ms,
            updated_at_ms,
            generator_url: String::new(),
            timeout,
        }
    }

    #[test]
    fn fills_in_what_is_missing() {
        let labels = Labels::from_pairs([("alertname", "a")]);
        // (start, end) → (start, end, timeout), at 1000 with a timeout of 300.
        let cases = [
            ((None, None), Ok((1000, 1300, true))),
            ((Some(10), None), Ok((10, 1300, true))),
            ((None, Some(900)), Ok((900, 900, false))),
            ((Some(10), Some(2000)), Ok((10, 2000, false))),
            ((Some(10), Some(9)), Err(InvalidAlert::EndsBeforeStart)),
            ((Some(5000), None), Err(InvalidAlert::EndsBeforeStart)),
        ];
        for ((starts_at_ms, ends_at_ms), expected) in cases {
            let posted = PostedAlert {
                labels: labels.clone(),
                starts_at_ms,
                ends_at_ms,
                ..PostedAlert::default()
            };
            let got = Alert::accept(posted, 300, 1000).map(|a| (a.starts_at_ms, a.ends_at_ms, a.timeout));
            assert_eq!(got, expected, "{starts_at_ms:?} {ends_at_ms:?}");
        }
        let unnamed = PostedAlert::default();
        assert_eq!(Alert::accept(unnamed, 300, 1000), Err(InvalidAlert::NoLabels));
    }

    #[test]
    fn merges_overlapping_lives_only() {
        // (known: start, end, timeout), (incoming: start, end), now → (start, end)
        let cases = [
            // A re-sent firing alert: the sender's later end wins, the first start stays.
            ((10, 100, false), (20, 120), 50, (10, 120)),
            // The sender's own end outlives a shorter one …
            ((10, 100, false), (20, 90), 50, (10, 100)),
            // … but a timeout does not.
            ((10, 100, true), (20, 90), 50, (10, 90)),
            // A resolve within a firing life ends it.
            ((10, 100, false), (10, 50), 50, (10, 50)),
            // Of two resolves the later end counts.
            ((10, 48, false), (12, 45), 50, (10, 48)),
            // No overlap: a new life.
            ((10, 40, false), (45, 100), 50, (45, 100)),
            ((10, 40, false), (40, 100), 50, (40, 100)),
        ];
        for ((start, end, timeout), (new_start, new_end), now_ms, expected) in cases {
            let stored =
                alert(start, end, 30, timeout).succeeded_by(alert(new_start, new_end, now_ms, false), now_ms);
            assert_eq!(
                (stored.starts_at_ms, stored.ends_at_ms),
                expected,
                "{start}..{end} then {new_start}..{new_end}"
            );
        }
    }

    #[test]
    fn fingerprints_are_alertmanagers() {
        let cases: [(&[(&str, &str)], &str); 2] = [
            (&[], "cbf29ce484222325"),
            (&[("alertname", "test1")], "5ae90ff6f82ebe6b"),
        ];
        for (pairs, expected) in cases {
            let labels = Labels::from_pairs(pairs.iter().copied());
            assert_eq!(format!("{:016x}", fingerprint(&labels)), expected, "{labels}");
        }
    }

    #[test]
    fn sorts_as_notifications_list() {
        let of = |pairs: &[(&str, &str)]| Alert {
            labels: Labels::from_pairs(pairs.iter().copied()),
            ..alert(0, 1, 0, false)
        };
        let sorted = [
            of(&[("job", "a"), ("instance", "1"), ("z", "1")]),
            of(&[("job", "a"), ("instance", "2")]),
            of(&[("job", "a")]),
            of(&[("job", "b"), ("instance", "0")]),
            of(&[("alertname", "z")]),
            of(&[("alertname", "a"), ("c", "1")]),
            of(&[("alertname", "a"), ("b", "1")]),
            of(&[("alertname", "b"), ("b", "1")]),
        ];
        for pair in sorted.windows(2) {
            assert_eq!(
                pair[0].notification_order(&pair[1]),
                Ordering::Less,
                "{:?} {:?}",
                pair[0].labels,
                pair[1].labels
            );
        }
    }
}
