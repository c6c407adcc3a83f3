//! The alert router as metrics, under Alertmanager's names.

use std::collections::BTreeMap;

use alert_router::{NotificationCounters, RouterStatus};

use super::exposition::Exposition;

/// Appends the numbers of the router.
pub fn alert_router_metrics(status: &RouterStatus, out: &mut Exposition) {
    let received = status.received;
    for (state, count) in [("firing", received.firing), ("resolved", received.resolved)] {
        out.counter(
            "alertmanager_alerts_received_total",
            "The total number of received alerts.",
            &[("status", state), ("version", "v2")],
            count as f64,
        );
    }
    out.counter(
        "alertmanager_alerts_invalid_total",
        "The total number of received alerts that were invalid.",
        &[("version", "v2")],
        received.invalid as f64,
    );
    out.counter(
        "alertmanager_alerts_limited_total",
        "The total number of alerts that were dropped due to hitting the limit.",
        &[],
        received.limited as f64,
    );
    for (name, help, value) in [
        (
            "alertmanager_dispatcher_aggregation_groups",
            "Number of active aggregation groups.",
            status.groups as f64,
        ),
        (
            "weir_alert_router_alerts",
            "Alerts that the router knows.",
            status.alerts as f64,
        ),
        (
            "weir_alert_router_log_entries",
            "Notifications that the router remembers.",
            status.log_entries as f64,
        ),
        (
            "weir_alert_router_journal_failed",
            "Whether the router's last change could not be made durable.",
            f64::from(u8::from(status.journal_error.is_some())),
        ),
    ] {
        out.gauge(name, help, &[], value);
    }
    notifications(&status.notifications, out);
}

/// Counters by receiver and kind: a receiver's integrations of one kind are added up.
fn notifications(counters: &[NotificationCounters], out: &mut Exposition) {
    let mut sums: BTreeMap<(&str, &str), [f64; 5]> = BTreeMap::new();
    for counter in counters {
        let id = &counter.integration;
        let sum = sums.entry((&*id.receiver, &*id.kind)).or_default();
        let values = [
            counter.notifications as f64,
            counter.failed as f64,
            counter.requests as f64,
            counter.requests_failed as f64,
            counter.seconds,
        ];
        sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
    }
    for ((receiver, kind), [begun, failed, requests, requests_failed, seconds]) in sums {
        let labels = [("integration", kind), ("receiver_name", receiver)];
        for (name, help, value) in [
            (
                "alertmanager_notifications_total",
                "The total number of attempted notifications.",
                begun,
            ),
            (
                "alertmanager_notifications_failed_total",
                "The total number of failed notifications.",
                failed,
            ),
            (
                "alertmanager_notification_requests_total",
                "The total number of attempted notification requests.",
                requests,
            ),
            (
                "alertmanager_notification_requests_failed_total",
                "The total number of failed notification requests.",
                requests_failed,
            ),
            (
                "weir_alert_router_notification_seconds_total",
                "Total time that notification requests took.",
                seconds,
            ),
        ] {
            out.counter(name, help, &labels, value);
        }
    }
}
