//! Bodies through the router into a graph: what is stored, what is refused, and where.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use engine_dataflow::{
    CommitReceipt, Delivery, Graph, NodeError, RejectReason, Rejections, RunningGraph, Sink,
};
use engine_model::WallClock;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::Request;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tower::ServiceExt;

use super::*;
use crate::IngestFeatures;

#[derive(Default)]
struct TestSink {
    stored: Arc<Mutex<Vec<String>>>,
    rejections: Arc<Mutex<Rejections>>,
}

#[async_trait]
impl Sink for TestSink {
    async fn write(&mut self, deliveries: Vec<Delivery>) -> Result<(), NodeError> {
        for delivery in deliveries {
            assert!(delivery.options.durable);
            let batch = delivery.batch.clone();
            for (series, timestamp, value) in batch.iter() {
                let labels = batch.series_table().labels(series).expect("named");
                self.stored.lock().push(format!("{labels} {value}@{timestamp}"));
            }
            delivery.acknowledge(Ok(CommitReceipt {
                accepted: batch.len(),
                rejected: std::mem::take(&mut *self.rejections.lock()),
                ..CommitReceipt::default()
            }));
        }
        Ok(())
    }
}

struct Fixture {
    import: Arc<TextImport>,
    stored: Arc<Mutex<Vec<String>>>,
    rejections: Arc<Mutex<Rejections>>,
    _graph: RunningGraph,
}

async fn fixture() -> Fixture {
    fixture_with(IngestFeatures::default()).await
}

async fn fixture_with(features: IngestFeatures) -> Fixture {
    let (inlet, import) = TextImport::new(Arc::default(), WallClock::from_fn(|| 77), features);
    let sink = TestSink::default();
    let (stored, rejections) = (Arc::clone(&sink.stored), Arc::clone(&sink.rejections));
    let graph = Graph::builder()
        .source(NODE_NAME, Box::new(inlet))
        .sink("append", Box::new(sink))
        .edge(NODE_NAME, "append", 4, "a test")
        .build()
        .expect("a valid plan")
        .start(&Handle::current());
    // The inlet opens when its task first runs.
    tokio::time::sleep(Duration::from_millis(20)).await;
    Fixture {
        import,
        stored,
        rejections,
        _graph: graph,
    }
}

impl Fixture {
    async fn post(&self, query: &str, encoding: &str, body: Vec<u8>) -> (u16, String) {
        let request = Request::post(format!("/api/v1/import/prometheus{query}"))
            .header("content-encoding", encoding)
            .body(Body::from(body))
            .expect("a request");
        let response = router(Arc::clone(&self.import))
            .oneshot(request)
            .await
            .expect("infallible");
        let status = response.status().as_u16();
        let text = to_bytes(response.into_body(), 1 << 20).await.expect("short");
        (status, String::from_utf8(text.to_vec()).expect("text"))
    }
}

const TEXT: &str = "\
# HELP flow how much passes
# TYPE flow counter
flow{dam=\"west\"} 1 1000
flow{dam=\"west\"} 2 2000
level 3.5";

#[tokio::test]
async fn text_is_stored_with_its_times() {
    let fixture = fixture().await;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(TEXT.as_bytes()).expect("written");
    let gzip = gzip.finish().expect("finished");
    let empty = (204, String::new());
    assert_eq!(fixture.post("", "identity", TEXT.into()).await, empty);
    let query = "?extra_label=dam=east&timestamp=5";
    assert_eq!(fixture.post(query, "gzip", gzip.clone()).await, empty);
    assert_eq!(
        *fixture.stored.lock(),
        [
            r#"{__name__="flow", dam="west"} 1@1000"#,
            r#"{__name__="flow", dam="west"} 2@2000"#,
            r#"{__name__="level"} 3.5@77"#,
            r#"{__name__="flow", dam="east"} 1@1000"#,
            r#"{__name__="flow", dam="east"} 2@2000"#,
            r#"{__name__="level", dam="east"} 3.5@5"#,
        ]
    );
    let (status, text) = fixture.post("", "gzip", gzip[..20].into()).await;
    assert!(
        status == 400 && text.starts_with("the gzip stream is damaged"),
        "{text}"
    );
    assert_eq!(fixture.post("", "br", Vec::new()).await.0, 415);
}

#[tokio::test]
async fn types_become_labels_when_they_are_asked_for() {
    let fixture = fixture_with(IngestFeatures {
        type_and_unit_labels: true,
        ..IngestFeatures::default()
    })
    .await;
    // The type of the second piece is said in the first one, and the series of the third has another by then.
    let long = "x".repeat(600_000);
    let body = format!(
        "early 1\n# TYPE flow counter\n# UNIT flow drops\nflow{{__type__=\"mine\"}} 1 1000\nflow{{long=\"{long}\"}} 2\n\
         flow{{long=\"{long}\"}} 3 2000\nflow 4\n# TYPE flow gauge\nflow 5 3000\n# TYPE other untyped\nother 6\n"
    );
    let query = "?extra_label=dam=east";
    assert_eq!(fixture.post(query, "", body.into()).await, (204, String::new()));
    let stored: Vec<String> = fixture
        .stored
        .lock()
        .iter()
        .map(|line| line.replace(&long, "…"))
        .collect();
    assert_eq!(
        stored,
        [
            r#"{__name__="early", dam="east"} 1@77"#,
            r#"{__name__="flow", __type__="counter", dam="east"} 1@1000"#,
            r#"{__name__="flow", __type__="counter", dam="east", long="…"} 2@77"#,
            r#"{__name__="flow", __type__="counter", dam="east", long="…"} 3@2000"#,
            r#"{__name__="flow", __type__="counter", dam="east"} 4@77"#,
            r#"{__name__="flow", __type__="gauge", dam="east"} 5@3000"#,
            r#"{__name__="other", dam="east"} 6@77"#,
        ]
    );
}

#[tokio::test]
async fn a_fault_names_its_line_and_what_is_stored() {
    let fixture = fixture().await;
    // Long lines, so that the fault is in the second piece.
    let mut body = String::from("# TYPE flow counter\n");
    for i in 0..40 {
        body.push_str(&format!(
            "flow{{n=\"{i}\",long=\"{}\"}} {i}\n",
            "x".repeat(50_000)
        ));
    }
    body.push_str("flow 1\nflow{ 2\n");
    let (status, text) = fixture.post("", "", body.into()).await;
    assert_eq!(status, 400);
    assert!(text.starts_with("line 43: "), "{text}");
    let stored = fixture.stored.lock().len();
    assert!(
        stored > 0 && text.ends_with(&format!("; lines before {} are stored\n", stored + 2)),
        "{stored}: {text}"
    );
    let (status, text) = fixture.post("?timestamp=never", "", Vec::new()).await;
    assert!(status == 400 && text.contains("timestamp must be"), "{text}");
}

#[tokio::test]
async fn refused_samples_are_told_to_the_sender() {
    let fixture = fixture().await;
    for row in [1, 2] {
        fixture.rejections.lock().add(row, RejectReason::OutOfOrder);
    }
    let (status, text) = fixture.post("", "", TEXT.into()).await;
    assert_eq!(
        (status, text.as_str()),
        (
            400,
            "1 samples are stored, 2 were refused (2 out of order); the first: out of order sample: \
             sample at 2000 ms for series {__name__=\"flow\", dam=\"west\"}\n"
        )
    );
    let metrics = fixture.import.metrics();
    assert_eq!(
        (
            metrics.samples.get(),
            metrics.samples_refused.get(),
            metrics.requests_refused.get()
        ),
        (1, 2, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_finds_no_place_is_sent_away_after_a_while() {
    let fixture = fixture().await;
    // Bodies that never end hold all places.
    let mut held = Vec::new();
    for _ in 0..4 {
        let body = Body::from_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>());
        let request = Request::post("/api/v1/import/prometheus").body(body);
        let routes = router(Arc::clone(&fixture.import));
        held.push(tokio::spawn(routes.oneshot(request.expect("a request"))));
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    let request = Request::post("/api/v1/import/prometheus").body(Body::from(TEXT));
    let response = router(Arc::clone(&fixture.import))
        .oneshot(request.expect("a request"))
        .await
        .expect("infallible");
    assert_eq!(response.status().as_u16(), 503);
    assert_eq!(response.headers()["retry-after"], "5");
    assert_eq!(fixture.import.metrics().requests_shed.get(), 1);
    for held in held {
        held.abort();
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(
        fixture.post("", "", TEXT.into()).await.0,
        204,
        "places are free again"
    );
}
