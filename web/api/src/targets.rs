//! `/api/v1/targets` and `/api/v1/scrape_pools`: what is scraped, and how that goes.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use connectors_peers::scrape::{ActiveTarget, ExternalAddress, PoolStatus, TargetsStatus, global_url};
use serde::Serialize;

use crate::envelope::{Answer, Success};
use crate::parameters::Parameters;
use crate::wire_time::{instant, labels_map};

/// What the family needs. Clones share it.
#[derive(Debug, Clone)]
pub struct TargetsState {
    status: Arc<TargetsStatus>,
    external: Arc<ExternalAddress>,
}

impl TargetsState {
    /// The targets of `status`; their URLs are also shown as others reach them, which `external` decides.
    pub fn new(status: Arc<TargetsStatus>, external: ExternalAddress) -> Self {
        Self {
            status,
            external: Arc::new(external),
        }
    }
}

/// The routes of the family.
pub(crate) fn targets_routes(state: TargetsState) -> Router {
    Router::new()
        .route("/api/v1/targets", get(targets))
        .route("/api/v1/scrape_pools", get(scrape_pools))
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

#[cfg(test)]
mod tests {
    use connectors_peers::scrape::config::StaticGroup;
    use connectors_peers::scrape::{GlobalScrape, ScrapeConfig, targets_of};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_target_before_its_first_scrape() {
        let mut config = ScrapeConfig::new("node", &GlobalScrape::default());
        config.static_groups = vec![StaticGroup {
            targets: vec!["localhost:9100".to_owned()],
            labels: BTreeMap::from([("dam".to_owned(), "west".to_owned())]),
        }];
        let target = ActiveTarget::new(Arc::clone(&targets_of(&config, &[]).active[0]));
        let external = ExternalAddress {
            scheme: "http".to_owned(),
            host: "weir.example:9090".to_owned(),
            listen_port: 9090,
        };
        let shown = serde_json::to_value(active("node", &target, &external)).unwrap();
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
