//! A flush of a group: what each integration is told, the attempts to tell it, and what follows.

use std::sync::Arc;

use super::{
    Action, Attempt, Change, DeliveryId, Dispatcher, FlushId, GroupId, Integration, Notification,
    NotifiedAlert, Outcome, Timer,
};
use crate::alert::Alert;
use crate::notification_log::{LogEntry, LogKey};
use crate::stages::dedup::{GroupState, needs_notification};
use crate::stages::retry;

/// A flush that waits for its deliveries.
#[derive(Debug)]
pub(super) struct Flush {
    id: FlushId,
    group: GroupId,
    /// When all deliveries have to be over.
    deadline_ms: i64,
    /// What the alerts were when it began.
    state: Arc<GroupState>,
    /// Alerts that had ended when it began.
    resolved: Vec<Arc<Alert>>,
    repeat_interval_ms: i64,
    /// Deliveries that have not ended.
    open: usize,
    failed: bool,
}

/// A notification on its way.
#[derive(Debug)]
pub(super) struct Delivery {
    flush: FlushId,
    state: Arc<GroupState>,
    repeat_interval_ms: i64,
    notification: Arc<Notification>,
    attempt: u32,
    started_ms: i64,
    deadline_ms: i64,
    /// Whether an attempt runs; otherwise it waits for the next.
    pub(super) under_way: bool,
    last_error: String,
}

impl Dispatcher {
    /// A group's timer has come.
    pub(super) fn flush_due(&mut self, id: GroupId, now_ms: i64, actions: &mut Vec<Action>) {
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        if group.flushing.is_some() {
            group.overdue = true;
            return;
        }
        let interval_ms = self.routing.tree.route(group.route).group_interval_ms;
        // Flushes stay on the grid of the first one, unless this one came too late for that.
        let on_grid_ms = group.next_flush_ms.saturating_add(interval_ms);
        group.next_flush_ms = if on_grid_ms > now_ms {
            on_grid_ms
        } else {
            now_ms.saturating_add(interval_ms)
        };
        self.timers.insert((group.next_flush_ms, Timer::Flush(id)));
        self.flush(id, now_ms, actions);
    }

    fn flush(&mut self, id: GroupId, now_ms: i64, actions: &mut Vec<Action>) {
        let flush_id = FlushId(self.new_id());
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        group.flushing = Some(flush_id);
        let alerts: Vec<NotifiedAlert> = group
            .sorted_alerts()
            .into_iter()
            .map(|alert| NotifiedAlert {
                resolved: alert.resolved_at(now_ms),
                alert,
            })
            .collect();
        let routing = Arc::clone(&self.routing);
        let route = routing.tree.route(group.route);
        let deadline_ms = now_ms.saturating_add(retry::flush_timeout_ms(route.group_interval_ms));
        let mut state = GroupState::default();
        let mut resolved = Vec::new();
        for NotifiedAlert {
            alert,
            resolved: ended,
        } in &alerts
        {
            if *ended {
                state.resolved.insert(alert.labels.clone());
                resolved.push(Arc::clone(alert));
                // Its sender never said so: only now is it known to have ended.
                if !alert.resolved_at(alert.updated_at_ms) {
                    actions.push(Action::Save(Change::Alert {
                        alert: Arc::clone(alert),
                        resolved: true,
                    }));
                }
            } else {
                state.firing.insert(alert.labels.clone());
            }
        }
        let mut flush = Flush {
            id: flush_id,
            group: id,
            deadline_ms,
            state: Arc::new(state),
            resolved,
            repeat_interval_ms: route.repeat_interval_ms,
            open: 0,
            failed: false,
        };
        for integration in routing.receivers.get(&route.receiver).into_iter().flatten() {
            self.tell(integration, &mut flush, &alerts, now_ms, actions);
        }
        if flush.open == 0 {
            self.end_flush(flush, now_ms, actions);
        } else {
            self.flushes.insert(flush_id, flush);
        }
    }

    /// Decides what one integration is told, and begins to tell it.
    fn tell(
        &mut self,
        integration: &Integration,
        flush: &mut Flush,
        alerts: &[NotifiedAlert],
        now_ms: i64,
        actions: &mut Vec<Action>,
    ) {
        let Some(group) = self.groups.get(&flush.group) else {
            return;
        };
        let key = LogKey {
            group_key: Arc::clone(&group.key),
            integration: integration.id.clone(),
        };
        let Some(reason) = needs_notification(
            self.log.last(&key),
            &flush.state,
            integration.send_resolved,
            flush.repeat_interval_ms,
            now_ms,
        ) else {
            return;
        };
        if !integration.send_resolved && flush.state.firing.is_empty() {
            // Nothing that this receiver wants to hear, but its log has to know.
            self.record(key, &flush.state, flush.repeat_interval_ms, now_ms, actions);
            return;
        }
        let wanted = |alert: &&NotifiedAlert| integration.send_resolved || !alert.resolved;
        let notification = Notification {
            integration: integration.id.clone(),
            group_key: Arc::clone(&group.key),
            group_labels: group.labels.clone(),
            reason,
            alerts: alerts.iter().filter(wanted).cloned().collect(),
        };
        let id = DeliveryId(self.new_id());
        let delivery = Delivery {
            flush: flush.id,
            state: Arc::clone(&flush.state),
            repeat_interval_ms: flush.repeat_interval_ms,
            notification: Arc::new(notification),
            attempt: 0,
            started_ms: now_ms,
            deadline_ms: flush.deadline_ms,
            under_way: false,
            last_error: String::new(),
        };
        flush.open += 1;
        self.deliveries.insert(id, delivery);
        self.retry(id, now_ms, actions);
    }

    /// Starts the next attempt of a delivery, or gives up when its time is over.
    pub(super) fn retry(&mut self, id: DeliveryId, now_ms: i64, actions: &mut Vec<Action>) {
        let Some(delivery) = self.deliveries.get_mut(&id) else {
            return;
        };
        if now_ms >= delivery.deadline_ms {
            self.give_up(id, now_ms, actions);
            return;
        }
        delivery.attempt += 1;
        delivery.started_ms = now_ms;
        delivery.under_way = true;
        actions.push(Action::Notify(Attempt {
            delivery: id,
            number: delivery.attempt,
            deadline_ms: delivery.deadline_ms,
            notification: Arc::clone(&delivery.notification),
        }));
    }

    /// An attempt has ended.
    pub(super) fn attempted(
        &mut self,
        id: DeliveryId,
        outcome: Outcome,
        now_ms: i64,
        actions: &mut Vec<Action>,
    ) {
        let Some(delivery) = self.deliveries.get_mut(&id) else {
            return;
        };
        delivery.under_way = false;
        match outcome {
            Outcome::Delivered => {
                let Some(delivery) = self.deliveries.remove(&id) else {
                    return;
                };
                let key = LogKey {
                    group_key: Arc::clone(&delivery.notification.group_key),
                    integration: delivery.notification.integration.clone(),
                };
                self.record(key, &delivery.state, delivery.repeat_interval_ms, now_ms, actions);
                self.end_delivery(delivery.flush, true, now_ms, actions);
            }
            Outcome::Retry(error) => {
                delivery.last_error = error;
                let delay_ms = retry::delay_ms(delivery.attempt, id.0);
                let due_ms = delivery
                    .started_ms
                    .saturating_add(delay_ms)
                    .clamp(now_ms, delivery.deadline_ms.max(now_ms));
                self.timers.insert((due_ms, Timer::Retry(id)));
            }
            Outcome::Failed(error) => {
                delivery.last_error = error;
                self.give_up(id, now_ms, actions);
            }
        }
    }

    fn give_up(&mut self, id: DeliveryId, now_ms: i64, actions: &mut Vec<Action>) {
        let Some(delivery) = self.deliveries.remove(&id) else {
            return;
        };
        actions.push(Action::GiveUp {
            notification: delivery.notification,
            attempts: delivery.attempt,
            error: delivery.last_error,
        });
        self.end_delivery(delivery.flush, false, now_ms, actions);
    }

    fn record(
        &mut self,
        key: LogKey,
        state: &GroupState,
        repeat_interval_ms: i64,
        now_ms: i64,
        actions: &mut Vec<Action>,
    ) {
        let entry = LogEntry {
            firing: state.firing.clone(),
            resolved: state.resolved.clone(),
            timestamp_ms: now_ms,
            expires_at_ms: LogEntry::expiry_ms(repeat_interval_ms, now_ms),
        };
        actions.push(Action::Save(Change::Notified(key.clone(), entry.clone())));
        self.log.record(key, entry);
    }

    fn end_delivery(&mut self, id: FlushId, delivered: bool, now_ms: i64, actions: &mut Vec<Action>) {
        let Some(flush) = self.flushes.get_mut(&id) else {
            return;
        };
        flush.open -= 1;
        flush.failed |= !delivered;
        if flush.open == 0
            && let Some(flush) = self.flushes.remove(&id)
        {
            self.end_flush(flush, now_ms, actions);
        }
    }

    /// Everyone was told, or not: ended alerts leave the group only when everyone was.
    fn end_flush(&mut self, flush: Flush, now_ms: i64, actions: &mut Vec<Action>) {
        let Some(group) = self.groups.get_mut(&flush.group) else {
            return;
        };
        group.flushing = None;
        if !flush.failed {
            group.remove_unmodified(&flush.resolved);
        }
        if group.alerts.is_empty() {
            self.timers
                .remove(&(group.next_flush_ms, Timer::Flush(flush.group)));
            self.group_ids.remove(&(group.route, group.labels.clone()));
            self.groups.remove(&flush.group);
        } else if std::mem::take(&mut group.overdue) {
            group.next_flush_ms = now_ms;
            self.flush_due(flush.group, now_ms, actions);
        }
    }
}
