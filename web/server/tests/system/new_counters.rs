//! The first error of a task: its counter appears with the value 1, and only `new_counters_from_zero` makes an
//! increase of that. The first error fires the alert, the next fires it again, both are resolved and notified.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::exporter::Exporter;
use crate::http::{eventually, query};
use crate::suite::Suite;
use crate::webhook::Webhook;
use crate::weir::Weir;

/// Longest wait for anything that comes true by itself, on two busy cores.
const WITHIN: Duration = Duration::from_secs(90);

/// The application before its first error, which has no series for it yet.
const SOUND: &str = "# TYPE tasks_total counter\ntasks_total{task=\"import\"} 3\n";

const RULES: &str = "\
groups:
- name: tasks
  rules:
  - alert: TaskFailed
    expr: sum by (job, task) (increase(task_errors_total[8s])) > 0
    annotations:
      summary: 'task {{ $labels.task }} failed'
";

/// Adds the tests of this file.
pub(crate) fn add(suite: &mut Suite) {
    suite.add(
        "the_first_error_of_a_task_fires",
        &[],
        the_first_error_of_a_task_fires,
    );
}

async fn the_first_error_of_a_task_fires() -> Result<()> {
    let app = Exporter::serve(SOUND).await?;
    let webhook = Webhook::listen().await?;
    let files = TempDir::new()?;
    fs::write(files.path().join("rules.yml"), RULES)?;
    let router = format!(
        "route: {{receiver: hook, group_by: [job], group_wait: 0s, group_interval: 1s}}\n\
         receivers:\n- name: hook\n  webhook_configs: [{{url: '{}', send_resolved: true}}]\n",
        webhook.url
    );
    fs::write(files.path().join("alertmanager.yml"), router)?;
    let config = format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\n\
         rule_files: ['{folder}/rules.yml']\n\
         alert_router: {{config_file: '{folder}/alertmanager.yml'}}\n\
         scrape_configs:\n\
         - job_name: app\n  new_counters_from_zero: true\n  static_configs: [{{targets: ['{app}']}}]\n\
         - job_name: plain\n  static_configs: [{{targets: ['{app}']}}]\n",
        folder = files.path().display(),
        app = app.address,
    );
    let weir = Weir::start(Some(&config), &[]).await?;
    eventually(WITHIN, || async {
        let up = query(&weir.url, "count(tasks_total)", &[]).await?;
        ensure!(up["result"][0]["value"][1] == "2", "{up}\n{}", weir.log());
        Ok(())
    })
    .await?;

    app.show(&errors(1));
    heard(&webhook, "app", &["firing"]).await?;
    let zero = query(
        &weir.url,
        "min_over_time(task_errors_total{job=\"app\"}[1m])",
        &[],
    )
    .await?;
    ensure!(zero["result"][0]["value"][1] == "0", "{zero}");
    heard(&webhook, "app", &["firing", "resolved"]).await?;
    ensure!(
        statuses(&webhook, "plain").is_empty(),
        "without the key the first error is no increase"
    );

    app.show(&errors(2));
    heard(&webhook, "app", &["firing", "resolved", "firing"]).await?;
    heard(&webhook, "app", &["firing", "resolved", "firing", "resolved"]).await?;
    heard(&webhook, "plain", &["firing", "resolved"]).await
}

/// The page after this many errors.
fn errors(count: u64) -> String {
    format!("{SOUND}# TYPE task_errors_total counter\ntask_errors_total{{task=\"import\"}} {count}\n")
}

/// Waits until the webhook has heard exactly these statuses of a job, in this order.
async fn heard(webhook: &Webhook, job: &str, wanted: &[&str]) -> Result<()> {
    eventually(WITHIN, || async {
        let heard = statuses(webhook, job);
        ensure!(heard == wanted, "{job}: heard {heard:?}, wanted {wanted:?}");
        Ok(())
    })
    .await
    .with_context(|| format!("{:#?}", webhook.calls()))
}

/// The statuses of a job's notifications, in order.
fn statuses(webhook: &Webhook, job: &str) -> Vec<String> {
    let calls = webhook.calls();
    let ours = calls.iter().filter(|call| call.body["groupLabels"]["job"] == job);
    ours.map(|call| call.body["status"].as_str().unwrap_or_default().to_owned())
        .collect()
}
