//! Fuzzes the bodies that others push, through the routes into a graph: remote write and text import, damaged
//! compression, right compression of wrong data, and bodies that grow a thousandfold.
#![no_main]

// Its allocator.
use connectors_formats_fuzz as _;
use std::io::Write;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use connectors_formats::remote_write::compress;
use connectors_peers::remote_write::{RemoteWrite, Version};
use connectors_peers::{import, remote_write};
use engine_dataflow::{CommitReceipt, Delivery, Graph, NodeError, RunningGraph, Sink};
use engine_model::{SeriesTable, WallClock};
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::runtime::Runtime;
use tower::ServiceExt;

const V1: &str = "application/x-protobuf";
const V2: &str = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
/// Times that an input is repeated in a body that grows.
const REPEATED: usize = 4_096;

/// Takes everything.
struct Taking;

#[async_trait]
impl Sink for Taking {
    async fn write(&mut self, deliveries: Vec<Delivery>) -> Result<(), NodeError> {
        for delivery in deliveries {
            let accepted = delivery.batch.len();
            delivery.acknowledge(Ok(CommitReceipt {
                accepted,
                ..CommitReceipt::default()
            }));
        }
        Ok(())
    }
}

struct Server {
    runtime: Runtime,
    routes: Router,
    _graph: RunningGraph,
}

fn start() -> Server {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let table: Arc<SeriesTable> = Arc::default();
    let clock = || WallClock::from_fn(|| 1_700_000_000_000);
    let (text_inlet, text) = import::TextImport::new(Arc::clone(&table), clock(), Default::default());
    let (inlet, receiver) = RemoteWrite::new(table, clock(), Default::default());
    let graph = Graph::builder()
        .source(import::NODE_NAME, Box::new(text_inlet))
        .source(remote_write::NODE_NAME, Box::new(inlet))
        .sink("append", Box::new(Taking))
        .edge(import::NODE_NAME, "append", 4, "fuzzing")
        .edge(remote_write::NODE_NAME, "append", 4, "fuzzing")
        .build()
        .expect("a valid plan")
        .start(runtime.handle());
    // The inlets open when their tasks first run.
    std::thread::sleep(std::time::Duration::from_millis(200));
    let routes = import::router(text).merge(remote_write::router(receiver, &Version::ALL));
    Server {
        runtime,
        routes,
        _graph: graph,
    }
}

fn gzip(bytes: &[u8], times: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..times {
        encoder.write_all(bytes).expect("memory");
    }
    encoder.finish().expect("memory")
}

fn request(choice: u8, data: &[u8]) -> Request<Body> {
    let snappy = || compress(data).expect("small enough");
    let (path, encoding, kind, body) = match choice % 8 {
        0 => (
            "/api/v1/import/prometheus",
            "identity",
            "text/plain",
            data.to_vec(),
        ),
        1 => (
            "/api/v1/import/prometheus?format=openmetrics",
            "gzip",
            "text/plain",
            gzip(data, 1),
        ),
        2 => ("/api/v1/import/prometheus", "gzip", "text/plain", data.to_vec()),
        3 => (
            "/api/v1/import/prometheus",
            "gzip",
            "text/plain",
            gzip(data, REPEATED),
        ),
        4 => ("/api/v1/write", "snappy", V1, data.to_vec()),
        5 => ("/api/v1/write", "snappy", V1, snappy()),
        6 => ("/api/v1/write", "snappy", V2, snappy()),
        _ => (
            "/api/v1/write",
            "snappy",
            V2,
            compress(&data.repeat(REPEATED)).unwrap_or_default(),
        ),
    };
    Request::post(path)
        .header("content-encoding", encoding)
        .header("content-type", kind)
        .body(Body::from(body))
        .expect("a request")
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    static SERVER: OnceLock<Server> = OnceLock::new();
    let Some((choice, data)) = data.split_first() else {
        return;
    };
    let server = SERVER.get_or_init(start);
    let answer = server
        .runtime
        .block_on(server.routes.clone().oneshot(request(*choice, data)));
    let status = answer.expect("routes do not fail").status();
    assert_ne!(status.as_u16(), 500, "a fault of the server");
});
