//! A real Prometheus scrapes this server and sends what it gets back, in both versions of remote write.

use std::time::Duration;

use anyhow::{Result, ensure};
use axum::Router;
use axum::routing::get as route;
use engine_model::time::now_ms;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::http::{eventually, get, query};
use crate::metric_family::{COUNTER, Family, HISTOGRAM, Message};
use crate::peers::{Program, prometheus};
use crate::suite::{Need, Suite};
use crate::weir::Weir;

const WITHIN: Duration = Duration::from_secs(60);

pub(crate) fn add(suite: &mut Suite) {
    suite.add(
        "prometheus_sends_both_versions_of_remote_write",
        &[Need::Peer(Program::Prometheus)],
        prometheus_sends_both_versions_of_remote_write,
    );
    suite.add(
        "prometheus_sends_histograms_and_exemplars_by_version_2",
        &[Need::Peer(Program::Prometheus)],
        prometheus_sends_histograms_and_exemplars_by_version_2,
    );
}

/// A sender that scrapes `target` and sends all of it twice to `url`; the label `version` says how.
fn config(url: &str, target: &str) -> String {
    let write = |name: &str, message: &str| {
        format!(
            "- url: {url}/api/v1/write\n  name: {name}\n  protobuf_message: {message}\n  \
             send_native_histograms: true\n  send_exemplars: true\n  queue_config: {{batch_send_deadline: 1s}}\n  \
             write_relabel_configs: [{{target_label: version, replacement: {name}}}]\n"
        )
    };
    format!(
        "global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: weir\n  static_configs: [{{targets: ['{target}']}}]\n\
         remote_write:\n{}{}",
        write("one", "prometheus.WriteRequest"),
        write("two", "io.prometheus.write.v2.Request")
    )
}

fn number(data: &Value) -> Option<f64> {
    data["result"][0]["value"][1].as_str()?.parse().ok()
}

async fn prometheus_sends_both_versions_of_remote_write() -> Result<()> {
    let weir = Weir::start(Some("global: {scrape_interval: 1m}\n"), &[]).await?;
    let config = config(&weir.url, &weir.address);
    let sender = prometheus(&config, &["--enable-feature=native-histograms,exemplar-storage"]).await?;
    for version in ["one", "two"] {
        let all = format!("count({{version=\"{version}\"}})");
        eventually(WITHIN, || async {
            let got = number(&query(&weir.url, &all, &[]).await?);
            ensure!(
                got > Some(100.0),
                "{got:?} series in version {version}\n{}",
                sender.log()
            );
            let text = format!("min_over_time(up{{version=\"{version}\"}}[1m])");
            let up = number(&query(&weir.url, &text, &[]).await?);
            ensure!(up == Some(1.0), "up is {up:?} in version {version}");
            Ok(())
        })
        .await?;
    }
    let own = get(&format!("{}/metrics", weir.url)).await?.body;
    for line in [
        "weir_remote_write_requests_refused_total 0",
        "weir_remote_write_requests_partial_total 0",
        "prometheus_api_remote_write_invalid_labels_samples_total 0",
    ] {
        ensure!(own.contains(line), "{line} is not in\n{own}");
    }
    let sent = get(&format!("{}/metrics", sender.url)).await?.body;
    let failed = sent
        .lines()
        .filter(|line| line.starts_with("prometheus_remote_storage_") && line.contains("_failed_total{"));
    for line in failed {
        ensure!(line.ends_with(" 0"), "{line}");
    }
    Ok(())
}

/// A page in protobuf: a counter with an exemplar and a native histogram of six observations.
fn page() -> Vec<u8> {
    let trace = Message::default().bytes(1, b"trace_id").bytes(2, b"abc");
    let seconds = now_ms() as u64 / 1_000;
    let exemplar = Message::default()
        .message(1, &trace)
        .double(2, 1.0)
        .message(3, &Message::default().varint(1, seconds));
    let counter = Message::default().double(1, 7.0).message(2, &exemplar);
    // Buckets of schema 2 with indexes 1, 2 and 4; one observation is zero.
    let span = |offset, length| Message::default().zigzag(1, offset).varint(2, length);
    let histogram = Message::default()
        .varint(1, 6)
        .double(2, 9.5)
        .zigzag(5, 2)
        .double(6, 0.001)
        .varint(7, 1)
        .message(12, &span(1, 2))
        .message(12, &span(1, 1))
        .zigzag(13, 2)
        .zigzag(13, -1)
        .zigzag(13, 1);
    let mut out = Family::new("flow_total", COUNTER)
        .metric(&[("dam", "west")], 3, &counter)
        .bytes();
    out.extend(
        Family::new("flow_seconds", HISTOGRAM)
            .metric(&[("dam", "west")], 7, &histogram)
            .bytes(),
    );
    out
}

async fn prometheus_sends_histograms_and_exemplars_by_version_2() -> Result<()> {
    let weir = Weir::start(Some("global: {scrape_interval: 1m}\n"), &[]).await?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let target = listener.local_addr()?;
    let kind = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
    let routes = Router::new().route(
        "/metrics",
        route(move || async move { ([("content-type", kind)], page()) }),
    );
    let serving = tokio::spawn(async move { axum::serve(listener, routes).await });
    let config = format!(
        "global: {{scrape_interval: 1s, scrape_protocols: [PrometheusProto]}}\n\
         scrape_configs:\n- job_name: flow\n  static_configs: [{{targets: ['{target}']}}]\n\
         remote_write:\n- url: {}/api/v1/write\n  protobuf_message: io.prometheus.write.v2.Request\n  \
         send_native_histograms: true\n  send_exemplars: true\n  queue_config: {{batch_send_deadline: 1s}}\n",
        weir.url
    );
    let sender = prometheus(&config, &["--enable-feature=native-histograms,exemplar-storage"]).await?;
    eventually(WITHIN, || async {
        // The same histogram, bucket by bucket, on both sides.
        let there = query(&sender.url, "flow_seconds", &[]).await?["result"][0].clone();
        let here = query(&weir.url, "flow_seconds", &[]).await?["result"][0].clone();
        let (there, here) = (
            (&there["metric"], &there["histogram"][1]),
            (&here["metric"], &here["histogram"][1]),
        );
        ensure!(there.1["count"] == "6", "{there:?}\n{}", sender.log());
        ensure!(there == here, "{there:?}, {here:?}");
        let end = now_ms() / 1_000 + 60;
        let url = format!(
            "{}/api/v1/query_exemplars?query=flow_total&start=0&end={end}",
            weir.url
        );
        let found = get(&url).await?.data()?;
        ensure!(
            found[0]["exemplars"][0]["labels"]["trace_id"] == "abc"
                && found[0]["seriesLabels"]["dam"] == "west",
            "{found}"
        );
        Ok(())
    })
    .await?;
    let own = get(&format!("{}/metrics", weir.url)).await?.body;
    ensure!(
        own.contains("weir_remote_write_requests_partial_total 0"),
        "{own}"
    );
    serving.abort();
    Ok(())
}
