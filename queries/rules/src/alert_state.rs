//! The alert state machine, pure: (alerts so far, elements of the result, now) gives the alerts after
//! it, and which of them are due to be sent. Pending → firing → inactive, as Prometheus has it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use engine_model::Labels;
use thiserror::Error;

use crate::output::Annotations;

/// How long a resolved alert is kept and sent again, in ms: receivers that were away for less than
/// that still hear of it. Prometheus's value.
pub const RESOLVED_RETENTION_MS: i64 = 15 * 60 * 1000;

/// Where an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertState {
    /// It fired and is over.
    Inactive,
    /// Its element is there, but not for long enough.
    Pending,
    /// It fires.
    Firing,
}

impl AlertState {
    /// The lower-case word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Pending => "pending",
            Self::Firing => "firing",
        }
    }
}

/// One alert of a rule. Instants are in ms since the epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// Identity: the element's labels and the rule's.
    pub labels: Labels,
    /// Descriptive texts, as of the last evaluation that had the element.
    pub annotations: Arc<Annotations>,
    /// Value of the element, as of the same evaluation.
    pub value: f64,
    /// Where it stands.
    pub state: AlertState,
    /// When the element appeared.
    pub active_at_ms: i64,
    /// When it began to fire.
    pub fired_at_ms: Option<i64>,
    /// When it stopped firing.
    pub resolved_at_ms: Option<i64>,
    /// Since when it fires without its element.
    pub keep_firing_since_ms: Option<i64>,
    /// When it was last sent.
    pub last_sent_at_ms: Option<i64>,
}

impl Alert {
    fn pending(element: Element, now_ms: i64) -> Self {
        Self {
            labels: element.labels,
            annotations: element.annotations,
            value: element.value,
            state: AlertState::Pending,
            active_at_ms: now_ms,
            fired_at_ms: None,
            resolved_at_ms: None,
            keep_firing_since_ms: None,
            last_sent_at_ms: None,
        }
    }

    fn is_due(&self, now_ms: i64, resend_delay_ms: i64) -> bool {
        let sent = self.last_sent_at_ms;
        let resolved_since = self
            .resolved_at_ms
            .is_some_and(|resolved| sent.is_none_or(|sent| resolved > sent));
        self.state != AlertState::Pending
            && (resolved_since || sent.is_none_or(|sent| sent + resend_delay_ms < now_ms))
    }

    /// The element is there: fires when it was there for long enough, and goes back to pending when
    /// the rule now asks for longer.
    fn advance(&mut self, now_ms: i64, for_ms: i64) {
        let long_enough = now_ms - self.active_at_ms >= for_ms;
        match self.state {
            AlertState::Pending if long_enough => {
                self.state = AlertState::Firing;
                self.fired_at_ms = Some(now_ms);
            }
            AlertState::Firing if !long_enough => {
                self.state = AlertState::Pending;
                self.fired_at_ms = None;
                self.last_sent_at_ms = None;
                self.keep_firing_since_ms = None;
            }
            _ => {}
        }
    }
}

/// An element of the rule's result, with labels and annotations of the rule applied.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    /// Identity of its alert.
    pub labels: Labels,
    /// Descriptive texts.
    pub annotations: Arc<Annotations>,
    /// Value of the expression.
    pub value: f64,
}

/// What a rule says about time and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlertLimits {
    /// How long an element has to stay, in ms.
    pub for_ms: i64,
    /// How long an alert keeps firing without its element, in ms.
    pub keep_firing_for_ms: i64,
    /// Most pending and firing alerts; 0 means no limit.
    pub alerts_max: usize,
}

/// Why an evaluation gives no alerts. The texts are Prometheus's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StepError {
    /// Two elements became the same alert; the state is as it was.
    #[error("vector contains metrics with the same labelset after applying alert labels")]
    SameLabels,
    /// Too many; the rule's alerts were forgotten.
    #[error("exceeded limit of {alerts_max} with {alerts} alerts")]
    TooMany {
        /// The limit.
        alerts_max: usize,
        /// How many there would be.
        alerts: usize,
    },
}

/// The alerts of one rule.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AlertSet {
    alerts: HashMap<Labels, Alert>,
}

impl AlertSet {
    /// All alerts, resolved ones included, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.values()
    }

    /// The same, to change them; their labels must stay.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Alert> {
        self.alerts.values_mut()
    }

    /// Pending and firing alerts.
    pub fn active(&self) -> impl Iterator<Item = &Alert> {
        self.iter().filter(|alert| alert.state != AlertState::Inactive)
    }

    /// Takes in the result of the evaluation at `now_ms`.
    ///
    /// # Errors
    /// See [`StepError`].
    pub fn step(
        &mut self,
        elements: Vec<Element>,
        now_ms: i64,
        limits: &AlertLimits,
    ) -> Result<(), StepError> {
        let mut present = HashSet::with_capacity(elements.len());
        if !elements
            .iter()
            .all(|element| present.insert(element.labels.clone()))
        {
            return Err(StepError::SameLabels);
        }
        for element in elements {
            self.refresh(element, now_ms);
        }
        self.alerts.retain(|labels, alert| {
            if present.contains(labels) {
                alert.keep_firing_since_ms = None;
                alert.advance(now_ms, limits.for_ms);
                return true;
            }
            vanish(alert, now_ms, limits)
        });
        let alerts = self.active().count();
        if limits.alerts_max > 0 && alerts > limits.alerts_max {
            self.alerts.clear();
            let alerts_max = limits.alerts_max;
            return Err(StepError::TooMany { alerts_max, alerts });
        }
        Ok(())
    }

    fn refresh(&mut self, element: Element, now_ms: i64) {
        match self.alerts.get_mut(&element.labels) {
            Some(alert) if alert.state != AlertState::Inactive => {
                alert.value = element.value;
                alert.annotations = element.annotations;
            }
            _ => {
                let labels = element.labels.clone();
                self.alerts.insert(labels, Alert::pending(element, now_ms));
            }
        }
    }

    /// The alerts that are due to be sent at `now_ms`: those resolved since they were last sent, and
    /// all others but pending ones once `resend_delay_ms` have passed.
    pub fn due(&self, now_ms: i64, resend_delay_ms: i64) -> impl Iterator<Item = &Alert> {
        self.iter()
            .filter(move |alert| alert.is_due(now_ms, resend_delay_ms))
    }

    /// Notes that all alerts that were due at `now_ms` were sent.
    pub fn mark_sent(&mut self, now_ms: i64, resend_delay_ms: i64) {
        let due = self.alerts.values_mut();
        for alert in due.filter(|alert| alert.is_due(now_ms, resend_delay_ms)) {
            alert.last_sent_at_ms = Some(now_ms);
        }
    }
}

/// The element is gone. Returns whether the alert is kept.
fn vanish(alert: &mut Alert, now_ms: i64, limits: &AlertLimits) -> bool {
    match alert.state {
        AlertState::Pending => false,
        AlertState::Inactive => alert
            .resolved_at_ms
            .is_none_or(|resolved| now_ms - resolved <= RESOLVED_RETENTION_MS),
        AlertState::Firing => {
            let since = match limits.keep_firing_for_ms {
                0 => None,
                _ => Some(*alert.keep_firing_since_ms.get_or_insert(now_ms)),
            };
            if since.is_some_and(|since| now_ms - since < limits.keep_firing_for_ms) {
                alert.advance(now_ms, limits.for_ms);
            } else {
                alert.state = AlertState::Inactive;
                alert.resolved_at_ms = Some(now_ms);
            }
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;
    const LIMITS: AlertLimits = AlertLimits {
        for_ms: 0,
        keep_firing_for_ms: 0,
        alerts_max: 0,
    };

    fn element(instance: &str, value: f64) -> Element {
        let labels = Labels::from_pairs([("alertname", "Down"), ("instance", instance)]);
        let annotations = Arc::new(Annotations::from([("value".to_owned(), value.to_string())]));
        Element {
            labels,
            annotations,
            value,
        }
    }

    /// Plays a script of one element, a minute a letter (`x` there, `.` gone), and writes the state
    /// after each: p, f, i, or `-` when nothing is known; upper case when it is due to be sent.
    fn play(limits: &AlertLimits, resend_delay_ms: i64, script: &str) -> String {
        let mut set = AlertSet::default();
        let mut states = String::new();
        for (minute, letter) in script.chars().enumerate() {
            let now_ms = minute as i64 * MINUTE;
            let elements = match letter {
                'x' => vec![element("a", minute as f64)],
                _ => Vec::new(),
            };
            set.step(elements, now_ms, limits).unwrap();
            let due = set.due(now_ms, resend_delay_ms).count() == 1;
            set.mark_sent(now_ms, resend_delay_ms);
            let state = match set.iter().next() {
                None => '-',
                Some(alert) => alert.state.as_str().chars().next().unwrap(),
            };
            states.push(if due { state.to_ascii_uppercase() } else { state });
        }
        states
    }

    #[test]
    fn timing() {
        let of = |for_ms: i64, keep_firing_for_ms: i64| AlertLimits {
            for_ms: for_ms * MINUTE,
            keep_firing_for_ms: keep_firing_for_ms * MINUTE,
            alerts_max: 0,
        };
        let never = i64::MAX / 2;
        for (case, limits, resend, script, states) in [
            ("fires at once", of(0, 0), never, "xx.x", "FfIF"),
            ("waits, boundary included", of(2, 0), never, "xxxx", "ppFf"),
            (
                "pending that vanishes is forgotten",
                of(2, 0),
                never,
                "xx.xxx",
                "pp-ppF",
            ),
            ("keeps firing", of(0, 2), never, "x...", "FffI"),
            (
                "the element's return restarts keeping",
                of(0, 2),
                never,
                "x..x..x...",
                "FffffffffI",
            ),
            ("for and keep", of(1, 1), never, "xx..", "pFfI"),
            (
                "sent again after more than the delay",
                of(0, 0),
                2 * MINUTE,
                "xxxxxxx",
                "FffFffF",
            ),
            (
                "resolved is sent at once and again",
                of(0, 0),
                2 * MINUTE,
                "xx.....",
                "FfIiiIi",
            ),
            (
                "kept for 15 minutes",
                of(0, 0),
                never,
                "x..................",
                "FIiiiiiiiiiiiiiii--",
            ),
        ] {
            assert_eq!(play(&limits, resend, script), states, "{case}");
        }
    }

    #[test]
    fn value_and_annotations_follow_and_labels_are_identity() {
        let mut set = AlertSet::default();
        set.step(vec![element("a", 1.0), element("b", 1.0)], 0, &LIMITS)
            .unwrap();
        set.step(vec![element("a", 2.0)], MINUTE, &LIMITS).unwrap();
        let alert = |instance: &str| {
            let labels = element(instance, 0.0).labels;
            set.iter().find(|alert| alert.labels == labels).unwrap().clone()
        };
        assert_eq!(
            (alert("a").value, alert("a").annotations["value"].as_str()),
            (2.0, "2")
        );
        assert_eq!(alert("a").active_at_ms, 0);
        assert_eq!((alert("b").value, alert("b").state), (1.0, AlertState::Inactive));
        assert_eq!(alert("b").resolved_at_ms, Some(MINUTE));
    }

    #[test]
    fn a_longer_wait_makes_a_firing_alert_pending() {
        let mut set = AlertSet::default();
        set.step(vec![element("a", 1.0)], 0, &LIMITS).unwrap();
        set.mark_sent(0, 0);
        let longer = AlertLimits {
            for_ms: 5 * MINUTE,
            ..LIMITS
        };
        set.step(vec![element("a", 1.0)], MINUTE, &longer).unwrap();
        let alert = set.iter().next().unwrap();
        assert_eq!(alert.state, AlertState::Pending);
        assert_eq!(
            (alert.fired_at_ms, alert.last_sent_at_ms, alert.active_at_ms),
            (None, None, 0)
        );
        set.step(vec![element("a", 1.0)], 5 * MINUTE, &longer).unwrap();
        assert_eq!(set.iter().next().unwrap().fired_at_ms, Some(5 * MINUTE));
    }

    #[test]
    fn refuses_doubles_and_floods() {
        let mut set = AlertSet::default();
        set.step(vec![element("a", 1.0)], 0, &LIMITS).unwrap();
        let doubled = vec![element("b", 1.0), element("b", 2.0)];
        assert_eq!(set.step(doubled, MINUTE, &LIMITS), Err(StepError::SameLabels));
        assert_eq!(set.active().count(), 1, "the state is as it was");
        let limited = AlertLimits {
            alerts_max: 1,
            ..LIMITS
        };
        let error = set.step(vec![element("a", 1.0), element("b", 1.0)], MINUTE, &limited);
        let error = error.unwrap_err();
        assert_eq!(error.to_string(), "exceeded limit of 1 with 2 alerts");
        assert_eq!(set.iter().count(), 0, "all are forgotten");
    }
}
