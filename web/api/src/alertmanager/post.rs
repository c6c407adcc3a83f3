//! `POST /api/v2/alerts`: what senders of alerts say.

use std::collections::BTreeMap;
use std::fmt::Display;

use alert_router::{PostError, PostedAlert};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use engine_model::Labels;
use serde::Deserialize;

use super::{AlertmanagerState, Refusal};
use crate::wire_time::parse_instant;

/// Codes of a body that is no JSON of the schema's types, and of one that lacks something.
const UNREADABLE: u16 = 400;
const REQUIRED: u16 = 602;

fn unreadable(why: impl Display) -> Refusal {
    let text = format!("parsing alerts body from \"\" failed, because {why}");
    Refusal::Schema(StatusCode::BAD_REQUEST, UNREADABLE, text)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Posted {
    labels: Option<BTreeMap<String, String>>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    starts_at: Option<String>,
    ends_at: Option<String>,
    #[serde(rename = "generatorURL", default)]
    generator_url: String,
}

/// Takes alerts. When it answers 200, they are known and survive a crash.
pub(super) async fn alerts(
    State(state): State<AlertmanagerState>,
    body: Bytes,
) -> Result<StatusCode, Refusal> {
    let posted: Vec<Posted> = serde_json::from_slice(&body).map_err(unreadable)?;
    let alerts: Result<Vec<PostedAlert>, Refusal> = posted.into_iter().enumerate().map(alert).collect();
    match state.router.post(alerts?).await {
        Ok(()) => Ok(StatusCode::OK),
        Err(error) => {
            let status = match &error {
                PostError::Invalid(_) => StatusCode::BAD_REQUEST,
                PostError::Full { .. } | PostError::Stopped(_) => StatusCode::SERVICE_UNAVAILABLE,
            };
            Err(Refusal::Text(status, error.to_string()))
        }
    }
}

fn alert((position, posted): (usize, Posted)) -> Result<PostedAlert, Refusal> {
    let time = |text: Option<String>| match text.as_deref() {
        None | Some("") => Ok(None),
        Some(text) => parse_instant(text).map_err(unreadable),
    };
    let labels = posted.labels.ok_or_else(|| {
        let text = format!("{position}.labels in body is required");
        Refusal::Schema(StatusCode::UNPROCESSABLE_ENTITY, REQUIRED, text)
    })?;
    Ok(PostedAlert {
        labels: Labels::from_pairs(&labels),
        annotations: posted.annotations,
        starts_at_ms: time(posted.starts_at)?,
        ends_at_ms: time(posted.ends_at)?,
        generator_url: posted.generator_url,
    })
}
