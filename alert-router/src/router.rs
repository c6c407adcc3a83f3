//! The running router: one task owns the core, everyone else talks to it through a [`RouterHandle`].

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::alert::{InvalidAlert, PostedAlert};
use crate::config::Config;
use crate::dispatch::{AlertSnapshot, Dispatcher, GroupSnapshot, Routing};
use crate::notify::{ReceiversError, registry};
use crate::persist::{Journal, JournalError};
use crate::run::{Command, Run};
use crate::status::RouterStatus;

/// Commands that wait for the router's task. Senders wait when it is full: a command is a whole post,
/// and the task takes a thousand of them in a fraction of a second.
const COMMANDS_WAITING_MAX: usize = 64;

/// What a router is started with beside its configuration.
#[derive(Debug, Clone)]
pub struct RouterOptions {
    /// The address under which people reach this router; receivers get it.
    pub external_url: String,
    /// Folder for what must survive a restart; `None` forgets everything at a stop.
    pub data_folder: Option<PathBuf>,
    /// How long after the start nobody is notified, so that senders can report first, in ms.
    pub start_delay_ms: i64,
    /// Most alerts that are known at once; further ones are refused.
    pub alerts_max: usize,
}

impl Default for RouterOptions {
    fn default() -> Self {
        Self {
            external_url: String::new(),
            data_folder: None,
            start_delay_ms: 0,
            // About 1 KiB each with labels, annotations and groups: 1 GiB.
            alerts_max: 1_000_000,
        }
    }
}

/// Why a router cannot be started or reconfigured.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What survived the last stop cannot be read.
    #[error("cannot restore the alert router's state")]
    Journal(#[source] JournalError),
    /// Template files or connection options cannot be used.
    #[error("cannot set up the alert router's receivers")]
    Receivers(#[source] ReceiversError),
    /// The router has been shut down.
    #[error("the alert router is shut down")]
    Stopped(#[source] RouterStopped),
}

/// The router has been shut down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the alert router is shut down")]
pub struct RouterStopped;

/// Why alerts were not taken. Those that are not named were.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// Some are malformed: position in the post, and why. The good ones were taken.
    #[error("{}", list(.0))]
    Invalid(Vec<(usize, InvalidAlert)>),
    /// The router knows as many alerts as it may; new ones were not taken.
    #[error("{refused} alerts refused: the router holds its maximum of {alerts_max} alerts")]
    Full {
        /// How many were not taken.
        refused: usize,
        /// The maximum.
        alerts_max: usize,
    },
    /// The router has been shut down.
    #[error(transparent)]
    Stopped(#[from] RouterStopped),
}

fn list(invalid: &[(usize, InvalidAlert)]) -> String {
    invalid
        .iter()
        .map(|(_, why)| why.to_string())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Starts routers.
#[derive(Debug)]
pub struct AlertRouter;

impl AlertRouter {
    /// Restores what survived, and starts to route. Must be called within a tokio runtime.
    pub async fn start(config: Config, options: RouterOptions) -> Result<RouterHandle, StartError> {
        let now_ms = engine_model::time::now_ms();
        let notifiers = registry::build(&config, &options.external_url).map_err(StartError::Receivers)?;
        let routing = Arc::new(Routing::new(&config));
        let not_before_ms = now_ms.saturating_add(options.start_delay_ms);
        let mut dispatcher = Dispatcher::new(routing, not_before_ms, now_ms);
        let mut journal = None;
        if let Some(folder) = options.data_folder.clone() {
            let opened = tokio::task::spawn_blocking(move || Journal::open(&folder))
                .await
                .expect("opening the journal does not panic")
                .map_err(StartError::Journal)?;
            if opened.damaged_lines > 0 {
                tracing::warn!(
                    lines = opened.damaged_lines,
                    "alert router left damaged journal lines out"
                );
            }
            dispatcher.restore(opened.restored, config.resolve_timeout_ms, now_ms);
            journal = Some(opened.journal);
        }
        for warning in &config.warnings {
            tracing::warn!(warning, "alert router configuration");
        }
        let (commands, inbox) = mpsc::channel(COMMANDS_WAITING_MAX);
        let run = Run::new(
            dispatcher,
            Arc::new(config),
            notifiers,
            journal,
            options.alerts_max,
            now_ms,
        );
        tokio::spawn(run.until_shut_down(inbox));
        Ok(RouterHandle {
            commands,
            external_url: options.external_url.into(),
        })
    }
}

/// Talks to a running router. Cheap to clone. The router stops when [`RouterHandle::shutdown`] is
/// called or the last handle is dropped.
#[derive(Debug, Clone)]
pub struct RouterHandle {
    commands: mpsc::Sender<Command>,
    external_url: Arc<str>,
}

impl RouterHandle {
    /// Hands over alerts. When this returns, they are known and survive a crash.
    pub async fn post(&self, alerts: Vec<PostedAlert>) -> Result<(), PostError> {
        self.ask(|reply| Command::Post { alerts, reply }).await?
    }

    /// Alerts that have not ended, by fingerprint.
    pub async fn alerts(&self) -> Result<Vec<AlertSnapshot>, RouterStopped> {
        self.ask(Command::Alerts).await
    }

    /// Groups with alerts that have not ended, by labels and receiver.
    pub async fn groups(&self) -> Result<Vec<GroupSnapshot>, RouterStopped> {
        self.ask(Command::Groups).await
    }

    /// The configuration, counters and health.
    pub async fn status(&self) -> Result<RouterStatus, RouterStopped> {
        self.ask(Command::Status).await
    }

    /// Takes a new configuration. Alerts are grouped anew and group timers begin again; nobody is told
    /// twice. On an error the old configuration stays.
    pub async fn reload(&self, config: Config) -> Result<(), StartError> {
        let notifiers = registry::build(&config, &self.external_url).map_err(StartError::Receivers)?;
        for warning in &config.warnings {
            tracing::warn!(warning, "alert router configuration");
        }
        let config = Arc::new(config);
        self.ask(|reply| Command::Reload {
            config,
            notifiers,
            reply,
        })
        .await
        .map_err(StartError::Stopped)
    }

    /// Stops taking alerts, flushes what is due, and waits for notifications that are under way, but
    /// no longer than `patience`.
    pub async fn shutdown(&self, patience: Duration) -> Result<(), RouterStopped> {
        self.ask(|reply| Command::ShutDown { patience, reply }).await
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, RouterStopped> {
        let (reply, answer) = oneshot::channel();
        self.commands
            .send(command(reply))
            .await
            .map_err(|_| RouterStopped)?;
        answer.await.map_err(|_| RouterStopped)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::Router;
    use axum::routing::post;
    use engine_model::Labels;
    use serde_json::Value;

    use super::*;
    use crate::config::parse_config;

    /// Bodies that a listener received.
    type Bodies = Arc<Mutex<Vec<Value>>>;

    async fn listen() -> (String, Bodies) {
        let bodies: Bodies = Arc::default();
        let seen = Arc::clone(&bodies);
        let take = move |body: String| async move {
            seen.lock().unwrap().push(serde_json::from_str(&body).unwrap());
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let app = Router::new().route("/", post(take));
        tokio::spawn(async move { axum::serve(listener, app).await });
        (url, bodies)
    }

    fn config(url: &str) -> Config {
        let text = format!(
            "route: {{receiver: hook, group_by: [alertname], group_wait: 100ms, group_interval: 200ms}}
receivers: [{{name: hook, webhook_configs: [{{url: '{url}'}}], log_configs: [{{}}]}}]"
        );
        parse_config(&text, "c.yml").unwrap()
    }

    fn alert(name: &str, ends_at_ms: Option<i64>) -> PostedAlert {
        PostedAlert {
            labels: Labels::from_pairs([("alertname", name), ("instance", "i")]),
            ends_at_ms,
            ..PostedAlert::default()
        }
    }

    /// Waits until the listener has `count` bodies, and shows them.
    async fn bodies(bodies: &Bodies, count: usize) -> Vec<String> {
        let wait = async {
            while bodies.lock().unwrap().len() < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait)
            .await
            .expect("notified in time");
        let show = |body: &Value| format!("{} {}", body["status"], body["groupKey"]);
        bodies.lock().unwrap().iter().map(show).collect()
    }

    #[tokio::test]
    async fn from_post_to_webhook_and_back() {
        let (url, seen) = listen().await;
        let options = RouterOptions {
            external_url: "http://weir".to_owned(),
            ..RouterOptions::default()
        };
        let router = AlertRouter::start(config(&url), options).await.unwrap();
        router.post(vec![alert("a", None)]).await.unwrap();
        let alerts = router.alerts().await.unwrap();
        assert_eq!((alerts.len(), &*alerts[0].receivers[0]), (1, "hook"));
        assert_eq!(
            router.groups().await.unwrap()[0].labels.to_string(),
            r#"{alertname="a"}"#
        );
        let fired = r#""firing" "{}:{alertname=\"a\"}""#;
        assert_eq!(bodies(&seen, 1).await, [fired]);
        let now_ms = engine_model::time::now_ms();
        router.post(vec![alert("a", Some(now_ms))]).await.unwrap();
        assert_eq!(
            bodies(&seen, 2).await,
            [fired, r#""resolved" "{}:{alertname=\"a\"}""#]
        );
        assert!(router.alerts().await.unwrap().is_empty());
        let status = router.status().await.unwrap();
        let counted: Vec<(&str, u64, u64)> = status
            .notifications
            .iter()
            .map(|n| (&*n.integration.kind, n.requests, n.failed))
            .collect();
        assert_eq!(counted, [("log", 2, 0), ("webhook", 2, 0)]);
        assert_eq!((status.received.firing, status.received.resolved), (1, 1));
        router.shutdown(Duration::from_secs(5)).await.unwrap();
        assert_eq!(router.alerts().await, Err(RouterStopped));
    }

    #[tokio::test]
    async fn bad_alerts_do_not_block_good_ones() {
        let options = RouterOptions {
            alerts_max: 2,
            ..RouterOptions::default()
        };
        let router = AlertRouter::start(config("http://127.0.0.1:9/"), options)
            .await
            .unwrap();
        let error = router
            .post(vec![PostedAlert::default(), alert("a", None)])
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "at least one label pair required");
        let error = router
            .post(vec![alert("a", None), alert("b", None), alert("c", None)])
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "1 alerts refused: the router holds its maximum of 2 alerts"
        );
        assert_eq!(router.alerts().await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn a_killed_router_knows_what_it_said() {
        let (url, seen) = listen().await;
        let folder = tempfile::tempdir().unwrap();
        let options = RouterOptions {
            data_folder: Some(folder.path().join("alerts")),
            ..RouterOptions::default()
        };
        let journal = folder.path().join("alerts/alert-router.journal");
        let first = AlertRouter::start(config(&url), options.clone()).await.unwrap();
        first.post(vec![alert("a", None)]).await.unwrap();
        bodies(&seen, 1).await;
        let told = async {
            // By webhook and by log.
            while std::fs::read_to_string(&journal)
                .unwrap()
                .matches("notified")
                .count()
                < 2
            {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), told).await.unwrap();
        // What a kill would leave behind.
        let copy = std::fs::read(&journal).unwrap();
        first.shutdown(Duration::ZERO).await.unwrap();
        std::fs::write(&journal, copy).unwrap();

        let second = AlertRouter::start(config(&url), options).await.unwrap();
        assert_eq!(second.alerts().await.unwrap().len(), 1);
        second.post(vec![alert("b", None)]).await.unwrap();
        // The next word is of the new alert: the old one was told already.
        let expected = [
            r#""firing" "{}:{alertname=\"a\"}""#,
            r#""firing" "{}:{alertname=\"b\"}""#,
        ];
        assert_eq!(bodies(&seen, 2).await, expected);
        second.shutdown(Duration::from_secs(5)).await.unwrap();
    }

    #[tokio::test]
    async fn a_reload_changes_receivers() {
        let ((old, _), (new, seen)) = (listen().await, listen().await);
        let router = AlertRouter::start(config(&old), RouterOptions::default())
            .await
            .unwrap();
        router.reload(config(&new)).await.unwrap();
        router.post(vec![alert("a", None)]).await.unwrap();
        bodies(&seen, 1).await;
        assert!(
            router
                .status()
                .await
                .unwrap()
                .config
                .redacted
                .contains("<secret>")
        );
    }
}
