//! Rules: groups in the graph, asking the query engine and committing along their own edges.

use std::sync::Arc;

use engine_dataflow::RunningGraph;
use engine_model::WallClock;
use engine_storage::Store;
use queries_rules::{AlertSink, Doors, RuleManager, RuleSettings, Wiring};

use super::ingest::ROUTER_NODE;
use super::queries::StoredQueries;
use super::storage::APPEND_NODE;
use crate::config::ServerConfig;

/// The manager of rule groups, without groups yet.
pub(super) fn manager(
    graph: &RunningGraph,
    queries: StoredQueries,
    alerts: Arc<dyn AlertSink>,
    store: &Store,
) -> RuleManager {
    let wiring = Wiring {
        graph: graph.clone(),
        append: APPEND_NODE.into(),
        alerts: Some(ROUTER_NODE.into()),
    };
    let queries = Arc::new(queries);
    let doors = Doors {
        evaluate: Arc::clone(&queries) as Arc<_>,
        history: queries,
        alerts,
        series: Arc::clone(store.series_table()),
        clock: WallClock::system(),
    };
    RuleManager::new(wiring, doors)
}

/// What the configuration says about all groups.
pub(super) fn settings(config: &ServerConfig, external_url: &str) -> RuleSettings {
    RuleSettings {
        evaluation_interval_ms: config.evaluation_interval_ms,
        query_offset_ms: config.rule_query_offset_ms,
        external_labels: config.external_labels.clone(),
        external_url: external_url.trim_end_matches('/').to_owned(),
        ..RuleSettings::default()
    }
}
