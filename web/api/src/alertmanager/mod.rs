//! `/api/v2/…`: the alert router behind Alertmanager's API: alerts in, alerts, groups, receivers and
//! status out.

mod post;
mod select;
#[cfg(test)]
mod tests;
mod twins;

use alert_router::{RouterHandle, RouterStopped};
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;

use crate::envelope::json_response;
use crate::parameters::Parameters;
use crate::status::BuildInfo;
use crate::wire_time::instant;
use select::Selection;
use twins::{Cluster, Group, Original, Receiver, Status, VersionInfo};

/// Largest post of alerts: some tens of thousands of them.
const POST_BYTES_MAX: usize = 32 << 20;

/// The Alertmanager whose API this is: clients read it to learn what they may ask for.
const ALERTMANAGER_VERSION: &str = "0.34.0";

/// What the family needs. Clones share it.
#[derive(Debug, Clone)]
pub struct AlertmanagerState {
    router: RouterHandle,
    build: BuildInfo,
}

impl AlertmanagerState {
    /// The API of `router`.
    pub fn new(router: RouterHandle, build: BuildInfo) -> Self {
        Self { router, build }
    }
}

/// The routes of the family. They answer before the store is open.
pub(crate) fn alertmanager_routes(state: AlertmanagerState) -> Router {
    Router::new()
        .route("/api/v2/status", get(status))
        .route("/api/v2/receivers", get(receivers))
        .route("/api/v2/alerts", get(alerts).post(post::alerts))
        .route("/api/v2/alerts/groups", get(groups))
        .layer(DefaultBodyLimit::max(POST_BYTES_MAX))
        .with_state(state)
}

/// A request that is not answered, as Alertmanager words it.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    /// A handler's error: a JSON string.
    Text(StatusCode, String),
    /// The request does not fit the API's schema: a code of its own, and a text.
    Schema(StatusCode, u16, String),
}

#[derive(Serialize)]
struct SchemaError<'a> {
    code: u16,
    message: &'a str,
}

impl From<RouterStopped> for Refusal {
    fn from(stopped: RouterStopped) -> Self {
        Self::Text(StatusCode::SERVICE_UNAVAILABLE, stopped.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Text(status, text) => json(status, &text),
            Self::Schema(status, code, message) => json(
                status,
                &SchemaError {
                    code,
                    message: &message,
                },
            ),
        }
    }
}

fn json(status: StatusCode, value: &(impl Serialize + ?Sized)) -> Response {
    let text = serde_json::to_string(value).expect("our twins have text keys and cannot fail");
    let mut response = json_response(status, text);
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, no_store);
    response
}

async fn status(State(state): State<AlertmanagerState>) -> Result<Response, Refusal> {
    let (status, build) = (state.router.status().await?, &state.build);
    Ok(json(
        StatusCode::OK,
        &Status {
            cluster: Cluster {
                status: "disabled",
                peers: [],
            },
            version_info: VersionInfo {
                version: ALERTMANAGER_VERSION,
                revision: &build.revision,
                branch: &build.branch,
                build_user: "",
                build_date: &build.build_date,
                go_version: "",
            },
            config: Original {
                original: &status.config.redacted,
            },
            uptime: instant(Some(status.started_at_ms)),
        },
    ))
}

async fn receivers(State(state): State<AlertmanagerState>) -> Result<Response, Refusal> {
    let status = state.router.status().await?;
    let receivers = status.config.receivers.iter();
    let receivers: Vec<_> = receivers.map(|receiver| Receiver::new(&receiver.name)).collect();
    Ok(json(StatusCode::OK, &receivers))
}

async fn alerts(State(state): State<AlertmanagerState>, parameters: Parameters) -> Result<Response, Refusal> {
    let selection = Selection::of(&parameters)?;
    let snapshots = state.router.alerts().await?;
    let shown = snapshots.iter().filter(|alert| selection.takes(alert));
    let shown: Vec<_> = shown.map(twins::Alert::new).collect();
    Ok(json(StatusCode::OK, &shown))
}

async fn groups(State(state): State<AlertmanagerState>, parameters: Parameters) -> Result<Response, Refusal> {
    let selection = Selection::of(&parameters)?;
    let snapshots = state.router.groups().await?;
    let shown = snapshots
        .iter()
        .filter(|group| selection.takes_receiver(&group.receiver));
    let shown = shown.map(|group| {
        let alerts = group.alerts.iter().filter(|alert| selection.takes_alert(alert));
        Group::new(group, alerts)
    });
    let shown: Vec<_> = shown.filter(|group| !group.is_empty()).collect();
    Ok(json(StatusCode::OK, &shown))
}
