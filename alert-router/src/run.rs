//! The router's task: carries out what the core decides and tells it what came of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use engine_model::time::now_ms;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::alert::{Alert, PostedAlert};
use crate::config::Config;
use crate::dispatch::{
    Action, AlertSnapshot, Attempt, Change, DeliveryId, Dispatcher, Event, GroupSnapshot, Outcome, Routing,
};
use crate::notification_log::IntegrationId;
use crate::notify::NotifyError;
use crate::notify::registry::Notifiers;
use crate::persist::Journal;
use crate::router::PostError;
use crate::status::{NotificationCounters, ReceivedCounters, RouterStatus};

/// Attempts that run at once. Each holds a connection: well below the usual limit of 1024 open files.
const ATTEMPTS_MAX: usize = 256;
/// Longest sleep, so that a step of the wall clock is noticed soon.
const SLEEP_MS_MAX: i64 = 1000;

/// What a handle asks of the task.
pub(crate) enum Command {
    Post {
        alerts: Vec<PostedAlert>,
        reply: oneshot::Sender<Result<(), PostError>>,
    },
    Alerts(oneshot::Sender<Vec<AlertSnapshot>>),
    Groups(oneshot::Sender<Vec<GroupSnapshot>>),
    Status(oneshot::Sender<RouterStatus>),
    Reload {
        config: Arc<Config>,
        notifiers: Notifiers,
        reply: oneshot::Sender<()>,
    },
    ShutDown {
        patience: Duration,
        reply: oneshot::Sender<()>,
    },
}

/// An attempt that has ended.
struct Attempted {
    delivery: DeliveryId,
    integration: IntegrationId,
    result: Result<(), NotifyError>,
    took: Duration,
}

/// Everything that the task owns.
pub(crate) struct Run {
    dispatcher: Dispatcher,
    config: Arc<Config>,
    notifiers: Notifiers,
    journal: Option<Journal>,
    journal_error: Option<String>,
    alerts_max: usize,
    started_at_ms: i64,
    attempts: JoinSet<Attempted>,
    attempt_slots: Arc<Semaphore>,
    received: ReceivedCounters,
    counters: BTreeMap<IntegrationId, NotificationCounters>,
}

impl Run {
    pub(crate) fn new(
        dispatcher: Dispatcher,
        config: Arc<Config>,
        notifiers: Notifiers,
        journal: Option<Journal>,
        alerts_max: usize,
        started_at_ms: i64,
    ) -> Self {
        Self {
            dispatcher,
            config,
            notifiers,
            journal,
            journal_error: None,
            alerts_max,
            started_at_ms,
            attempts: JoinSet::new(),
            attempt_slots: Arc::new(Semaphore::new(ATTEMPTS_MAX)),
            received: ReceivedCounters::default(),
            counters: BTreeMap::new(),
        }
    }

    /// Works until it is told to stop or nobody is left who could.
    pub(crate) async fn until_shut_down(mut self, mut inbox: mpsc::Receiver<Command>) {
        loop {
            let due_in_ms = match self.dispatcher.next_due_ms() {
                Some(due_ms) => due_ms.saturating_sub(now_ms()).clamp(0, SLEEP_MS_MAX),
                None => SLEEP_MS_MAX,
            };
            tokio::select! {
                command = inbox.recv() => match command {
                    Some(Command::ShutDown { patience, reply }) => {
                        inbox.close();
                        self.drain(patience).await;
                        // Nobody may wait for the answer any more, and that is fine.
                        let _ = reply.send(());
                        return;
                    }
                    Some(command) => self.obey(command).await,
                    None => return self.drain(Duration::ZERO).await,
                },
                Some(ended) = self.attempts.join_next() => {
                    if let Ok(attempted) = ended {
                        self.attempted(attempted).await;
                    }
                }
                () = tokio::time::sleep(Duration::from_millis(due_in_ms.unsigned_abs())) => {
                    self.step(Event::Tick).await;
                }
            }
        }
    }

    async fn obey(&mut self, command: Command) {
        let now_ms = now_ms();
        // An answer that nobody waits for any more is no fault.
        match command {
            Command::Post { alerts, reply } => {
                let result = self.post(alerts, now_ms).await;
                let _ = reply.send(result);
            }
            Command::Alerts(reply) => {
                let _ = reply.send(self.dispatcher.alert_snapshots(now_ms));
            }
            Command::Groups(reply) => {
                let _ = reply.send(self.dispatcher.group_snapshots(now_ms));
            }
            Command::Status(reply) => {
                let _ = reply.send(self.status());
            }
            Command::Reload {
                config,
                notifiers,
                reply,
            } => {
                let routing = Arc::new(Routing::new(&config));
                self.config = config;
                self.notifiers = notifiers;
                self.step(Event::Reconfigured(routing)).await;
                let _ = reply.send(());
            }
            Command::ShutDown { .. } => unreachable!("the loop takes this one itself"),
        }
    }

    async fn post(&mut self, posted: Vec<PostedAlert>, now_ms: i64) -> Result<(), PostError> {
        let resolve_timeout_ms = self.config.resolve_timeout_ms;
        let mut room = self.alerts_max.saturating_sub(self.dispatcher.alert_count());
        let (mut alerts, mut invalid, mut refused) = (Vec::new(), Vec::new(), 0);
        for (position, posted) in posted.into_iter().enumerate() {
            let alert = match Alert::accept(posted, resolve_timeout_ms, now_ms) {
                Ok(alert) => alert,
                Err(error) => {
                    self.received.invalid += 1;
                    invalid.push((position, error));
                    continue;
                }
            };
            if !self.dispatcher.knows(&alert.labels) {
                if room == 0 {
                    self.received.limited += 1;
                    refused += 1;
                    continue;
                }
                room -= 1;
            }
            match alert.resolved_at(now_ms) {
                true => self.received.resolved += 1,
                false => self.received.firing += 1,
            }
            alerts.push(alert);
        }
        self.step(Event::Posted(alerts)).await;
        if refused > 0 {
            let alerts_max = self.alerts_max;
            return Err(PostError::Full { refused, alerts_max });
        }
        if invalid.is_empty() {
            Ok(())
        } else {
            Err(PostError::Invalid(invalid))
        }
    }

    /// Tells the core of an event and carries out what follows: first what must be durable.
    async fn step(&mut self, event: Event) {
        let actions = self.dispatcher.handle(event, now_ms());
        let (mut changes, mut attempts) = (Vec::new(), Vec::new());
        for action in actions {
            match action {
                Action::Save(change) => changes.push(change),
                Action::Notify(attempt) => attempts.push(attempt),
                Action::GiveUp {
                    notification,
                    attempts,
                    error,
                } => {
                    let id = &notification.integration;
                    self.counters_of(id).failed += 1;
                    tracing::error!(
                        receiver = &*id.receiver,
                        integration = &*id.kind,
                        index = id.index,
                        group = &*notification.group_key,
                        alerts = notification.alerts.len(),
                        attempts,
                        error,
                        "notification failed, next try at the group's next flush"
                    );
                }
            }
        }
        self.save(changes).await;
        for attempt in attempts {
            self.attempt(attempt);
        }
    }

    /// Makes changes durable. Failing that, alerts still go out: silence would be worse.
    async fn save(&mut self, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        let Some(mut journal) = self.journal.take() else {
            return;
        };
        // After a failure the file may miss or repeat something, so it is written anew.
        let rewrite = self.journal_error.is_some() || journal.has_grown();
        let state = rewrite.then(|| self.dispatcher.durable_state(now_ms()));
        let (journal, result) = tokio::task::spawn_blocking(move || {
            let result = match state {
                Some(state) => journal.rewrite(&state),
                None => journal.append(&changes),
            };
            (journal, result)
        })
        .await
        .expect("writing the journal does not panic");
        self.journal = Some(journal);
        let error = result.err().map(|error| chain(&error));
        match (&self.journal_error, &error) {
            (None, Some(error)) => tracing::error!(error, "alert state is not durable"),
            (Some(_), None) => tracing::info!("alert state is durable again"),
            _ => {}
        }
        self.journal_error = error;
    }

    fn attempt(&mut self, attempt: Attempt) {
        let integration = attempt.notification.integration.clone();
        if attempt.number == 1 {
            self.counters_of(&integration).notifications += 1;
        }
        let notifier = self.notifiers.get(&integration).map(Arc::clone);
        let slots = Arc::clone(&self.attempt_slots);
        let patience_ms = attempt.deadline_ms.saturating_sub(now_ms()).max(0).unsigned_abs();
        self.attempts.spawn(async move {
            let started = Instant::now();
            let send = async {
                let _slot = slots.acquire().await.expect("the semaphore is never closed");
                match notifier {
                    Some(notifier) => notifier.notify(&attempt.notification).await,
                    // A reload took the receiver away in between.
                    None => Err(NotifyError::Permanent(
                        "the receiver is no longer configured".to_owned(),
                    )),
                }
            };
            let result = tokio::time::timeout(Duration::from_millis(patience_ms), send)
                .await
                .unwrap_or_else(|_| {
                    Err(NotifyError::Temporary(
                        "no answer before the group's next flush".to_owned(),
                    ))
                });
            Attempted {
                delivery: attempt.delivery,
                integration,
                result,
                took: started.elapsed(),
            }
        });
    }

    async fn attempted(&mut self, attempted: Attempted) {
        let Attempted {
            delivery,
            integration,
            result,
            took,
        } = attempted;
        let counters = self.counters_of(&integration);
        counters.requests += 1;
        counters.seconds += took.as_secs_f64();
        let error = result.as_ref().err().map(ToString::to_string);
        if let Some(error) = &error {
            counters.requests_failed += 1;
            if counters.last_error.as_ref() != Some(error) {
                tracing::warn!(
                    receiver = &*integration.receiver,
                    integration = &*integration.kind,
                    index = integration.index,
                    error,
                    "notification attempt failed"
                );
            }
        }
        counters.last_error = error;
        let outcome = match result {
            Ok(()) => Outcome::Delivered,
            Err(NotifyError::Temporary(error)) => Outcome::Retry(error),
            Err(NotifyError::Permanent(error)) => Outcome::Failed(error),
        };
        self.step(Event::Attempted { delivery, outcome }).await;
    }

    /// Flushes what is due and waits for attempts under way, within limits.
    async fn drain(&mut self, patience: Duration) {
        let end = Instant::now() + patience;
        self.step(Event::Tick).await;
        while let Ok(Some(ended)) = tokio::time::timeout_at(end, self.attempts.join_next()).await {
            if let Ok(attempted) = ended {
                self.attempted(attempted).await;
            }
        }
        if !self.attempts.is_empty() {
            tracing::warn!(
                attempts = self.attempts.len(),
                "alert router stopped before all notifications were sent"
            );
        }
    }

    fn status(&self) -> RouterStatus {
        RouterStatus {
            config: Arc::clone(&self.config),
            started_at_ms: self.started_at_ms,
            alerts: self.dispatcher.alert_count(),
            groups: self.dispatcher.group_count(),
            log_entries: self.dispatcher.log_entry_count(),
            received: self.received,
            notifications: self.counters.values().cloned().collect(),
            journal_error: self.journal_error.clone(),
        }
    }

    fn counters_of(&mut self, integration: &IntegrationId) -> &mut NotificationCounters {
        self.counters
            .entry(integration.clone())
            .or_insert_with(|| NotificationCounters {
                integration: integration.clone(),
                notifications: 0,
                failed: 0,
                requests: 0,
                requests_failed: 0,
                seconds: 0.0,
                last_error: None,
            })
    }
}

/// An error with its causes on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
