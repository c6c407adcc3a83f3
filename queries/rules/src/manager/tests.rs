//! Groups as sources of a running graph, changed while they run.

use std::collections::BTreeSet;
use std::time::Duration;

use engine_dataflow::harness::{CollectSink, Collected, ListSource};
use engine_dataflow::{EdgeStats, Graph, NodeId, RunningGraph};
use engine_model::staleness::is_stale;
use queries_promql::parser::ParseOptions;
use tokio::runtime::Handle;
use tokio::time::sleep;

use super::{RuleManager, Wiring};
use crate::environment::RuleSettings;
use crate::rule_file::{RuleFile, RuleGroup};
use crate::scripted::World;

const MINUTE: Duration = Duration::from_secs(60);

fn start(world: &World) -> (RuleManager, RunningGraph, Collected) {
    let (sink, collected) = CollectSink::new(Duration::ZERO);
    let builder = Graph::builder()
        .source("idle", Box::new(ListSource::default()))
        .sink("append", Box::new(sink))
        .tap("alert-router")
        .edge("idle", "append", 1, "a sink needs an input")
        .observed_edge("append", "alert-router", EdgeStats::new(1), "a tap needs one too");
    let graph = builder.build().unwrap().start(&Handle::current());
    let wiring = Wiring {
        graph: graph.clone(),
        append: NodeId::from("append"),
        alerts: Some(NodeId::from("alert-router")),
    };
    (RuleManager::new(wiring, world.doors()), graph, collected)
}

fn groups(file: &str, text: &str) -> Vec<RuleGroup> {
    let file = RuleFile::parse(file, text, &ParseOptions::default()).unwrap();
    file.groups
}

fn nodes(graph: &RunningGraph) -> Vec<String> {
    let nodes = graph.status().nodes;
    let rules = nodes.iter().filter(|node| node.id.as_str().starts_with("rules/"));
    rules.map(|node| node.id.to_string()).collect()
}

/// Names of the metrics that were stored since the last call, those that ended with a `!`.
fn stored(world: &World, collected: &Collected) -> BTreeSet<String> {
    let batches = std::mem::take(&mut *collected.lock());
    let mut names = BTreeSet::new();
    for batch in batches.iter().flatten() {
        for (series, _, value) in batch.iter() {
            let labels = world.table.labels(series).unwrap();
            let end = if is_stale(value) { "!" } else { "" };
            names.insert(format!("{}{end}", labels.metric_name()));
        }
    }
    names
}

fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

const TWO: &str =
    "groups: [{name: a, rules: [{record: ra, expr: up}]}, {name: b, rules: [{record: rb, expr: up}]}]";

#[tokio::test(start_paused = true)]
async fn groups_come_change_and_go() {
    let world = World::default();
    world.answer("up", &[("up", 1.0)]);
    let (manager, graph, collected) = start(&world);
    manager
        .apply(groups("r.yml", TWO), RuleSettings::default())
        .await
        .unwrap();
    sleep(MINUTE * 2).await;
    assert_eq!(nodes(&graph), ["rules/a", "rules/b"]);
    assert_eq!(stored(&world, &collected), names(["ra", "rb"]));
    let status = manager.status();
    assert_eq!((status[0].name.as_str(), status[1].name.as_str()), ("a", "b"));
    assert!(status[0].last_evaluation_ms.is_some());

    // `a` is as it was, `b` records another name, another file has a group of the same name.
    let changed = TWO.replace("rb", "renamed");
    let mut all = groups("r.yml", &changed);
    all.extend(groups(
        "s.yml",
        "groups: [{name: a, rules: [{record: sa, expr: up}]}]",
    ));
    manager.apply(all.clone(), RuleSettings::default()).await.unwrap();
    sleep(MINUTE * 2).await;
    assert_eq!(nodes(&graph), ["rules/a", "rules/b", "rules/s.yml;a"]);
    assert_eq!(stored(&world, &collected), names(["ra", "renamed", "rb!", "sa"]));
    let metrics = manager.metrics();
    assert_eq!(metrics.groups[0].iterations, 4, "an equal group is not touched");
    assert_eq!(
        metrics.groups[1].iterations, 4,
        "a changed group keeps its counts"
    );

    // `b` goes; its series end two intervals later, and then its node is gone too.
    all.remove(1);
    manager.apply(all, RuleSettings::default()).await.unwrap();
    sleep(MINUTE).await;
    assert_eq!(manager.status().len(), 2);
    assert_eq!(stored(&world, &collected), names(["ra", "sa"]));
    assert_eq!(nodes(&graph).len(), 3);
    sleep(MINUTE + Duration::from_secs(1)).await;
    assert!(stored(&world, &collected).contains("renamed!"));
    assert_eq!(nodes(&graph), ["rules/a", "rules/s.yml;a"]);
}

#[tokio::test(start_paused = true)]
async fn a_group_that_comes_back_goes_on() {
    let world = World::default();
    world.answer("up", &[("up", 1.0)]);
    let (manager, graph, collected) = start(&world);
    let all = groups(
        "r.yml",
        "groups: [{name: a, rules: [{alert: A, expr: up, for: 3m}]}]",
    );
    manager.apply(all.clone(), RuleSettings::default()).await.unwrap();
    sleep(MINUTE * 3).await;
    let active_at_ms = |manager: &RuleManager| {
        let alerting = manager.status()[0].rules[0].alerting.clone();
        alerting.unwrap().alerts[0].active_at_ms
    };
    let before = active_at_ms(&manager);
    manager.apply(Vec::new(), RuleSettings::default()).await.unwrap();
    assert_eq!(manager.status(), []);
    sleep(MINUTE / 2).await;
    manager.apply(all.clone(), RuleSettings::default()).await.unwrap();
    stored(&world, &collected);
    sleep(MINUTE * 4).await;
    assert_eq!(active_at_ms(&manager), before);
    assert_eq!(nodes(&graph), ["rules/a"]);
    let edges = graph.status().edges;
    let to_router = edges
        .iter()
        .find(|edge| edge.to.as_str() == "alert-router" && edge.from.as_str() == "rules/a");
    assert!(to_router.unwrap().samples_total >= 1);

    // Other settings replace every group and keep its state.
    let settings = RuleSettings {
        external_url: "http://other".to_owned(),
        ..RuleSettings::default()
    };
    manager.apply(all, settings).await.unwrap();
    sleep(MINUTE * 2).await;
    assert_eq!(active_at_ms(&manager), before);
    assert!(
        world
            .sent
            .lock()
            .last()
            .unwrap()
            .generator_url
            .starts_with("http://other/graph")
    );

    let report = graph.drain(MINUTE).await;
    assert!(report.elapsed < Duration::from_secs(1));
    assert!(
        manager
            .apply(groups("r.yml", TWO), RuleSettings::default())
            .await
            .is_err()
    );
}
