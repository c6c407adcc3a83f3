//! `/api/v1/notifications` and `/api/v1/notifications/live`: what the operator should know now, as a list and as a
//! stream of server-sent events. The server says what begins and what is over; the texts are Prometheus's where it
//! has them.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use engine_model::time::{format_rfc3339_ms, now_ms};
use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::mpsc;

use crate::envelope::{Answer, Success};
use crate::metrics::Exposition;

/// Events that wait for a slow subscriber; further ones are lost to it. Prometheus's number, and more than there are
/// kinds of notifications.
const WAITING_MAX: usize = 10;
/// A stream without events shows this often that it lives, so that nothing on the way takes it for dead and a
/// subscriber who has gone is noticed.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);

/// What an operator is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notice {
    /// The write-ahead log is being read back.
    StartingUp,
    /// The configuration on disk cannot be used.
    ReloadFailed,
    /// Nothing more is accepted.
    ShuttingDown,
}

impl Notice {
    fn text(self) -> &'static str {
        match self {
            Self::StartingUp => "Weir is starting and replaying the write-ahead log (WAL).",
            Self::ReloadFailed => "Configuration reload has failed.",
            Self::ShuttingDown => "Weir is shutting down and gracefully stopping all operations.",
        }
    }
}

/// What is told now, and who listens.
#[derive(Debug)]
pub struct Notifications {
    subscribers_max: usize,
    state: Mutex<Listeners>,
    sent: AtomicU64,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Listeners {
    /// What is told, with the time it was last said, ms since the epoch.
    told: BTreeMap<Notice, i64>,
    subscribers: BTreeMap<u64, mpsc::Sender<String>>,
    next_id: u64,
    closed: bool,
}

#[derive(Serialize)]
struct Shown {
    text: &'static str,
    date: String,
    active: bool,
}

impl Shown {
    fn new(notice: Notice, at_ms: i64, active: bool) -> Self {
        Self {
            text: notice.text(),
            date: format_rfc3339_ms(at_ms),
            active,
        }
    }

    fn event(&self) -> String {
        let json = serde_json::to_string(self).expect("texts and a boolean cannot fail");
        format!("data: {json}\n\n")
    }
}

impl Notifications {
    /// Nothing to tell yet, `subscribers_max` streams at a time.
    pub fn new(subscribers_max: usize) -> Self {
        Self {
            subscribers_max,
            state: Mutex::default(),
            sent: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        }
    }

    /// It is so from now on, or again.
    pub fn begin(&self, notice: Notice) {
        let at_ms = now_ms();
        let mut state = self.state.lock();
        state.told.insert(notice, at_ms);
        self.send(&state, &Shown::new(notice, at_ms, true));
    }

    /// It is over, if it was so.
    pub fn end(&self, notice: Notice) {
        let mut state = self.state.lock();
        if let Some(at_ms) = state.told.remove(&notice) {
            self.send(&state, &Shown::new(notice, at_ms, false));
        }
    }

    /// Ends all streams and begins no more: the server stops.
    pub fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.subscribers.clear();
    }

    fn send(&self, state: &Listeners, shown: &Shown) {
        let event = shown.event();
        for subscriber in state.subscribers.values() {
            self.sent.fetch_add(1, Ordering::Relaxed);
            if subscriber.try_send(event.clone()).is_err() {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn shown(&self) -> Vec<Shown> {
        let state = self.state.lock();
        let told = state.told.iter();
        told.map(|(notice, at_ms)| Shown::new(*notice, *at_ms, true))
            .collect()
    }

    /// A subscription that begins with what is told now; nothing when there are too many.
    fn subscribe(self: &Arc<Self>) -> Option<Subscription> {
        let mut state = self.state.lock();
        if state.closed || state.subscribers.len() >= self.subscribers_max {
            return None;
        }
        let (sender, events) = mpsc::channel(WAITING_MAX);
        for (notice, at_ms) in &state.told {
            // There is room for one of each kind.
            drop(sender.try_send(Shown::new(*notice, *at_ms, true).event()));
        }
        let id = state.next_id;
        state.next_id += 1;
        state.subscribers.insert(id, sender);
        Some(Subscription {
            id,
            events,
            notifications: Arc::clone(self),
        })
    }

    /// Appends what is counted, under Prometheus's names.
    pub fn collect(&self, out: &mut Exposition) {
        out.gauge(
            "prometheus_api_notification_active_subscribers",
            "The current number of active notification subscribers.",
            &[],
            self.state.lock().subscribers.len() as f64,
        );
        for (name, help, count) in [
            (
                "prometheus_api_notification_updates_sent_total",
                "Total number of notification updates sent.",
                &self.sent,
            ),
            (
                "prometheus_api_notification_updates_dropped_total",
                "Total number of notification updates dropped.",
                &self.dropped,
            ),
        ] {
            out.counter(name, help, &[], count.load(Ordering::Relaxed) as f64);
        }
    }
}

/// One stream; dropping it gives its place back.
#[derive(Debug)]
struct Subscription {
    id: u64,
    events: mpsc::Receiver<String>,
    notifications: Arc<Notifications>,
}

impl Subscription {
    /// What is written next; nothing when the server stops.
    async fn next(&mut self) -> Option<String> {
        match tokio::time::timeout(SIGN_OF_LIFE, self.events.recv()).await {
            Ok(event) => event,
            Err(_) => Some(":\n\n".to_owned()),
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.notifications.state.lock().subscribers.remove(&self.id);
    }
}

/// The routes of the family; they answer before the server is ready and while it stops.
pub fn notifications_routes(notifications: Arc<Notifications>) -> Router {
    Router::new()
        .route("/api/v1/notifications", get(list))
        .route("/api/v1/notifications/live", get(live))
        .with_state(notifications)
}

async fn list(State(notifications): State<Arc<Notifications>>) -> Answer {
    Ok(Success::of(&notifications.shown()))
}

async fn live(State(notifications): State<Arc<Notifications>>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    let Some(subscription) = notifications.subscribe() else {
        return (StatusCode::NO_CONTENT, headers).into_response();
    };
    let events = futures::stream::unfold(subscription, async |mut subscription| {
        let event = subscription.next().await?;
        Some((Ok::<_, Infallible>(event), subscription))
    });
    (headers, Body::from_stream(events)).into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use futures::StreamExt as _;
    use tower::ServiceExt as _;

    use super::*;
    use crate::testing::Requests;

    #[tokio::test]
    async fn what_is_told_is_listed() {
        let notifications = Arc::new(Notifications::new(1));
        let requests = Requests(notifications_routes(Arc::clone(&notifications)));
        let nothing = (200, r#"{"status":"success","data":[]}"#.to_owned());
        assert_eq!(requests.get("/api/v1/notifications").await, nothing);
        notifications.begin(Notice::ReloadFailed);
        notifications.begin(Notice::ReloadFailed);
        let listed = requests.json("/api/v1/notifications").await;
        assert_eq!(listed["data"].as_array().map(Vec::len), Some(1), "{listed}");
        assert_eq!(listed["data"][0]["text"], "Configuration reload has failed.");
        assert_eq!(listed["data"][0]["active"], true);
        notifications.end(Notice::ReloadFailed);
        notifications.end(Notice::StartingUp);
        assert_eq!(requests.get("/api/v1/notifications").await, nothing);
    }

    #[tokio::test(start_paused = true)]
    async fn streams_are_few_and_end_with_the_server() {
        let notifications = Arc::new(Notifications::new(1));
        let routes = notifications_routes(Arc::clone(&notifications));
        let ask = || {
            let request = Request::get("/api/v1/notifications/live");
            routes.clone().oneshot(request.body(Body::empty()).unwrap())
        };
        notifications.begin(Notice::StartingUp);
        let first = ask().await.unwrap();
        assert_eq!(first.headers()["content-type"], "text/event-stream");
        assert_eq!(ask().await.unwrap().status(), 204);
        let mut events = first.into_body().into_data_stream();
        let mut next = async || String::from_utf8(events.next().await.unwrap().unwrap().to_vec()).unwrap();
        let starting = next().await;
        assert!(
            starting.starts_with("data: {\"text\":\"Weir is starting"),
            "{starting}"
        );
        assert!(starting.ends_with("\"active\":true}\n\n"), "{starting}");
        notifications.end(Notice::StartingUp);
        assert!(next().await.ends_with("\"active\":false}\n\n"));
        assert_eq!(next().await, ":\n\n");
        drop(events);
        let mut again = ask().await.unwrap().into_body().into_data_stream();
        notifications.begin(Notice::ShuttingDown);
        notifications.close();
        assert!(again.next().await.is_some());
        assert!(again.next().await.is_none());
        assert_eq!(ask().await.unwrap().status(), 204);
        let mut out = Exposition::default();
        notifications.collect(&mut out);
        let text = out.render();
        for line in [
            "prometheus_api_notification_active_subscribers 0\n",
            "prometheus_api_notification_updates_sent_total 2\n",
            "prometheus_api_notification_updates_dropped_total 0\n",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }
}
