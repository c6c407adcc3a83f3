//! Backpressure, grouping, acknowledgements and rates.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::sleep;

use super::nodes::{Faulty, Ticker};
use crate::harness::{self, CollectSink, ListSource};
use crate::operators::Limit;
use crate::{DeliveryError, DeliveryOptions, EdgeStats, Graph, Inlet, NodeKind, NodeState};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn a_full_edge_blocks_its_sender_and_counts_the_time() {
    let (deliveries, receipts): (Vec<_>, Vec<_>) = (0..10).map(|_| harness::delivery(5)).unzip();
    let (sink, collected) = CollectSink::new(seconds(10));
    let running = Graph::builder()
        .source("list", Box::new(ListSource::new(deliveries)))
        .sink("append", Box::new(sink))
        .edge("list", "append", 1, "test")
        .build()
        .unwrap()
        .start(&Handle::current());
    sleep(seconds(25)).await;
    // Two groups are done, the third is at work, one batch waits, and the sender has waited all the
    // time, counted while it still waits.
    let edge = running.status().edges.remove(0);
    assert_eq!((edge.depth, edge.capacity, edge.batches_total), (1, 1, 4));
    assert!((edge.blocked_seconds - 25.0).abs() < 0.1, "{edge:?}");
    for receipt in receipts {
        assert_eq!(receipt.await.unwrap().accepted, 5);
    }
    assert_eq!(collected.lock().len(), 10);
    let status = running.status();
    assert_eq!(status.nodes[0].state, NodeState::Finished);
    let edge = &status.edges[0];
    assert_eq!((edge.depth, edge.batches_total, edge.samples_total), (0, 10, 50));
    assert!((edge.blocked_seconds - 80.0).abs() < 0.1, "{edge:?}");
}

#[tokio::test(start_paused = true)]
async fn a_sink_gets_all_that_is_queued_up_to_its_bound() {
    let (deliveries, receipts): (Vec<_>, Vec<_>) = (0..100).map(|_| harness::delivery(1)).unzip();
    let (sink, collected) = CollectSink::new(seconds(1));
    let _running = Graph::builder()
        .source("list", Box::new(ListSource::new(deliveries)))
        .sink("append", Box::new(sink))
        .edge("list", "append", 100, "test")
        .build()
        .unwrap()
        .start(&Handle::current());
    for receipt in receipts {
        receipt.await.unwrap();
    }
    let groups: Vec<usize> = collected.lock().iter().map(Vec::len).collect();
    assert_eq!(groups, [64, 36]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_delivery_tells_its_waiter() {
    let (delivery, receipt) = harness::delivery(1);
    drop(delivery);
    assert_eq!(receipt.await, Err(DeliveryError::Dropped));
    // A sink that forgets to acknowledge.
    let (delivery, receipt) = harness::delivery(1);
    let _running = Graph::builder()
        .source("list", Box::new(ListSource::new(vec![delivery])))
        .sink("append", Box::new(Faulty(Vec::new())))
        .edge("list", "append", 1, "test")
        .build()
        .unwrap()
        .start(&Handle::current());
    assert_eq!(receipt.await, Err(DeliveryError::Dropped));
}

#[tokio::test(start_paused = true)]
async fn an_inlet_is_open_while_the_graph_runs() {
    let (inlet, handle) = Inlet::new();
    let batch = || harness::batch(&[("a", 1, 1.0), ("b", 1, 2.0)]);
    let pushed = || DeliveryOptions::pushed("remote_write");
    assert_eq!(handle.commit(batch(), pushed()).await, Err(DeliveryError::Closed));
    let (sink, _collected) = CollectSink::new(seconds(1));
    let running = Graph::builder()
        .source("remote_write", Box::new(inlet))
        .operator("limit", Box::new(Limit::new(2)))
        .sink("append", Box::new(sink))
        .edge("remote_write", "limit", 4, "test")
        .edge("limit", "append", 4, "test")
        .build()
        .unwrap()
        .start(&Handle::current());
    sleep(seconds(1)).await;
    assert_eq!(handle.commit(batch(), pushed()).await.unwrap().accepted, 2);
    let (large, receipt) = harness::delivery(3);
    handle.output().unwrap().try_send(large).unwrap();
    assert!(matches!(receipt.await, Err(DeliveryError::TooLarge { .. })));
    assert!(running.drain(seconds(10)).await.is_clean());
    assert_eq!(handle.commit(batch(), pushed()).await, Err(DeliveryError::Closed));
}

#[tokio::test(start_paused = true)]
async fn status_shows_rates_and_what_is_only_observed() {
    let (sink, _collected) = CollectSink::new(Duration::ZERO);
    let alerts = EdgeStats::new(16);
    let running = Graph::builder()
        .source("rules/example", Box::new(Ticker::default()))
        .sink("append", Box::new(sink))
        .tap("alert-router")
        .edge("rules/example", "append", 8, "test")
        .observed_edge("append", "rules/example", EdgeStats::new(1), "test")
        .observed_edge("rules/example", "alert-router", alerts.clone(), "test")
        .build()
        .unwrap()
        .start(&Handle::current());
    for _ in 0..60 {
        alerts.entered(3);
        sleep(seconds(2)).await;
    }
    alerts.left();
    let status = running.status();
    let kinds: Vec<_> = status
        .nodes
        .iter()
        .map(|node| (node.id.as_str(), node.kind))
        .collect();
    let want = [
        ("rules/example", NodeKind::Source),
        ("append", NodeKind::Sink),
        ("alert-router", NodeKind::Tap),
    ];
    assert_eq!(kinds, want);
    let [committed, follows, alerts] = &status.edges[..] else {
        panic!("{status:?}")
    };
    assert!((committed.batches_per_second - 1.0).abs() < 0.05, "{committed:?}");
    assert!((committed.samples_per_second - 10.0).abs() < 0.5, "{committed:?}");
    assert_eq!(
        (follows.batches_total, follows.observed, follows.capacity),
        (0, true, 1)
    );
    assert!((alerts.samples_per_second - 1.5).abs() < 0.2, "{alerts:?}");
    assert_eq!((alerts.depth, alerts.capacity), (59, 16));
}

#[tokio::test(start_paused = true)]
async fn the_harness_runs_sources_and_sinks_alone() {
    let run = harness::run_source(Box::new(Ticker::default()), Duration::from_millis(2500)).await;
    run.result.unwrap();
    let times: Vec<u128> = run.batches.iter().map(|(at, ..)| at.as_millis()).collect();
    assert_eq!(times, [0, 1000, 2000, 2500]);
    let (mut sink, collected) = CollectSink::new(seconds(1));
    let batches = run
        .batches
        .into_iter()
        .map(|(_, batch, options)| (batch, options))
        .collect();
    let outcomes = harness::run_sink(&mut sink, batches).await.unwrap();
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(collected.lock()[0].len(), 4);
}
