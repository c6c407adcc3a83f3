//! Alerts: the router, and the conversion of what rules fire into what it takes.

use std::path::Path;
use std::sync::Arc;

use alert_router::{AlertRouter, PostError, PostedAlert, RouterHandle, RouterOptions, StartError};
use async_trait::async_trait;
use engine_model::{Labels, LabelsBuilder};
use parking_lot::RwLock;
use queries_rules::{AlertSink, AlertSinkError, FiredAlert};

/// Starts the router; its state is kept beside the samples.
pub(super) async fn start(
    config: alert_router::Config,
    external_url: &str,
    storage: &Path,
) -> Result<RouterHandle, StartError> {
    let options = RouterOptions {
        external_url: external_url.to_owned(),
        data_folder: Some(storage.join("alert-router")),
        ..RouterOptions::default()
    };
    AlertRouter::start(config, options).await
}

/// Hands fired alerts to the router, under the labels with which they leave this server.
pub(super) struct ToRouter {
    pub(super) router: RouterHandle,
    /// Replaced when the configuration changes.
    pub(super) external_labels: Arc<RwLock<Labels>>,
}

#[async_trait]
impl AlertSink for ToRouter {
    async fn send(&self, alerts: Vec<FiredAlert>) -> Result<(), AlertSinkError> {
        let external_labels = self.external_labels.read().clone();
        let posted = alerts
            .into_iter()
            .map(|alert| posted(alert, &external_labels))
            .collect();
        match self.router.post(posted).await {
            Ok(()) => Ok(()),
            Err(PostError::Invalid(invalid)) => {
                // The good ones were taken, and sending a malformed one again would not mend it.
                for (_, why) in invalid {
                    tracing::warn!(%why, "the alert router refused an alert");
                }
                Ok(())
            }
            Err(error) => Err(AlertSinkError(error.to_string())),
        }
    }
}

fn posted(alert: FiredAlert, external_labels: &Labels) -> PostedAlert {
    let mut labels = LabelsBuilder::from(&alert.labels);
    for (name, value) in external_labels {
        if labels.value(name).is_empty() {
            labels.set(name, value);
        }
    }
    PostedAlert {
        labels: labels.build(),
        annotations: Arc::unwrap_or_clone(alert.annotations),
        starts_at_ms: Some(alert.starts_at_ms),
        ends_at_ms: Some(alert.ends_at_ms),
        generator_url: alert.generator_url,
    }
}
