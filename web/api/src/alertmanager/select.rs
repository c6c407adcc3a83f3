//! Which alerts a request asks for: `filter`, `receiver`, and states.

use alert_router::AlertSnapshot;
use alert_router::matchers::parse_matchers;
use axum::http::StatusCode;
use engine_model::Matcher;
use engine_model::matcher::{Pattern, all_match};

use super::Refusal;
use crate::parameters::Parameters;

/// The alerts that are asked for.
#[derive(Debug)]
pub(super) struct Selection {
    matchers: Vec<Matcher>,
    receiver: Option<Pattern>,
    /// Nothing silences, inhibits or mutes yet: every alert is active, and the parameters that ask for
    /// others change nothing.
    active: bool,
}

impl Selection {
    pub(super) fn of(parameters: &Parameters) -> Result<Self, Refusal> {
        let refuse = |text: String| Refusal::Text(StatusCode::BAD_REQUEST, text);
        let active = flag(parameters, "active");
        let mut matchers = Vec::new();
        for text in parameters.all("filter").chain(parameters.all("filter[]")) {
            let parsed = parse_matchers(text).map_err(|error| refuse(error.to_string()))?;
            matchers.extend(parsed.matchers);
        }
        let receiver = match parameters.get("receiver") {
            "" => None,
            text => {
                let pattern = Pattern::of_route(text);
                let why = |error| format!("failed to parse receiver param: {error}");
                Some(pattern.map_err(|error| refuse(why(error)))?)
            }
        };
        Ok(Self {
            matchers,
            receiver,
            active,
        })
    }

    /// Whether the alert and one of its receivers are asked for.
    pub(super) fn takes(&self, alert: &AlertSnapshot) -> bool {
        let told = |receiver: &std::sync::Arc<str>| self.takes_receiver(receiver);
        self.takes_alert(alert) && (self.receiver.is_none() || alert.receivers.iter().any(told))
    }

    /// Whether the alert is asked for, whoever is told of it.
    pub(super) fn takes_alert(&self, alert: &AlertSnapshot) -> bool {
        self.active && all_match(&self.matchers, &alert.alert.labels)
    }

    /// Whether the receiver is asked for.
    pub(super) fn takes_receiver(&self, receiver: &str) -> bool {
        let pattern = self.receiver.as_ref();
        pattern.is_none_or(|pattern| pattern.is_match(receiver))
    }
}

/// A parameter that is true unless the request says otherwise; what is no word for true is false, as in
/// Alertmanager.
fn flag(parameters: &Parameters, name: &str) -> bool {
    let text = parameters.get(name).to_lowercase();
    matches!(
        text.as_str(),
        "" | "true" | "1" | "yes" | "ok" | "y" | "on" | "selected" | "checked" | "t" | "enabled"
    )
}
