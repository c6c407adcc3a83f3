//! Failures: a source is run again, a sink takes the graph with it.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use super::nodes::{Fault, Faulty, Ticker};
use crate::harness::{self, CollectSink};
use crate::{ChangeError, DeliveryError, Graph, Inlet, NodeState};

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_is_run_again() {
    let (sink, _collected) = CollectSink::new(Duration::ZERO);
    let running = Graph::builder()
        .source("s", Box::new(Faulty(vec![Fault::Error, Fault::Panic])))
        .sink("append", Box::new(sink))
        .edge("s", "append", 1, "test")
        .build()
        .unwrap()
        .start(&Handle::current());
    let restarting = |error: &str, failures| NodeState::Restarting {
        error: error.to_owned(),
        failures,
    };
    let expected = [
        (500, restarting("no luck", 1)),
        (1500, restarting("panic: no luck at all", 2)),
        (2500, restarting("panic: no luck at all", 2)),
        (3500, NodeState::Running),
    ];
    let started = Instant::now();
    for (at_ms, state) in expected {
        tokio::time::sleep_until(started + Duration::from_millis(at_ms)).await;
        assert_eq!(running.status().nodes[0].state, state, "at {at_ms} ms");
    }
    assert!(running.drain(Duration::from_secs(1)).await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_fails_poisons_the_graph() {
    for (fault, error) in [(Fault::Error, "no luck"), (Fault::Panic, "panic: no luck at all")] {
        let (inlet, handle) = Inlet::new();
        let running = Graph::builder()
            .source("remote_write", Box::new(inlet))
            .sink("append", Box::new(Faulty(vec![fault])))
            .edge("remote_write", "append", 4, "test")
            .build()
            .unwrap()
            .start(&Handle::current());
        sleep(Duration::from_millis(1)).await;
        let output = handle.output().unwrap();
        let (first, first_receipt) = harness::delivery(1);
        output.send(first).await.unwrap();
        let failure = running.failed().await;
        assert_eq!((failure.node.as_str(), failure.error.as_str()), ("append", error));
        assert_eq!(failure.to_string(), format!("graph node append failed: {error}"));
        assert_eq!(first_receipt.await, Err(DeliveryError::Dropped));
        let (late, _late_receipt) = harness::delivery(1);
        output.send(late).await.unwrap_err();
        sleep(Duration::from_millis(1)).await;
        assert!(handle.output().is_none());
        let status = running.status();
        assert_eq!(status.nodes[0].state, NodeState::Finished);
        assert_eq!(status.nodes[1].state.error(), Some(error));
        let added = running.add_source("t", Box::new(Ticker::default()), "append", 1, "test");
        assert_eq!(added.await, Err(ChangeError::Stopping));
        let report = running.drain(Duration::from_secs(1)).await;
        assert_eq!(report.failed, [failure]);
        assert!(report.timed_out.is_empty());
    }
}
