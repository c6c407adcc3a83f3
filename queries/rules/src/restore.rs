//! Takes up pending alerts again after a restart: since when an alert was active is read back from
//! `ALERTS_FOR_STATE`, and the time that the server was down does not count as time spent pending.

use std::collections::HashMap;

use engine_model::staleness::is_stale;
use engine_model::{Labels, METRIC_NAME, Matcher};

use crate::alert_state::AlertState;
use crate::alerting::{ALERT_NAME, ALERTS_FOR_STATE, AlertingRule};
use crate::environment::Environment;
use crate::evaluate::LastSample;

/// What decides how long a restored alert still waits, in ms.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    for_ms: i64,
    grace_period_ms: i64,
}

/// Restores the alerts of a rule at `now_ms`. It is done once, after the second evaluation: only
/// then other rules and scrapes have brought what the rule looks at. A failure is logged, and the
/// alerts wait for their whole time.
pub(crate) async fn restore(rule: &mut AlertingRule, now_ms: i64, environment: &Environment) {
    let settings = &environment.settings;
    rule.restored = true;
    // A rule that waits for less than the grace period would only wait longer.
    if rule.for_ms() < settings.for_grace_period_ms {
        return;
    }
    let matchers = [
        Matcher::equal(METRIC_NAME, ALERTS_FOR_STATE),
        Matcher::equal(ALERT_NAME, rule.name()),
    ];
    let from_ms = now_ms - settings.outage_tolerance_ms;
    let history = &environment.doors.history;
    let found = match history.last_samples(&matchers, from_ms, now_ms).await {
        Ok(found) => found,
        Err(error) => {
            tracing::error!(alertname = rule.name(), %error, "failed to restore 'for' state");
            return;
        }
    };
    let found: HashMap<Labels, LastSample> = found
        .into_iter()
        .map(|sample| (sample.labels.without(&[METRIC_NAME]), sample))
        .collect();
    let waiting = Waiting {
        for_ms: rule.for_ms(),
        grace_period_ms: settings.for_grace_period_ms,
    };
    for alert in rule.alerts.iter_mut() {
        if alert.state == AlertState::Inactive {
            continue;
        }
        if let Some(sample) = found.get(&alert.labels)
            && !is_stale(sample.value)
        {
            alert.active_at_ms = waiting.active_at_ms(sample, now_ms);
        }
    }
}

impl Waiting {
    /// Since when a restored alert counts as active.
    fn active_at_ms(&self, sample: &LastSample, now_ms: i64) -> i64 {
        let down_at_ms = sample.timestamp_ms.div_euclid(1000) * 1000;
        let active_at_ms = sample.value as i64 * 1000;
        let remaining_ms = self.for_ms - (down_at_ms - active_at_ms);
        if remaining_ms <= 0 {
            // It fired before: the next evaluation makes it fire again.
            active_at_ms
        } else if remaining_ms < self.grace_period_ms {
            now_ms + self.grace_period_ms - self.for_ms
        } else {
            active_at_ms + (now_ms - down_at_ms)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_time() {
        const MINUTE: i64 = 60_000;
        let waiting = Waiting {
            for_ms: 60 * MINUTE,
            grace_period_ms: 10 * MINUTE,
        };
        // Active since minute 100, down since `down`, up again at minute 200.
        for (case, down, active) in [
            ("fired before", 160, 100),
            ("a whole wait exactly", 161, 100),
            ("nearly fired: the grace period remains", 155, 200 + 10 - 60),
            ("grace period exactly: time stood still while down", 150, 100 + 50),
            ("time stood still while down", 120, 100 + 80),
        ] {
            let sample = LastSample {
                labels: Labels::empty(),
                timestamp_ms: down * MINUTE + 7,
                value: (100 * MINUTE / 1000) as f64,
            };
            assert_eq!(
                waiting.active_at_ms(&sample, 200 * MINUTE),
                active * MINUTE,
                "{case}"
            );
        }
    }
}
