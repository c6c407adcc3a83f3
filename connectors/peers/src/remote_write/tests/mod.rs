//! Requests through the router into a graph: headers, data, outcomes.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::response::Response;
use connectors_formats::remote_write::v1::{Sample, encode};
use connectors_formats::remote_write::{DECODED_BYTES_MAX, compress, v2};
use engine_dataflow::{
    CommitReceipt, Delivery, DeliveryError, Graph, NodeError, RejectPolicy, RejectReason, Rejections,
    RunningGraph, Sink,
};
use engine_model::staleness::{STALE_NAN, STALE_NAN_BITS};
use engine_model::{Labels, SeriesTable};
use http::{HeaderMap, Request, StatusCode};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tower::ServiceExt;

use super::*;
use crate::IngestFeatures;
use engine_model::WallClock;

mod features;
mod kinds;
mod starts;

const NOW_MS: i64 = 1_000_000;

/// Answers as the next answer says, or takes all; keeps what it took as text.
#[derive(Default)]
struct TestSink {
    next_answer: Arc<Mutex<Option<Result<CommitReceipt, DeliveryError>>>>,
    stored: Arc<Mutex<Vec<String>>>,
    policies: Arc<Mutex<Vec<RejectPolicy>>>,
}

#[async_trait]
impl Sink for TestSink {
    async fn write(&mut self, deliveries: Vec<Delivery>) -> Result<(), NodeError> {
        for delivery in deliveries {
            assert!(delivery.options.durable || &*delivery.options.origin == "remote_write/starts");
            self.policies.lock().push(delivery.options.on_reject);
            if let Some(answer) = self.next_answer.lock().take() {
                delivery.acknowledge(answer);
                continue;
            }
            let batch = delivery.batch.clone();
            let labels = |series| batch.series_table().labels(series).expect("named");
            let mut stored = self.stored.lock();
            let since = |starts: &[i64], row: usize| match starts.get(row) {
                None | Some(0) => String::new(),
                Some(start) => format!(" since {start}"),
            };
            for (row, (series, timestamp, value)) in batch.iter().enumerate() {
                let since = since(batch.float_starts(), row);
                stored.push(format!(
                    "{} {:x}@{timestamp}{since}",
                    labels(series),
                    value.to_bits()
                ));
            }
            for (row, sample) in batch.histograms().iter().enumerate() {
                let (sum, at) = (sample.histogram.sum, sample.timestamp);
                let since = since(batch.histogram_starts(), row);
                stored.push(format!(
                    "{} histogram of {sum}@{at}{since}",
                    labels(sample.series)
                ));
            }
            for exemplar in batch.exemplars() {
                let (of, value) = (labels(exemplar.series), exemplar.value);
                stored.push(format!(
                    "{of} # {} {value}@{}",
                    exemplar.labels, exemplar.timestamp
                ));
            }
            delivery.acknowledge(Ok(CommitReceipt {
                accepted: batch.len(),
                histograms: batch.histograms().len(),
                exemplars: batch.exemplars().len(),
                ..CommitReceipt::default()
            }));
        }
        Ok(())
    }
}

/// Labels, timestamp, value.
type SentSample<'a> = (&'a [(&'a str, &'a str)], i64, f64);

struct Fixture {
    receiver: Arc<RemoteWrite>,
    table: Arc<SeriesTable>,
    graph: RunningGraph,
    next_answer: Arc<Mutex<Option<Result<CommitReceipt, DeliveryError>>>>,
    stored: Arc<Mutex<Vec<String>>>,
    policies: Arc<Mutex<Vec<RejectPolicy>>>,
}

async fn fixture() -> Fixture {
    fixture_with(IngestFeatures::default()).await
}

async fn fixture_with(features: IngestFeatures) -> Fixture {
    let table = Arc::new(SeriesTable::new());
    let (inlet, receiver) = RemoteWrite::new(Arc::clone(&table), WallClock::from_fn(|| NOW_MS), features);
    let sink = TestSink::default();
    let (next_answer, stored) = (Arc::clone(&sink.next_answer), Arc::clone(&sink.stored));
    let policies = Arc::clone(&sink.policies);
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
        receiver,
        table,
        graph,
        next_answer,
        stored,
        policies,
    }
}

const V1_HEADER: (&str, &str) = (
    "content-type",
    "application/x-protobuf;proto=prometheus.WriteRequest",
);
const V2_HEADER: (&str, &str) = (
    "content-type",
    "application/x-protobuf;proto=io.prometheus.write.v2.Request",
);

impl Fixture {
    async fn send(&self, headers: &[(&str, &str)], body: Vec<u8>) -> (StatusCode, HeaderMap, String) {
        let routes = router(Arc::clone(&self.receiver), &Version::ALL);
        let mut request = Request::post("/api/v1/write");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body)).expect("a request");
        let response: Response = routes.oneshot(request).await.expect("infallible");
        let (status, headers) = (response.status(), response.headers().clone());
        let text = to_bytes(response.into_body(), 1 << 20).await.expect("short");
        (status, headers, String::from_utf8(text.to_vec()).expect("text"))
    }

    async fn post(&self, headers: &[(&str, &str)], body: Vec<u8>) -> (StatusCode, String) {
        let (status, _, text) = self.send(headers, body).await;
        (status, text)
    }

    /// Sends a request of version 2.0; the numbers are those of the headers.
    async fn write_v2(&self, series: &[v2::Sent<'_>]) -> (u16, [String; 3], String) {
        let message = v2::encode(series.iter().copied());
        let body = compress(&message).expect("small");
        let (status, headers, text) = self.send(&[V2_HEADER], body).await;
        let of = |kind: &str| {
            let value = &headers[&format!("x-prometheus-remote-write-{kind}-written")];
            value.to_str().expect("a number").to_owned()
        };
        (
            status.as_u16(),
            ["samples", "histograms", "exemplars"].map(of),
            text,
        )
    }

    async fn write(&self, series: &[SentSample<'_>]) -> (StatusCode, String) {
        let series: Vec<_> = series
            .iter()
            .map(|(pairs, timestamp, value)| {
                let sample = Sample {
                    timestamp: *timestamp,
                    value: *value,
                };
                (Labels::from_pairs(pairs.iter().copied()), [sample])
            })
            .collect();
        let message = encode(series.iter().map(|(labels, samples)| (labels, &samples[..])));
        self.post(&[], compress(&message).expect("small")).await
    }
}

#[tokio::test]
async fn headers_are_judged_as_prometheus_does() {
    let fixture = fixture().await;
    let empty = compress(b"").expect("small");
    for (headers, expected, text) in [
        (&[][..], 204, ""),
        (&[V1_HEADER], 204, ""),
        (
            &[
                ("content-type", "application/x-protobuf"),
                ("content-encoding", "snappy"),
            ],
            204,
            "",
        ),
        (
            &[("content-type", "yolo")],
            415,
            "expected application/x-protobuf as the first (media) part, got yolo content-type\n",
        ),
        (
            &[("content-type", "application/x-protobuf;proto=yolo")],
            415,
            "got application/x-protobuf;proto=yolo content type; unknown type for remote write protobuf message yolo, \
             supported: prometheus.WriteRequest, io.prometheus.write.v2.Request\n",
        ),
        (&[V2_HEADER], 204, ""),
        (
            &[("content-encoding", "zstd")],
            415,
            "zstd encoding (compression) is not accepted by this server; only snappy is acceptable\n",
        ),
    ] {
        let (status, body) = fixture.post(headers, empty.clone()).await;
        assert_eq!((status.as_u16(), body.as_str()), (expected, text), "{headers:?}");
    }
}

#[tokio::test]
async fn stores_and_keeps_payloads() {
    let fixture = fixture().await;
    let (status, body) = fixture
        .write(&[
            (&[("__name__", "up"), ("job", "a")], 1000, 1.0),
            (&[("__name__", "up"), ("job", "b")], NOW_MS + 600_000, STALE_NAN),
            (&[("job", "nameless")], 1000, 1.0),
        ])
        .await;
    assert_eq!((status.as_u16(), body.as_str()), (204, ""));
    assert_eq!(
        *fixture.stored.lock(),
        [
            r#"{__name__="up", job="a"} 3ff0000000000000@1000"#.to_owned(),
            format!(r#"{{__name__="up", job="b"}} {STALE_NAN_BITS:x}@1600000"#),
        ]
    );
    let metrics = fixture.receiver.metrics();
    assert_eq!((metrics.requests.get(), metrics.samples.get()), (1, 2));
    assert_eq!(metrics.invalid_labels_samples.get(), 1);
}

#[tokio::test]
async fn bad_data_is_refused_for_good() {
    let fixture = fixture().await;
    let (status, body) = fixture
        .write(&[
            (&[("__name__", "a")], 1000, 1.0),
            (&[("__name__", "b")], NOW_MS + 600_001, 1.0),
        ])
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(
        body.starts_with("out of bounds: sample at 1600001 ms for series {__name__=\"b\"}"),
        "{body}"
    );
    for (body, expected) in [
        (b"\x05abc".to_vec(), "not a snappy block\n".to_owned()),
        (
            compress(b"\x0a\x05ab").expect("small"),
            "cannot decode the protobuf message: message ends inside a field\n".to_owned(),
        ),
        (
            compress(&vec![0; DECODED_BYTES_MAX + 1]).expect("compresses"),
            format!(
                "message is {} bytes after decompression, limit is {DECODED_BYTES_MAX}\n",
                DECODED_BYTES_MAX + 1
            ),
        ),
    ] {
        let (status, text) = fixture.post(&[], body).await;
        assert_eq!((status, text), (StatusCode::BAD_REQUEST, expected));
    }
    assert!(fixture.stored.lock().is_empty());
    assert_eq!(fixture.receiver.metrics().requests_refused.get(), 4);
}

#[tokio::test]
async fn the_store_decides_who_sends_again() {
    let fixture = fixture().await;
    let mut rejections = Rejections::default();
    rejections.add(1, RejectReason::OutOfOrder);
    let cases = [
        (
            DeliveryError::Rejected(rejections),
            400,
            "out of order sample: sample at 7 ms for series {__name__=\"b\"}\n",
        ),
        (
            DeliveryError::Unavailable("no space left on device".into()),
            503,
            "storage is unavailable: no space left on device\n",
        ),
        (
            DeliveryError::TooLarge {
                samples: 2,
                samples_max: 1,
            },
            400,
            "batch of 2 samples is over the limit of 1\n",
        ),
    ];
    for (error, status, text) in cases {
        *fixture.next_answer.lock() = Some(Err(error));
        let answer = fixture
            .write(&[(&[("__name__", "a")], 5, 1.0), (&[("__name__", "b")], 7, 1.0)])
            .await;
        assert_eq!((answer.0.as_u16(), answer.1.as_str()), (status, text));
    }
    assert!(fixture.graph.drain(Duration::from_secs(5)).await.is_clean());
    let (status, _) = fixture.write(&[(&[("__name__", "a")], 5, 1.0)]).await;
    assert_eq!(
        status,
        StatusCode::SERVICE_UNAVAILABLE,
        "a server that stops is tried again"
    );
}

#[tokio::test]
async fn large_requests_pass_whole() {
    let fixture = fixture().await;
    let series: Vec<_> = (0..20_000)
        .map(|i| {
            let labels = Labels::from_pairs([("__name__", "m"), ("i", i.to_string().as_str())]);
            (
                labels,
                [Sample {
                    timestamp: i,
                    value: i as f64,
                }],
            )
        })
        .collect();
    let message = encode(series.iter().map(|(labels, samples)| (labels, &samples[..])));
    let (status, body) = fixture.post(&[], compress(&message).expect("compresses")).await;
    assert_eq!((status.as_u16(), body.as_str()), (204, ""));
    assert_eq!(fixture.stored.lock().len(), 20_000);
}

#[tokio::test]
async fn versions_and_the_receiver_can_be_switched_off() {
    let fixture = fixture().await;
    let only = |version| router(Arc::clone(&fixture.receiver), &[version]);
    let ask = async |routes: axum::Router, (name, value): (&str, &str)| {
        let request = Request::post("/api/v1/write").header(name, value);
        let request = request
            .body(Body::from(compress(b"").expect("small")))
            .expect("a request");
        let response = routes.oneshot(request).await.expect("infallible");
        let status = response.status().as_u16();
        let text = to_bytes(response.into_body(), 1 << 20).await.expect("short");
        (status, String::from_utf8(text.to_vec()).expect("text"))
    };
    assert_eq!(ask(only(Version::V1), V1_HEADER).await.0, 204);
    assert_eq!(
        ask(only(Version::V1), V2_HEADER).await,
        (
            415,
            "io.prometheus.write.v2.Request protobuf message is not accepted by this server; only accepts \
             prometheus.WriteRequest\n"
                .to_owned()
        )
    );
    assert_eq!(ask(only(Version::V2), V1_HEADER).await.0, 415);
    let (status, text) = ask(disabled_router(), V1_HEADER).await;
    assert_eq!(status, 404);
    assert!(text.contains("--web.enable-remote-write-receiver"), "{text}");
    assert_eq!("prometheus.WriteRequest".parse(), Ok(Version::V1));
    assert!("yolo".parse::<Version>().is_err());
}
