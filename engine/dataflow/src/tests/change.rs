//! Sources and taps that come and go while the graph runs.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::sleep;

use super::nodes::{Fault, Faulty, Ticker};
use crate::harness::CollectSink;
use crate::{EdgeStats, Graph, RunningGraph};

fn running() -> RunningGraph {
    let (sink, _collected) = CollectSink::new(Duration::from_millis(1500));
    Graph::builder()
        .source("a", Box::new(Ticker::default()))
        .sink("append", Box::new(sink))
        .edge("a", "append", 2, "test")
        .build()
        .unwrap()
        .start(&Handle::current())
}

#[tokio::test(start_paused = true)]
async fn sources_come_and_go() {
    let running = running();
    // The first time the source comes, the second time it comes again under the same name.
    for _ in 0..2 {
        let ticker = Ticker::default();
        let receipts = Arc::clone(&ticker.receipts);
        running
            .add_source("b", Box::new(ticker), "append", 2, "test")
            .await
            .unwrap();
        sleep(Duration::from_secs(10)).await;
        assert_eq!(running.status().nodes.len(), 3);
        let report = running.remove_source("b", Duration::from_secs(60)).await.unwrap();
        assert!(report.is_clean(), "{report:?}");
        let status = running.status();
        assert_eq!((status.nodes.len(), status.edges.len()), (2, 1));
        let receipts = std::mem::take(&mut *receipts.lock());
        assert!(receipts.len() > 5);
        for receipt in receipts {
            receipt.await.unwrap();
        }
    }
    // The last source can go, and another one come.
    running.remove_source("a", Duration::from_secs(60)).await.unwrap();
    running
        .add_source("c", Box::new(Ticker::default()), "append", 1, "test")
        .await
        .unwrap();
    sleep(Duration::from_secs(5)).await;
    assert!(running.status().edges[0].batches_total > 2);
    assert!(running.drain(Duration::from_secs(60)).await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_source_that_does_not_stop_is_cut_off() {
    let running = running();
    let stuck = Box::new(Faulty(vec![Fault::Hang]));
    running
        .add_source("stuck", stuck, "append", 1, "test")
        .await
        .unwrap();
    sleep(Duration::from_secs(1)).await;
    let report = running
        .remove_source("stuck", Duration::from_secs(4))
        .await
        .unwrap();
    assert_eq!(report.timed_out, ["stuck".into()]);
    assert!(report.elapsed < Duration::from_secs(4));
}

#[tokio::test(start_paused = true)]
async fn changes_are_checked() {
    let running = running();
    let ticker = || Box::new(Ticker::default());
    let stats = running.add_tap("console/1", "append", 256, "test").unwrap();
    stats.passed(7);
    running
        .add_observed_edge("append", "a", EdgeStats::new(4), "test")
        .unwrap();
    assert_eq!(running.status().edges[1].samples_total, 7);
    let refused = [
        (
            running.add_source("a", ticker(), "append", 1, "r").await,
            "node a is declared twice",
        ),
        (
            running.add_source("b", ticker(), "x", 1, "r").await,
            "there is no node x in the graph",
        ),
        (
            running.add_source("b", ticker(), "a", 1, "r").await,
            "edge b -> a: a is a source and takes no input",
        ),
        (
            running.add_source("b", ticker(), "append", 0, "r").await,
            "edge b -> append has capacity 0, it must hold at least 1 batch",
        ),
        (
            running.add_source("b", ticker(), "append", 1, "").await,
            "edge b -> append gives no reason for its capacity",
        ),
        (
            running.remove_source("append", Duration::ZERO).await.map(drop),
            "node append is no source",
        ),
        (
            running.remove_tap("console/2"),
            "there is no node console/2 in the graph",
        ),
        (
            running.add_tap("console/1", "append", 1, "r").map(drop),
            "node console/1 is declared twice",
        ),
        (
            running.add_observed_edge("append", "a", EdgeStats::new(4), "r"),
            "edge append -> a is declared twice",
        ),
    ];
    for (result, want) in refused {
        let error = result.unwrap_err();
        let text = std::error::Error::source(&error).map_or(error.to_string(), ToString::to_string);
        assert_eq!(text, want);
    }
    running.remove_tap("console/1").unwrap();
    assert_eq!(running.status().nodes.len(), 2);
    running.drain(Duration::from_secs(60)).await;
    let late = running.add_source("b", ticker(), "append", 1, "r").await;
    assert_eq!(late.unwrap_err().to_string(), "the graph is stopping");
}
