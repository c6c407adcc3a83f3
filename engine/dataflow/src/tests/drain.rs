//! Draining: nothing is lost on the way, and a node that hangs is cut off and named.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::sleep;

use super::nodes::{Fault, Faulty, Flood, Ticker};
use crate::harness::{self, CollectSink, ListSource};
use crate::operators::Limit;
use crate::{DeliveryError, Graph, NodeState};

#[tokio::test(start_paused = true)]
async fn drain_loses_nothing() {
    let (sink, collected) = CollectSink::new(Duration::from_secs(3));
    let sources: Vec<Ticker> = (0..3).map(|_| Ticker::default()).collect();
    let receipts: Vec<_> = sources
        .iter()
        .map(|ticker| Arc::clone(&ticker.receipts))
        .collect();
    let mut graph = Graph::builder()
        .sink("append", Box::new(sink))
        .operator("limit", Box::new(Limit::new(100)))
        .edge("limit", "append", 2, "test");
    for (i, ticker) in sources.into_iter().enumerate() {
        let id = format!("ticker/{i}");
        graph = graph
            .source(id.clone(), Box::new(ticker))
            .edge(id, "limit", 2, "test");
    }
    let running = graph.build().unwrap().start(&Handle::current());
    sleep(Duration::from_millis(20_500)).await;
    let report = running.drain(Duration::from_secs(120)).await;
    assert!(report.is_clean(), "{report:?}");
    let status = running.status();
    assert!(
        status.nodes.iter().all(|node| node.state == NodeState::Finished),
        "{status:?}"
    );
    assert!(status.edges.iter().all(|edge| edge.depth == 0), "{status:?}");
    let mut sent = 0;
    for receipt in receipts
        .iter()
        .flat_map(|receipts| std::mem::take(&mut *receipts.lock()))
    {
        receipt.await.unwrap();
        sent += 1;
    }
    assert!(sent > 20, "{sent}");
    assert_eq!(collected.lock().iter().map(Vec::len).sum::<usize>(), sent);
    // A second drain finds nothing to do.
    assert!(running.drain(Duration::from_secs(1)).await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_leaves_time_for_the_others() {
    let (sink, collected) = CollectSink::new(Duration::from_secs(4));
    let (deliveries, _receipts): (Vec<_>, Vec<_>) = (0..3).map(|_| harness::delivery(1)).unzip();
    let running = Graph::builder()
        .source("stuck", Box::new(Faulty(vec![Fault::Hang])))
        .source("list", Box::new(ListSource::new(deliveries)))
        .sink("append", Box::new(sink))
        .edge("stuck", "append", 1, "test")
        .edge("list", "append", 1, "test")
        .build()
        .unwrap()
        .start(&Handle::current());
    sleep(Duration::from_millis(1)).await;
    let report = running.drain(Duration::from_secs(30)).await;
    assert_eq!(report.timed_out, ["stuck".into()]);
    assert_eq!((report.batches_dropped, report.elapsed.as_secs()), (0, 15));
    assert!(!report.is_clean());
    assert_eq!(collected.lock().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_hangs_is_cut_off_and_its_queue_is_reported() {
    let (deliveries, receipts): (Vec<_>, Vec<_>) = (0..4).map(|_| harness::delivery(1)).unzip();
    let running = Graph::builder()
        .source("list", Box::new(ListSource::new(deliveries)))
        .sink("append", Box::new(Faulty(vec![Fault::Hang])))
        .edge("list", "append", 1, "test")
        .build()
        .unwrap()
        .start(&Handle::current());
    sleep(Duration::from_secs(1)).await;
    let report = running.drain(Duration::from_secs(10)).await;
    // The list cannot get rid of its third batch, the sink holds the first, the second is queued.
    assert_eq!(report.timed_out, ["list".into(), "append".into()]);
    assert_eq!((report.batches_dropped, report.elapsed.as_secs()), (1, 10));
    for receipt in receipts {
        assert_eq!(receipt.await, Err(DeliveryError::Dropped));
    }
    let state = &running.status().nodes[1].state;
    assert_eq!(
        (state.as_str(), state.error()),
        ("failed", Some("did not end in time and was cut off"))
    );
}

/// Real threads and the real clock, for what a paused clock cannot interleave.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drain_loses_nothing_under_load_and_change() {
    let (sink, collected) = CollectSink::new(Duration::ZERO);
    let sources: Vec<Flood> = (0..4).map(|_| Flood::default()).collect();
    let receipts: Vec<_> = sources.iter().map(|flood| Arc::clone(&flood.receipts)).collect();
    let mut sources = sources.into_iter();
    let running = Graph::builder()
        .source("flood", Box::new(sources.next().unwrap()))
        .operator("limit", Box::new(Limit::new(100)))
        .sink("append", Box::new(sink))
        .edge("flood", "limit", 3, "test")
        .edge("limit", "append", 3, "test")
        .build()
        .unwrap()
        .start(&Handle::current());
    for (i, flood) in sources.enumerate() {
        let to = ["limit", "append"][i % 2];
        running
            .add_source(format!("flood/{i}"), Box::new(flood), to, 2, "test")
            .await
            .unwrap();
        sleep(Duration::from_millis(20)).await;
    }
    let removed = running
        .remove_source("flood/0", Duration::from_secs(10))
        .await
        .unwrap();
    assert!(removed.is_clean(), "{removed:?}");
    let report = running.drain(Duration::from_secs(10)).await;
    assert!(report.is_clean(), "{report:?}");
    let mut sent = 0;
    for receipt in receipts
        .iter()
        .flat_map(|receipts| std::mem::take(&mut *receipts.lock()))
    {
        receipt.await.unwrap();
        sent += 1;
    }
    assert_eq!(collected.lock().iter().map(Vec::len).sum::<usize>(), sent);
    assert!(running.status().edges.iter().all(|edge| edge.depth == 0));
}
