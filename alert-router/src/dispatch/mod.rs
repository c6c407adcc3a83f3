//! The pure core: (state, event, now) → actions. It groups alerts, decides what each receiver is told
//! and when, retries and remembers; others post, wait, send and store for it.

mod flush;
mod message;
mod restore;
mod snapshot;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use engine_model::Labels;

use crate::alert::Alert;
use crate::config::Config;
use crate::group::Group;
use crate::notification_log::{IntegrationId, NotificationLog};
use crate::route::{RouteIndex, RouteTree};

use flush::{Delivery, Flush};

pub(crate) use message::{Action, Attempt, Change, DeliveryId, Event, FlushId, Outcome};
pub(crate) use restore::Restored;

pub use message::{Notification, NotifiedAlert};
pub use snapshot::{AlertSnapshot, GroupSnapshot};

/// How often ended alerts and expired log entries are forgotten; Alertmanager's `--alerts.gc-interval`.
const SWEEP_INTERVAL_MS: i64 = 30 * 60_000;

/// Where alerts go: the part of the configuration that the core needs.
#[derive(Debug)]
pub(crate) struct Routing {
    tree: RouteTree,
    receivers: HashMap<Arc<str>, Vec<Integration>>,
}

/// One way of telling a receiver.
#[derive(Debug, Clone)]
struct Integration {
    id: IntegrationId,
    send_resolved: bool,
}

impl Routing {
    pub(crate) fn new(config: &Config) -> Self {
        let receivers = config.receivers.iter().map(|receiver| {
            let name: Arc<str> = receiver.name.as_str().into();
            let integrations = receiver.identified().map(|(id, config)| Integration {
                id,
                send_resolved: config.send_resolved(),
            });
            (name, integrations.collect())
        });
        Self {
            tree: RouteTree::new(&config.route),
            receivers: receivers.collect(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct GroupId(u64);

/// What happens at an instant; the instant stands beside it in [`Dispatcher::timers`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Flush(GroupId),
    Retry(DeliveryId),
    Sweep,
}

/// The state of a router. Alerts are bounded by the router before they come here; groups, flushes and
/// deliveries by alerts × routes × integrations.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    routing: Arc<Routing>,
    /// Every known alert, ended ones until the next sweep.
    alerts: HashMap<Labels, Arc<Alert>>,
    groups: HashMap<GroupId, Group>,
    group_ids: HashMap<(RouteIndex, Labels), GroupId>,
    flushes: HashMap<FlushId, Flush>,
    deliveries: HashMap<DeliveryId, Delivery>,
    timers: BTreeSet<(i64, Timer)>,
    log: NotificationLog,
    /// No group is flushed before this instant, so that senders can report again after a start.
    not_before_ms: i64,
    last_id: u64,
}

impl Dispatcher {
    /// An empty router that flushes nothing before `not_before_ms`.
    pub(crate) fn new(routing: Arc<Routing>, not_before_ms: i64, now_ms: i64) -> Self {
        Self {
            routing,
            alerts: HashMap::new(),
            groups: HashMap::new(),
            group_ids: HashMap::new(),
            flushes: HashMap::new(),
            deliveries: HashMap::new(),
            timers: BTreeSet::from([(now_ms + SWEEP_INTERVAL_MS, Timer::Sweep)]),
            log: NotificationLog::default(),
            not_before_ms,
            last_id: 0,
        }
    }

    /// Takes an event in and says what is to be done. `now_ms` never runs behind an earlier call's.
    pub(crate) fn handle(&mut self, event: Event, now_ms: i64) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::Posted(alerts) => {
                for alert in alerts {
                    self.store(alert, now_ms, &mut actions);
                }
            }
            Event::Tick => {}
            Event::Attempted { delivery, outcome } => self.attempted(delivery, outcome, now_ms, &mut actions),
            Event::Reconfigured(routing) => self.reconfigure(routing, now_ms),
        }
        self.run_timers(now_ms, &mut actions);
        actions
    }

    /// When the next [`Event::Tick`] is due, in ms.
    pub(crate) fn next_due_ms(&self) -> Option<i64> {
        self.timers.first().map(|(due_ms, _)| *due_ms)
    }

    /// Number of known alerts, ended ones that are not yet forgotten included.
    pub(crate) fn alert_count(&self) -> usize {
        self.alerts.len()
    }

    /// Whether an alert with these labels is known.
    pub(crate) fn knows(&self, labels: &Labels) -> bool {
        self.alerts.contains_key(labels)
    }

    /// Number of groups.
    pub(crate) fn group_count(&self) -> usize {
        self.groups.len()
    }

    /// Number of remembered notifications.
    pub(crate) fn log_entry_count(&self) -> usize {
        self.log.len()
    }

    fn run_timers(&mut self, now_ms: i64, actions: &mut Vec<Action>) {
        while let Some((due_ms, timer)) = self.timers.first().copied() {
            if due_ms > now_ms {
                break;
            }
            self.timers.remove(&(due_ms, timer));
            match timer {
                Timer::Flush(group) => self.flush_due(group, now_ms, actions),
                Timer::Retry(delivery) => self.retry(delivery, now_ms, actions),
                Timer::Sweep => self.sweep(now_ms, actions),
            }
        }
    }

    fn store(&mut self, alert: Alert, now_ms: i64, actions: &mut Vec<Action>) {
        let known = self.alerts.get(&alert.labels);
        let alert = match known {
            Some(known) => known.succeeded_by(alert, now_ms),
            None => alert,
        };
        // That an alert still fires is not worth a write: a restart gives it time to be posted again.
        let worth_saving = known.is_none_or(|known| known.differs_from(&alert, now_ms));
        let alert = Arc::new(alert);
        self.alerts.insert(alert.labels.clone(), Arc::clone(&alert));
        if worth_saving {
            actions.push(Action::Save(Change::Alert {
                resolved: alert.resolved_at(now_ms),
                alert: Arc::clone(&alert),
            }));
        }
        self.group(alert, now_ms);
    }

    /// Puts an alert into its groups, and makes those that are missing.
    fn group(&mut self, alert: Arc<Alert>, now_ms: i64) {
        let routing = Arc::clone(&self.routing);
        for index in routing.tree.matching(&alert.labels) {
            let route = routing.tree.route(index);
            let labels = route.group_labels(&alert.labels);
            if let Some(group) = self.group_ids.get(&(index, labels.clone()))
                && let Some(group) = self.groups.get_mut(group)
            {
                group.alerts.insert(alert.labels.clone(), Arc::clone(&alert));
                continue;
            }
            // An alert older than the wait has waited elsewhere already: before a restart, perhaps.
            let old = alert.starts_at_ms.saturating_add(route.group_wait_ms) < now_ms;
            let wait_ms = if old { 0 } else { route.group_wait_ms };
            let due_ms = now_ms.saturating_add(wait_ms).max(self.not_before_ms);
            let mut group = Group::new(index, route, labels.clone(), due_ms);
            group.alerts.insert(alert.labels.clone(), Arc::clone(&alert));
            let id = GroupId(self.new_id());
            self.groups.insert(id, group);
            self.group_ids.insert((index, labels), id);
            self.timers.insert((due_ms, Timer::Flush(id)));
        }
    }

    /// Groups everything anew. Attempts under way are remembered when they succeed, and no more.
    fn reconfigure(&mut self, routing: Arc<Routing>, now_ms: i64) {
        self.routing = routing;
        self.groups.clear();
        self.group_ids.clear();
        self.deliveries.retain(|_, delivery| delivery.under_way);
        self.timers.retain(|(_, timer)| *timer == Timer::Sweep);
        let mut alerts: Vec<Arc<Alert>> = self.alerts.values().map(Arc::clone).collect();
        // The first alert of a group decides on its wait, so the order must not be a matter of luck.
        alerts.sort_by(|a, b| (a.starts_at_ms, &a.labels).cmp(&(b.starts_at_ms, &b.labels)));
        for alert in alerts {
            self.group(alert, now_ms);
        }
    }

    /// Forgets alerts that have ended and are no group's business any more.
    fn sweep(&mut self, now_ms: i64, actions: &mut Vec<Action>) {
        self.timers.insert((now_ms + SWEEP_INTERVAL_MS, Timer::Sweep));
        let grouped: BTreeSet<Labels> = self
            .groups
            .values()
            .flat_map(|group| group.alerts.values())
            .filter(|alert| alert.resolved_at(now_ms))
            .map(|alert| alert.labels.clone())
            .collect();
        self.alerts.retain(|labels, alert| {
            let keep = !alert.resolved_at(now_ms) || grouped.contains(labels);
            if !keep {
                actions.push(Action::Save(Change::AlertGone(labels.clone())));
            }
            keep
        });
        self.log.forget_expired(now_ms);
    }

    fn new_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }
}
