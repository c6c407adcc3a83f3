//! `/api/v1/targets` and `/api/v1/scrape_pools`: what is scraped, how that goes, and what a job's configuration makes
//! of a target.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use connectors_peers::scrape::{ActiveTarget, ExternalAddress, PoolStatus, TargetsStatus, global_url};
use engine_model::LabelsBuilder;
use engine_model::labels::Quoted;
use engine_model::relabel::{Action, Rule};
use parking_lot::RwLock;
use serde::Serialize;

use crate::envelope::{Answer, ApiError, Success};
use crate::parameters::Parameters;
use crate::wire_time::{instant, labels_map};

/// What the configuration in force says of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfiguredJob {
    /// The whole of it with defaults and without secrets.
    pub yaml: String,
    /// How discovered labels become a target's.
    pub relabel_rules: Vec<Rule>,
}

/// The jobs of the configuration in force by their names: written by the server, read by the API.
#[derive(Debug, Default)]
pub struct ConfiguredJobs {
    jobs: RwLock<BTreeMap<String, Arc<ConfiguredJob>>>,
}

impl ConfiguredJobs {
    /// These are the jobs from now on.
    pub fn set(&self, jobs: impl IntoIterator<Item = (String, ConfiguredJob)>) {
        let jobs = jobs.into_iter().map(|(name, job)| (name, Arc::new(job)));
        *self.jobs.write() = jobs.collect();
    }

    /// The job that the parameter `scrapePool` names.
    fn asked(&self, parameters: &Parameters) -> Result<Arc<ConfiguredJob>, ApiError> {
        let name = parameters.get("scrapePool");
        let found = self.jobs.read().get(name).cloned();
        found.ok_or_else(|| {
            ApiError::bad_data(format!(
                "error retrieving scrape config: scrape pool {} not found",
                Quoted(name)
            ))
        })
    }
}

/// What the family needs. Clones share it.
#[derive(Debug, Clone)]
pub struct TargetsState {
    status: Arc<TargetsStatus>,
    jobs: Arc<ConfiguredJobs>,
    external: Arc<ExternalAddress>,
}

impl TargetsState {
    /// The targets of `status`, made by the configuration of `jobs`; their URLs are also shown as others reach them,
    /// which `external` decides.
    pub fn new(status: Arc<TargetsStatus>, jobs: Arc<ConfiguredJobs>, external: ExternalAddress) -> Self {
        Self {
            status,
            jobs,
            external: Arc::new(external),
        }
    }
}

/// The routes of the family.
pub(crate) fn targets_routes(state: TargetsState) -> Router {
    Router::new()
        .route("/api/v1/targets", get(targets))
        .route("/api/v1/targets/relabel_steps", get(relabel_steps))
        .route("/api/v1/scrape_pools", get(scrape_pools))
        .route("/api/v1/scrape_pools/config", get(scrape_pool_config))
        .with_state(state)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Targets {
    active_targets: Vec<Active>,
    dropped_targets: Vec<Dropped>,
    /// `null` where dropped targets are not asked for.
    dropped_target_counts: Option<BTreeMap<String, usize>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Active {
    discovered_labels: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
    scrape_pool: String,
    scrape_url: String,
    global_url: String,
    last_error: String,
    last_scrape: String,
    last_scrape_duration: f64,
    health: &'static str,
    scrape_interval: String,
    scrape_timeout: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dropped {
    discovered_labels: BTreeMap<String, String>,
    scrape_pool: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ScrapePools {
    scrape_pools: Vec<String>,
}

async fn targets(State(state): State<TargetsState>, parameters: Parameters) -> Answer {
    let (pool, wanted) = (
        parameters.get("scrapePool"),
        parameters.get("state").to_lowercase(),
    );
    let shows = |kind: &str| matches!(wanted.as_str(), "" | "any") || wanted == kind;
    let pools = state.status.pools();
    let of_pool = |(name, _): &(&String, &PoolStatus)| pool.is_empty() || *name == pool;
    let mut answer = Targets {
        active_targets: Vec::new(),
        dropped_targets: Vec::new(),
        dropped_target_counts: None,
    };
    if shows("active") {
        for (name, pool) in pools.iter().filter(of_pool) {
            let shown = pool
                .active
                .iter()
                .map(|target| active(name, target, &state.external));
            answer.active_targets.extend(shown);
        }
    }
    if shows("dropped") {
        for (name, pool) in pools.iter().filter(of_pool) {
            let shown = pool.dropped.iter().map(|target| Dropped {
                discovered_labels: owned(labels_map(&target.discovered)),
                scrape_pool: name.clone(),
            });
            answer.dropped_targets.extend(shown);
        }
        // As in Prometheus, the counts are of all pools whichever was asked for.
        let counts = pools
            .iter()
            .map(|(name, pool)| (name.clone(), pool.dropped_count));
        answer.dropped_target_counts = Some(counts.collect());
    }
    Ok(Success::of(&answer))
}

fn active(pool: &str, target: &ActiveTarget, external: &ExternalAddress) -> Active {
    let (last, target) = (target.last(), target.target());
    let url = target.url.text();
    let duration = engine_model::duration::format_duration_ms;
    Active {
        discovered_labels: owned(labels_map(&target.discovered)),
        labels: owned(labels_map(&target.labels)),
        scrape_pool: pool.to_owned(),
        scrape_url: url.to_owned(),
        global_url: global_url(url, external),
        last_error: last.error,
        last_scrape: instant(last.started_ms),
        last_scrape_duration: last.duration_seconds,
        health: last.health.as_str(),
        scrape_interval: duration(target.interval_ms),
        scrape_timeout: duration(target.timeout_ms),
    }
}

fn owned(labels: BTreeMap<&str, &str>) -> BTreeMap<String, String> {
    labels
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

async fn scrape_pools(State(state): State<TargetsState>) -> Answer {
    Ok(Success::of(&ScrapePools {
        scrape_pools: state.status.pools().into_keys().collect(),
    }))
}

#[derive(Serialize)]
struct PoolConfig<'a> {
    yaml: &'a str,
}

async fn scrape_pool_config(State(state): State<TargetsState>, parameters: Parameters) -> Answer {
    require(&parameters, "scrapePool")?;
    let job = state.jobs.asked(&parameters)?;
    Ok(Success::of(&PoolConfig { yaml: &job.yaml }))
}

fn require(parameters: &Parameters, name: &str) -> Result<(), ApiError> {
    match parameters.get(name) {
        "" => Err(ApiError::bad_data(format!("no {name} parameter provided"))),
        _ => Ok(()),
    }
}

#[derive(Serialize)]
struct RelabelSteps<'a> {
    steps: Vec<RelabelStep<'a>>,
}

#[derive(Serialize)]
struct RelabelStep<'a> {
    rule: ShownRule<'a>,
    /// Labels after the rule; none once the target is dropped.
    output: BTreeMap<String, String>,
    keep: bool,
}

/// A rule with the keys that it has in a configuration.
#[derive(Serialize)]
struct ShownRule<'a> {
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    source_labels: &'a [String],
    separator: &'a str,
    regex: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    modulus: Option<u64>,
    #[serde(skip_serializing_if = "str::is_empty")]
    target_label: &'a str,
    replacement: &'a str,
    action: &'static str,
}

impl<'a> ShownRule<'a> {
    fn new(rule: &'a Rule) -> Self {
        let word = Action::ALL.iter().find(|(_, action)| *action == rule.action);
        Self {
            source_labels: &rule.source_labels,
            separator: &rule.separator,
            regex: rule.regex.as_str(),
            modulus: Some(rule.modulus).filter(|modulus| *modulus > 0),
            target_label: &rule.target_label,
            replacement: &rule.replacement,
            action: word.map_or("", |(word, _)| *word),
        }
    }
}

async fn relabel_steps(State(state): State<TargetsState>, parameters: Parameters) -> Answer {
    require(&parameters, "scrapePool")?;
    require(&parameters, "labels")?;
    let labels: BTreeMap<String, String> = serde_json::from_str(parameters.get("labels"))
        .map_err(|error| ApiError::bad_data(format!("error parsing labels: {error}")))?;
    let job = state.jobs.asked(&parameters)?;
    let mut builder = LabelsBuilder::default();
    for (name, value) in &labels {
        builder.set(name, value);
    }
    let mut keep = true;
    let steps = job.relabel_rules.iter().map(|rule| {
        keep = keep && rule.apply(&mut builder);
        let output = match keep {
            true => owned(labels_map(&builder.build())),
            false => BTreeMap::new(),
        };
        RelabelStep {
            rule: ShownRule::new(rule),
            output,
            keep,
        }
    });
    let steps = steps.collect();
    Ok(Success::of(&RelabelSteps { steps }))
}

#[cfg(test)]
mod tests {
    use connectors_peers::scrape::config::StaticGroup;
    use connectors_peers::scrape::{GlobalScrape, ScrapeConfig, targets_of};
    use serde_json::json;

    use super::*;
    use crate::testing::Requests;

    fn external() -> ExternalAddress {
        ExternalAddress {
            scheme: "http".to_owned(),
            host: "weir.example:9090".to_owned(),
            listen_port: 9090,
        }
    }

    #[tokio::test]
    async fn what_a_job_makes_of_labels() {
        let jobs = Arc::new(ConfiguredJobs::default());
        let rule = |source: &str, regex: &str, target: &str, action| Rule {
            source_labels: vec![source.to_owned()],
            regex: engine_model::matcher::Pattern::of_rule(regex).unwrap(),
            target_label: target.to_owned(),
            action,
            ..Rule::default()
        };
        let job = ConfiguredJob {
            yaml: "job_name: node\n".to_owned(),
            relabel_rules: vec![
                rule("__address__", "(.*):.*", "host", Action::Replace),
                rule("host", "b.*", "", Action::Drop),
                rule("host", "(.*)", "again", Action::Replace),
            ],
        };
        jobs.set([("node".to_owned(), job)]);
        let state = TargetsState::new(Arc::default(), Arc::clone(&jobs), external());
        let requests = Requests(targets_routes(state));
        let ask = async |labels: &str| {
            let path = format!("/api/v1/targets/relabel_steps?scrapePool=node&labels={labels}");
            requests.json(&path).await["data"]["steps"].take()
        };
        let kept = ask("{\"__address__\":\"a:1\"}").await;
        let first = json!({
            "rule": {"source_labels": ["__address__"], "separator": ";", "regex": "(.*):.*",
                "target_label": "host", "replacement": "$1", "action": "replace"},
            "output": {"__address__": "a:1", "host": "a"}, "keep": true,
        });
        assert_eq!(kept[0], first);
        assert_eq!(kept[2]["output"]["again"], "a");
        let dropped = ask("{\"__address__\":\"b:1\"}").await;
        assert_eq!(
            (&dropped[1]["keep"], &dropped[1]["output"]),
            (&json!(false), &json!({}))
        );
        assert_eq!(
            (&dropped[2]["keep"], &dropped[2]["output"]),
            (&json!(false), &json!({}))
        );
        let config = requests.get("/api/v1/scrape_pools/config?scrapePool=node").await;
        let expected = r#"{"status":"success","data":{"yaml":"job_name: node\n"}}"#;
        assert_eq!(config, (200, expected.to_owned()));
        let unknown = "error retrieving scrape config: scrape pool \"x\" not found";
        for (path, text) in [
            ("scrape_pools/config", "no scrapePool parameter provided"),
            ("scrape_pools/config?scrapePool=x", unknown),
            ("targets/relabel_steps", "no scrapePool parameter provided"),
            (
                "targets/relabel_steps?scrapePool=node",
                "no labels parameter provided",
            ),
            ("targets/relabel_steps?scrapePool=x&labels={}", unknown),
        ] {
            let expected = (400, "bad_data".to_owned(), text.to_owned());
            assert_eq!(
                requests.error(&format!("/api/v1/{path}")).await,
                expected,
                "{path}"
            );
        }
        let broken = requests
            .error("/api/v1/targets/relabel_steps?scrapePool=node&labels=[")
            .await;
        assert!(broken.2.starts_with("error parsing labels: "), "{broken:?}");
    }

    #[test]
    fn a_target_before_its_first_scrape() {
        let mut config = ScrapeConfig::new("node", &GlobalScrape::default());
        config.static_groups = vec![StaticGroup {
            targets: vec!["localhost:9100".to_owned()],
            labels: BTreeMap::from([("dam".to_owned(), "west".to_owned())]),
        }];
        let target = ActiveTarget::new(Arc::clone(&targets_of(&config, &[]).active[0]));
        let shown = serde_json::to_value(active("node", &target, &external())).unwrap();
        let expected = json!({
            "discoveredLabels": {
                "__address__": "localhost:9100", "__metrics_path__": "/metrics", "__scheme__": "http",
                "__always_scrape_classic_histograms__": "false", "__convert_classic_histograms_to_nhcb__": "false",
                "__scrape_native_histograms__": "false", "__scrape_interval__": "1m", "__scrape_timeout__": "10s", "dam": "west", "job": "node",
            },
            "labels": {"dam": "west", "instance": "localhost:9100", "job": "node"},
            "scrapePool": "node", "scrapeUrl": "http://localhost:9100/metrics",
            "globalUrl": "http://weir.example:9100/metrics", "lastError": "",
            "lastScrape": "0001-01-01T00:00:00Z", "lastScrapeDuration": 0.0, "health": "unknown",
            "scrapeInterval": "1m", "scrapeTimeout": "10s",
        });
        assert_eq!(shown, expected);
    }
}
