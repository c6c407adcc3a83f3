//! More writes than a slow disk takes, through the real routes and graph: what is held is bounded, the rest is sent
//! away with a time to come again, what was acknowledged is on disk, and all is well once the disk is.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use connectors_formats::remote_write::compress;
use connectors_formats::remote_write::v1::{Sample, encode};
use engine_dataflow::{CommitReceipt, Delivery, Graph, NodeError, RunningGraph, Sink};
use engine_model::{Labels, WallClock};
use http::{HeaderMap, Request, StatusCode};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tower::ServiceExt;

use crate::import::{self, TextImport};
use crate::remote_write::{self, RemoteWrite, Version};

/// What one write of the disk takes: two batches a second, a hundredth of what the senders below send.
const SLOW: Duration = Duration::from_millis(500);

/// A disk that can be held, and what is on it.
struct Disk {
    held: watch::Receiver<bool>,
    stored: Arc<Mutex<HashSet<i64>>>,
    /// Most batches that were handed over at once.
    group_max: Arc<AtomicUsize>,
}

#[async_trait]
impl Sink for Disk {
    async fn write(&mut self, deliveries: Vec<Delivery>) -> Result<(), NodeError> {
        self.group_max.fetch_max(deliveries.len(), Ordering::Relaxed);
        self.held.wait_for(|held| !held).await?;
        sleep(SLOW).await;
        for delivery in deliveries {
            let accepted = delivery.batch.len();
            self.stored.lock().extend(delivery.batch.timestamps());
            delivery.acknowledge(Ok(CommitReceipt {
                accepted,
                ..CommitReceipt::default()
            }));
        }
        Ok(())
    }
}

struct Site {
    graph: RunningGraph,
    remote_write: Arc<RemoteWrite>,
    text_import: Arc<TextImport>,
    routes: Router,
    hold: watch::Sender<bool>,
    stored: Arc<Mutex<HashSet<i64>>>,
    group_max: Arc<AtomicUsize>,
}

async fn site() -> Site {
    let clock = || WallClock::from_fn(|| 1_000_000);
    let (write_inlet, remote_write) =
        RemoteWrite::new(Arc::default(), clock(), crate::IngestFeatures::default());
    let (import_inlet, text_import) =
        TextImport::new(Arc::default(), clock(), crate::IngestFeatures::default());
    let (hold, held) = watch::channel(false);
    let disk = Disk {
        held,
        stored: Arc::default(),
        group_max: Arc::default(),
    };
    let (stored, group_max) = (Arc::clone(&disk.stored), Arc::clone(&disk.group_max));
    let graph = Graph::builder()
        .source(remote_write::NODE_NAME, Box::new(write_inlet))
        .source(import::NODE_NAME, Box::new(import_inlet))
        .sink("append", Box::new(disk))
        .edge(remote_write::NODE_NAME, "append", 64, "a test")
        .edge(import::NODE_NAME, "append", 4, "a test")
        .build()
        .expect("a valid plan")
        .start(&Handle::current());
    let routes = remote_write::router(Arc::clone(&remote_write), &Version::ALL)
        .merge(import::router(Arc::clone(&text_import)));
    // The inlets open when their tasks first run.
    sleep(Duration::from_millis(20)).await;
    Site {
        graph,
        remote_write,
        text_import,
        routes,
        hold,
        stored,
        group_max,
    }
}

/// Sends one sample, whose time is its number.
async fn push(routes: Router, number: i64) -> (StatusCode, HeaderMap) {
    let labels = Labels::from_pairs([("__name__", "pushed")]);
    let sample = [Sample {
        timestamp: number,
        value: 1.0,
    }];
    let body = compress(&encode([(&labels, &sample[..])])).expect("small");
    answer(routes, "/api/v1/write", body).await
}

async fn answer(routes: Router, path: &str, body: Vec<u8>) -> (StatusCode, HeaderMap) {
    let request = Request::post(path).body(Body::from(body)).expect("a request");
    let response = routes.oneshot(request).await.expect("infallible");
    (response.status(), response.headers().clone())
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_hangs_sheds_by_policy_and_recovers() {
    /// Requests that find a place in memory: a permit of 64 KiB each.
    const PLACES: usize = 4096;
    const REQUESTS: usize = 5000;
    let site = site().await;
    site.hold.send(true).expect("the disk listens");
    let mut senders = JoinSet::new();
    for number in 0..REQUESTS {
        senders.spawn(push(site.routes.clone(), number as i64));
    }
    let mut imports = JoinSet::new();
    for number in 0..6 {
        let text = format!("imported 1 {}\n", REQUESTS + number);
        let routes = site.routes.clone();
        imports.spawn(async move { answer(routes, "/api/v1/import/prometheus", text.into()).await });
    }
    // The clock runs ahead while all wait, so those without a place are sent away first.
    for _ in 0..REQUESTS - PLACES {
        let (status, headers) = senders.join_next().await.expect("under way").expect("no panic");
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(headers["retry-after"], "5");
    }
    for _ in 0..2 {
        let (status, headers) = imports.join_next().await.expect("under way").expect("no panic");
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(headers["retry-after"], "5");
    }
    let metrics = site.remote_write.metrics();
    assert_eq!(metrics.requests_shed.get(), (REQUESTS - PLACES) as u64);
    assert_eq!(site.text_import.metrics().requests_shed.get(), 2);
    let depths: Vec<_> = site
        .graph
        .status()
        .edges
        .iter()
        .map(|e| (e.depth, e.capacity))
        .collect();
    assert!(
        depths.iter().all(|(depth, capacity)| depth <= capacity),
        "{depths:?}"
    );
    assert!(
        site.stored.lock().is_empty(),
        "nothing was acknowledged before it was stored"
    );

    site.hold.send(false).expect("the disk listens");
    while let Some(answered) = senders.join_next().await {
        assert_eq!(answered.expect("no panic").0, StatusCode::NO_CONTENT);
    }
    while let Some(answered) = imports.join_next().await {
        assert_eq!(answered.expect("no panic").0, StatusCode::NO_CONTENT);
    }
    assert_eq!(site.stored.lock().len(), PLACES + 4);
    assert!(site.group_max.load(Ordering::Relaxed) <= 64 + 4);
    // Those that were sent away come again and find a place at once.
    assert_eq!(push(site.routes.clone(), -1).await.0, StatusCode::NO_CONTENT);
    assert_eq!(metrics.requests_shed.get(), (REQUESTS - PLACES) as u64);
}

#[tokio::test(start_paused = true)]
async fn a_stop_under_load_drains_in_order_and_loses_nothing() {
    let site = site().await;
    let (stopped, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let mut senders = JoinSet::new();
    for sender in 0..200 {
        let (routes, stopped, acknowledged) = (
            site.routes.clone(),
            Arc::clone(&stopped),
            Arc::clone(&acknowledged),
        );
        senders.spawn(async move {
            for round in 0.. {
                let number = sender * 1_000 + round;
                match push(routes.clone(), number).await {
                    (StatusCode::NO_CONTENT, _) => acknowledged.lock().push(number),
                    (StatusCode::SERVICE_UNAVAILABLE, headers) => {
                        assert_eq!(headers["retry-after"], "5");
                        assert!(stopped.load(Ordering::Relaxed), "only a stop sends these away");
                        return;
                    }
                    (other, _) => panic!("{other}"),
                }
            }
        });
    }
    sleep(SLOW * 10).await;
    stopped.store(true, Ordering::Relaxed);
    let report = site.graph.drain(Duration::from_secs(10)).await;
    assert!(report.is_clean(), "{report:?}");
    while let Some(sender) = senders.join_next().await {
        sender.expect("no panic");
    }
    let (stored, acknowledged) = (site.stored.lock(), acknowledged.lock());
    assert!(acknowledged.len() > 200, "{}", acknowledged.len());
    assert!(acknowledged.iter().all(|number| stored.contains(number)));
    assert_eq!(
        stored.len(),
        acknowledged.len(),
        "what a drain commits is also answered"
    );
}
