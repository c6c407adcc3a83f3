//! `/api/v1/rules`, `/api/v1/alerts` and `/api/v1/alertmanagers`: what is judged, what came of it, and
//! who is told.

mod paging;
#[cfg(test)]
mod tests;
mod twins;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use engine_model::matcher::all_match;
use engine_model::{Labels, Matcher};
use queries_rules::status::{GroupStatus, RuleStatus};

use crate::envelope::{Answer, ApiError, Success};
use crate::parameters::Parameters;
use paging::Page;
use twins::{Alertmanager, Alertmanagers, Alerts, Group, Groups, Rule};

/// What the family needs. Clones share it.
#[derive(Clone)]
pub struct RulesState {
    groups: Arc<dyn Fn() -> Vec<GroupStatus> + Send + Sync>,
    alertmanagers: Arc<[String]>,
}

impl RulesState {
    /// Groups as `groups` gives them, ordered by file and name; their alerts go to the URLs
    /// `alertmanagers`.
    pub fn new(
        groups: impl Fn() -> Vec<GroupStatus> + Send + Sync + 'static,
        alertmanagers: Vec<String>,
    ) -> Self {
        Self {
            groups: Arc::new(groups),
            alertmanagers: alertmanagers.into(),
        }
    }
}

impl fmt::Debug for RulesState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RulesState")
            .field("alertmanagers", &self.alertmanagers)
            .finish_non_exhaustive()
    }
}

/// The routes of the family.
pub(crate) fn rules_routes(state: RulesState) -> Router {
    Router::new()
        .route("/api/v1/rules", get(rules))
        .route("/api/v1/alerts", get(alerts))
        .route("/api/v1/alertmanagers", get(alertmanagers))
        .with_state(state)
}

/// Which rules are asked for.
struct Filter<'a> {
    parameters: &'a Parameters,
    selectors: Vec<Vec<Matcher>>,
    alerting: bool,
    recording: bool,
}

impl<'a> Filter<'a> {
    fn new(parameters: &'a Parameters) -> Result<Self, ApiError> {
        let selectors = parameters.selectors().map_err(ApiError::bad_data)?;
        let kind = parameters.get("type").to_lowercase();
        if !matches!(kind.as_str(), "" | "alert" | "record") {
            let why = format!("not supported value {}", engine_model::labels::Quoted(&kind));
            return Err(ApiError::bad_parameter("type", why));
        }
        Ok(Self {
            parameters,
            selectors,
            alerting: kind != "record",
            recording: kind != "alert",
        })
    }

    /// Whether `value` is among the values of the parameter `name`, or there is none.
    fn names(&self, name: &str, value: &str) -> bool {
        let mut wanted = self.parameters.all(name).peekable();
        wanted.peek().is_none() || wanted.any(|wanted| wanted == value)
    }

    fn takes_group(&self, group: &GroupStatus) -> bool {
        self.names("rule_group[]", &group.name) && self.names("file[]", &group.file)
    }

    fn takes_rule(&self, rule: &RuleStatus) -> bool {
        let of_kind = if rule.alerting.is_some() {
            self.alerting
        } else {
            self.recording
        };
        of_kind && self.names("rule_name[]", &rule.name) && self.selects(rule)
    }

    fn selects(&self, rule: &RuleStatus) -> bool {
        if self.selectors.is_empty() {
            return true;
        }
        let labels = Labels::from_pairs(&rule.labels);
        self.selectors.iter().any(|matchers| all_match(matchers, &labels))
    }
}

async fn rules(State(state): State<RulesState>, parameters: Parameters) -> Answer {
    let filter = Filter::new(&parameters)?;
    let with_alerts = !exclude_alerts(&parameters)?;
    let page = Page::of(&parameters)?;
    let groups = (state.groups)();
    let start = page.start(&groups)?;
    let mut shown = Vec::new();
    let mut next = None;
    for group in groups[start..].iter().filter(|group| filter.takes_group(group)) {
        let rules = group.rules.iter().filter(|rule| filter.takes_rule(rule));
        let rules: Vec<Rule<'_>> = rules.map(|rule| Rule::new(rule, with_alerts)).collect();
        if rules.is_empty() {
            continue;
        }
        if page.is_full(shown.len()) {
            next = Some(paging::token(group));
            break;
        }
        shown.push(Group::new(group, rules));
    }
    Ok(Success::of(&Groups {
        groups: shown,
        group_next_token: next,
    }))
}

/// `exclude_alerts`, as Go reads booleans.
fn exclude_alerts(parameters: &Parameters) -> Result<bool, ApiError> {
    let text = parameters.get("exclude_alerts").to_lowercase();
    match text.as_str() {
        "" | "0" | "f" | "false" => Ok(false),
        "1" | "t" | "true" => Ok(true),
        _ => {
            let text = engine_model::labels::Quoted(&text);
            let why =
                format!("error converting exclude_alerts: strconv.ParseBool: parsing {text}: invalid syntax");
            Err(ApiError::bad_parameter("exclude_alerts", why))
        }
    }
}

async fn alerts(State(state): State<RulesState>) -> Answer {
    let groups = (state.groups)();
    let rules = groups.iter().flat_map(|group| &group.rules);
    let alerting = rules.filter_map(|rule| rule.alerting.as_ref());
    let alerts = alerting.flat_map(|alerting| alerting.alerts.iter());
    Ok(Success::of(&Alerts {
        alerts: alerts.map(twins::Alert::new).collect(),
    }))
}

async fn alertmanagers(State(state): State<RulesState>) -> Answer {
    let active = state.alertmanagers.iter().map(|url| Alertmanager { url });
    Ok(Success::of(&Alertmanagers {
        active_alertmanagers: active.collect(),
        dropped_alertmanagers: Vec::new(),
    }))
}
