//! The peers that later tests compare with really run here: each is started, and asked for something that it measured.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tokio::process::Command;

use crate::http::{eventually, get, post, post_form, query};
use crate::peers::{Program, alertmanager, node_exporter, prometheus, victoria_metrics};
use crate::suite::{Need, Suite, browser, python};
use crate::webhook::Webhook;

const WITHIN: Duration = Duration::from_secs(30);

/// Adds the tests of this file.
pub(crate) fn add(suite: &mut Suite) {
    let needs = [Need::Peer(Program::Prometheus), Need::Peer(Program::NodeExporter)];
    suite.add(
        "prometheus_scrapes_the_node_exporter",
        &needs,
        prometheus_scrapes_the_node_exporter,
    );
    suite.add(
        "alertmanager_calls_a_webhook",
        &[Need::Peer(Program::Alertmanager)],
        alertmanager_calls_a_webhook,
    );
    suite.add(
        "victoria_metrics_reads_back",
        &[Need::Peer(Program::VictoriaMetrics)],
        victoria_metrics_reads_back,
    );
    suite.add(
        "duckdb_reads_what_it_wrote",
        &[Need::DuckDb],
        duckdb_reads_what_it_wrote,
    );
    suite.add("chromium_runs_a_page", &[Need::Browser], chromium_runs_a_page);
}

async fn prometheus_scrapes_the_node_exporter() -> Result<()> {
    let exporter = node_exporter(&[]).await?;
    let config = format!(
        "global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: node\n  static_configs: [{{targets: ['{}']}}]\n",
        exporter.address
    );
    let server = prometheus(&config, &[]).await?;
    let up = eventually(WITHIN, || async {
        let data = query(&server.url, "up", &[]).await?;
        ensure!(
            data["result"][0]["value"][1] == "1",
            "{data}\n{}\n{}",
            server.log(),
            exporter.log()
        );
        Ok(data["result"][0]["metric"].clone())
    })
    .await?;
    ensure!(
        up == json!({"__name__": "up", "instance": exporter.address, "job": "node"}),
        "{up}"
    );
    let form = [("query", "count(node_cpu_seconds_total)")];
    let cpus = post_form(&format!("{}/api/v1/query", server.url), &form)
        .await?
        .data()?;
    ensure!(
        cpus["resultType"] == "vector" && cpus["result"].as_array().is_some_and(|rows| rows.len() == 1),
        "{cpus}"
    );
    ensure!(
        server.folder().join("data/wal").is_dir(),
        "Prometheus stores in the peer's own folder"
    );
    Ok(())
}

async fn alertmanager_calls_a_webhook() -> Result<()> {
    let webhook = Webhook::listen().await?;
    // The first call fails and is repeated by a sender that retries.
    webhook.answer_with(503);
    let config = format!(
        "route: {{receiver: hook, group_wait: 0s}}\nreceivers:\n- name: hook\n  webhook_configs: [{{url: '{}'}}]\n",
        webhook.url
    );
    let router = alertmanager(&config, &[]).await?;
    let alerts = json!([{"labels": {"alertname": "Leak", "dam": "west"}}]).to_string();
    let posted = post(
        &format!("{}/api/v2/alerts", router.url),
        "application/json",
        alerts,
    )
    .await?;
    ensure!(posted.status == 200, "{posted:?}");
    let refused = webhook
        .wait_for(WITHIN, |call| call.body["status"] == "firing")
        .await?;
    webhook.answer_with(200);
    let call = webhook.wait_for(WITHIN, |call| call.at > refused.at).await?;
    ensure!(
        call.path == "/hook" && call.content_type == "application/json",
        "{call:?}"
    );
    ensure!(call.body["version"] == "4", "{call:?}");
    ensure!(call.body["alerts"][0]["labels"]["dam"] == "west", "{call:?}");
    Ok(())
}

async fn victoria_metrics_reads_back() -> Result<()> {
    let server = victoria_metrics(&[]).await?;
    let line = "level{dam=\"west\"} 3.5 1700000000000\n";
    let written = post(
        &format!("{}/api/v1/import/prometheus", server.url),
        "text/plain",
        line,
    )
    .await?;
    ensure!(written.status == 204, "{written:?}");
    eventually(WITHIN, || async {
        let flushed = get(&format!("{}/internal/force_flush", server.url)).await?;
        ensure!(flushed.status == 200, "{flushed:?}");
        let data = query(&server.url, "level", &[("time", "1700000001")]).await?;
        ensure!(data["result"][0]["value"][1] == "3.5", "{data}");
        Ok(())
    })
    .await
}

async fn duckdb_reads_what_it_wrote() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let script = "import duckdb\n\
        duckdb.sql(\"COPY (SELECT range AS n FROM range(10)) TO 'numbers.parquet'\")\n\
        print(duckdb.sql(\"SELECT sum(n) FROM 'numbers.parquet'\").fetchall()[0][0])";
    let output = Command::new(python())
        .args(["-c", script])
        .current_dir(folder.path())
        .output()
        .await?;
    ensure!(output.status.success() && output.stdout == b"45\n", "{output:?}");
    Ok(())
}

async fn chromium_runs_a_page() -> Result<()> {
    let profile = tempfile::tempdir()?;
    let page = "data:text/html,<p id=a></p><script>a.textContent = 6 * 7 + ' m3/s'</script>";
    let output = Command::new(browser().context("the need was met")?)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(page)
        .output()
        .await?;
    ensure!(
        String::from_utf8_lossy(&output.stdout).contains(">42 m3/s<"),
        "{output:?}"
    );
    Ok(())
}
