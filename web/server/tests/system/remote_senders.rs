//! A real Prometheus scrapes this server and sends what it gets back, in both versions of remote write.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::http::{eventually, get, query};
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
