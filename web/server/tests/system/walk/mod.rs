//! The whole chain: scrapes, a recorded series, an alert that reaches a webhook and is resolved, pushed samples,
//! every read endpoint, segments, an orderly stop and the same answers after it.

mod alert;
mod endpoints;
mod storage;

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::exporter::Exporter;
use crate::http::{eventually, query};
use crate::peers::{Peer, Program, node_exporter};
use crate::push::point_of;
use crate::suite::{Need, Suite};
use crate::webhook::Webhook;
use crate::weir::Weir;

/// Longest wait for anything that comes true by itself, on two busy cores.
const WITHIN: Duration = Duration::from_secs(90);

/// The water is below the limit, or above it.
const LOW: &str = "# TYPE dam_level gauge\ndam_level{dam=\"west\"} 3.5\n";
const HIGH: &str = "# TYPE dam_level gauge\ndam_level{dam=\"west\"} 12.25\n";

const RULES: &str = "\
groups:
- name: dams
  rules:
  - record: job:up:sum
    expr: sum by (job) (up)
  - alert: WaterHigh
    expr: dam_level > 10
    for: 2s
    labels:
      severity: page
    annotations:
      summary: '{{ $labels.dam }} stands at {{ $value }} m'
";

/// The server with everything around it.
struct Walk {
    weir: Weir,
    exporter: Exporter,
    webhook: Webhook,
    // Held so that they live as long as the server.
    _node: Peer,
    _files: TempDir,
}

/// Adds the tests of this folder.
pub(crate) fn add(suite: &mut Suite) {
    let needs = [Need::Peer(Program::NodeExporter)];
    suite.add("walks_the_whole_chain", &needs, walks_the_whole_chain);
}

async fn walks_the_whole_chain() -> Result<()> {
    let mut walk = Walk::start().await?;
    walk.everything_is_scraped().await?;
    alert::fires_and_is_resolved(&walk).await?;
    endpoints::answer(&walk).await?;
    storage::keeps_everything(&mut walk).await
}

impl Walk {
    async fn start() -> Result<Self> {
        let node = node_exporter(&[]).await?;
        let exporter = Exporter::serve(LOW).await?;
        let webhook = Webhook::listen().await?;
        let files = TempDir::new()?;
        fs::write(files.path().join("rules.yml"), RULES)?;
        let router = format!(
            "route: {{receiver: hook, group_by: [alertname], group_wait: 0s, group_interval: 1s}}\n\
             receivers:\n- name: hook\n  webhook_configs: [{{url: '{}', send_resolved: true}}]\n",
            webhook.url
        );
        fs::write(files.path().join("alertmanager.yml"), router)?;
        let config = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s, external_labels: {{site: valley}}}}\n\
             rule_files: ['{folder}/rules.yml']\n\
             alert_router: {{config_file: '{folder}/alertmanager.yml'}}\n\
             scrape_configs:\n\
             - job_name: node\n  scrape_interval: 3s\n  static_configs: [{{targets: ['{node}']}}]\n\
             - job_name: weir\n  static_configs: [{{targets: ['{{address}}']}}]\n\
             - job_name: host\n  metrics_path: /metrics/host\n  static_configs: [{{targets: ['{{address}}']}}]\n\
             - job_name: dam\n  static_configs: [{{targets: ['{dam}'], labels: {{river: blue}}}}]\n",
            folder = files.path().display(),
            node = node.address,
            dam = exporter.address,
        );
        Ok(Self {
            weir: Weir::start(Some(&config), &[]).await?,
            exporter,
            webhook,
            _node: node,
            _files: files,
        })
    }

    async fn everything_is_scraped(&self) -> Result<()> {
        eventually(WITHIN, || async {
            let up = self.query("up == 1").await?;
            let mut jobs = texts(&up, |row| &row["metric"]["job"]);
            jobs.sort();
            ensure!(
                jobs == ["dam", "host", "node", "weir"],
                "{up}\n{}",
                self.weir.log()
            );
            let counted =
                "count by (job) (sum by (job, mode) (rate(node_cpu_seconds_total{mode=\"idle\"}[1m])) > 0)";
            let rates = self.query(counted).await?;
            ensure!(texts(&rates, |row| &row["metric"]["job"]).len() == 2, "{rates}");
            ensure!(
                self.value("job:up:sum{job=\"dam\"}").await? == 1.0,
                "the rule records another value"
            );
            Ok(())
        })
        .await
    }

    /// An instant query; the rows.
    async fn query(&self, expression: &str) -> Result<Value> {
        self.query_at(expression, &[]).await
    }

    async fn query_at(&self, expression: &str, parameters: &[(&str, &str)]) -> Result<Value> {
        Ok(query(&self.weir.url, expression, parameters).await?["result"].take())
    }

    /// The value of the one series that an expression gives.
    async fn value(&self, expression: &str) -> Result<f64> {
        let rows = self.query(expression).await?;
        let one = rows.as_array().filter(|rows| rows.len() == 1);
        let row = &one.with_context(|| format!("{expression}: {rows}"))?[0];
        Ok(point_of(&row["value"])?.1)
    }
}

/// One text of each item of a list.
fn texts(list: &Value, of: impl Fn(&Value) -> &Value) -> Vec<String> {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .map(|item| of(item).as_str().unwrap_or_default().to_owned())
        .collect()
}
