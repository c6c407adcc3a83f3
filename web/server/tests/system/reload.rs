//! Reloading: what does not change goes on without a gap, what cannot be used changes nothing, and files that
//! change are noticed.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tokio::time::sleep;

use crate::exporter::Exporter;
use crate::http::{Answer, eventually, get, post, query};
use crate::push::samples;
use crate::suite::Suite;
use crate::weir::Weir;

/// Time between scrapes of the jobs below, ms.
const INTERVAL_MS: i64 = 250;

pub(crate) fn add(suite: &mut Suite) {
    suite.add(
        "a_reload_leaves_other_jobs_alone",
        &[],
        a_reload_leaves_other_jobs_alone,
    );
    suite.add(
        "files_that_change_are_taken_over",
        &[],
        files_that_change_are_taken_over,
    );
}

async fn reload(weir: &Weir) -> Result<Answer> {
    post(&format!("{}/-/reload", weir.url), "text/plain", "").await
}

/// The value of a metric of the server's own.
async fn own(weir: &Weir, name: &str) -> Result<f64> {
    let page = get(&format!("{}/metrics", weir.url)).await?.body;
    let line = page
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name} ")));
    Ok(line.with_context(|| format!("no {name} in {page}"))?.parse()?)
}

fn config(steady: &str, moving: &[&str], more: &str) -> String {
    format!(
        "global: {{scrape_interval: {INTERVAL_MS}ms, evaluation_interval: 1s}}\n{more}scrape_configs:\n\
         - job_name: steady\n  static_configs: [{{targets: ['{steady}']}}]\n\
         - job_name: moving\n  static_configs: [{{targets: [{}]}}]\n",
        moving.join(", ")
    )
}

/// How many samples of a series there are.
async fn count(weir: &Weir, series: &str) -> Result<usize> {
    let found = samples(&weir.url, series, "1h").await?;
    Ok(found.values().map(std::collections::BTreeMap::len).sum())
}

async fn wait_for(weir: &Weir, series: &str, least: usize) -> Result<()> {
    eventually(Duration::from_secs(60), || async {
        let found = count(weir, series).await?;
        ensure!(
            found >= least,
            "{found} samples of {series}, not {least}\n{}",
            weir.log()
        );
        Ok(())
    })
    .await
}

async fn a_reload_leaves_other_jobs_alone() -> Result<()> {
    let page = "a_total 1\nb{x=\"y\"} 2\n";
    let (steady, first, second) = (
        Exporter::serve(page).await?,
        Exporter::serve(page).await?,
        Exporter::serve(page).await?,
    );
    let rules = "groups:\n- name: g\n  rules:\n  - alert: Always\n    expr: vector(1)\n";
    let more = "rule_files: ['rules.yml']\n";
    let weir = Weir::start(Some(&config(&steady.address, &[&first.address], "")), &[]).await?;
    weir.write("rules.yml", rules)?;
    weir.configure(&config(&steady.address, &[&first.address], more))?;
    let answer = reload(&weir).await?;
    ensure!(answer.status == 200, "{answer:?}");
    wait_for(&weir, "up{job=\"steady\"}", 3).await?;
    let since = eventually(Duration::from_secs(30), || active_since(&weir)).await?;

    // The other job gets a target, loses one, changes its interval, goes, and comes back at once.
    let both = [first.address.as_str(), second.address.as_str()];
    let without = config(&steady.address, &both, more);
    let without = without
        .split("- job_name: moving")
        .next()
        .unwrap_or_default()
        .to_owned();
    let slower = config(&steady.address, &both[1..], more) + "  scrape_interval: 300ms\n";
    for text in [
        config(&steady.address, &both, more),
        config(&steady.address, &both[1..], more),
        slower,
        without,
        config(&steady.address, &both, more),
    ] {
        weir.configure(&text)?;
        weir.hang_up()?;
        sleep(Duration::from_millis(700)).await;
    }
    let before = count(&weir, "up{job=\"moving\"}").await?;
    wait_for(&weir, "up{job=\"moving\"}", before + 4).await?;
    wait_for(&weir, "up{job=\"steady\"}", 15).await?;
    no_gap(&weir).await?;
    ensure!(
        eventually(Duration::from_secs(10), || active_since(&weir)).await? == since,
        "the alert of an unchanged group begins anew"
    );
    broken_files_change_nothing(&weir, &config(&steady.address, &both, more)).await
}

/// When the alert of the rule group became active.
async fn active_since(weir: &Weir) -> Result<Value> {
    let data = get(&format!("{}/api/v1/alerts", weir.url)).await?.data()?;
    let since = data["alerts"][0]["activeAt"].clone();
    ensure!(since.is_string(), "{data}");
    Ok(since)
}

/// Every series of the steady job has a sample at each interval, its report series among them, and the
/// target was never made anew: its series were added by the first scrape alone.
async fn no_gap(weir: &Weir) -> Result<()> {
    for (labels, samples) in samples(&weir.url, "{job=\"steady\"}", "1h").await? {
        let times: Vec<i64> = samples.keys().copied().collect();
        for pair in times.windows(2) {
            // A busy machine may miss a tick; a reload that stops a loop misses several.
            ensure!(
                pair[1] - pair[0] <= 3 * INTERVAL_MS,
                "{labels} has a gap: {times:?}\n{}",
                weir.log()
            );
        }
    }
    let added = query(
        &weir.url,
        "sum_over_time(scrape_series_added{job=\"steady\"}[1h])",
        &[],
    )
    .await?;
    ensure!(added["result"][0]["value"][1] == "2", "{added}");
    Ok(())
}

async fn broken_files_change_nothing(weir: &Weir, good: &str) -> Result<()> {
    ensure!(own(weir, "prometheus_config_last_reload_successful").await? == 1.0);
    let broken = good.replace("job_name: moving", "jobname: moving");
    weir.configure(&broken)?;
    let answer = reload(weir).await?;
    ensure!(
        answer.status == 500
            && answer.body.contains("prometheus.yml:6:3")
            && answer.body.contains("job_name"),
        "{answer:?}"
    );
    ensure!(
        weir.log().contains("reloading the configuration failed"),
        "{}",
        weir.log()
    );
    ensure!(own(weir, "prometheus_config_last_reload_successful").await? == 0.0);
    // What is found late, here a log of queries that cannot be opened, comes before anything is changed.
    let late = good.replace(
        "global: {",
        "global: {query_log_file: no/such/folder/q.log, external_labels: {half: done}, ",
    );
    weir.configure(&late.replace("job_name: moving", "job_name: other"))?;
    let answer = reload(weir).await?;
    ensure!(
        answer.status == 500 && answer.body.contains("query log"),
        "{answer:?}"
    );
    let targets = get(&format!("{}/api/v1/targets", weir.url)).await?.body;
    ensure!(!targets.contains("\"other\""), "{targets}");
    let before = count(weir, "up{job=\"moving\"}").await?;
    wait_for(weir, "up{job=\"moving\"}", before + 3).await?;
    weir.configure(good)?;
    ensure!(reload(weir).await?.status == 200);
    ensure!(own(weir, "prometheus_config_last_reload_successful").await? == 1.0);
    Ok(())
}

async fn files_that_change_are_taken_over() -> Result<()> {
    let (first, second, third) = (
        Exporter::serve("a 1\n").await?,
        Exporter::serve("a 1\n").await?,
        Exporter::serve("a 1\n").await?,
    );
    let text = format!(
        "global: {{scrape_interval: {INTERVAL_MS}ms}}\nscrape_config_files: ['*.jobs.yml']\nscrape_configs:\n\
         - job_name: found\n  file_sd_configs: [{{files: ['targets.json']}}]\n"
    );
    let flags = ["--config.auto-reload", "--config.auto-reload-interval=1s"];
    let weir = Weir::start(Some(&text), &flags).await?;
    let found = |address: &str| format!("up{{job=\"found\",instance=\"{address}\",zone=\"z\"}}");
    let targets = |address: &str| format!(r#"[{{"targets": ["{address}"], "labels": {{"zone": "z"}}}}]"#);
    weir.write("targets.json", &targets(&first.address))?;
    wait_for(&weir, &found(&first.address), 2).await?;
    weir.write("targets.json", &targets(&second.address))?;
    wait_for(&weir, &found(&second.address), 2).await?;
    eventually(Duration::from_secs(30), || async {
        let gone = query(&weir.url, &found(&first.address), &[]).await?;
        ensure!(gone["result"].as_array().is_some_and(Vec::is_empty), "{gone}");
        Ok(())
    })
    .await?;

    // A file that the configuration names by pattern appears: nobody asks for a reload.
    let more = format!(
        "scrape_configs:\n- job_name: added\n  static_configs: [{{targets: ['{}']}}]\n",
        third.address
    );
    weir.write("new.jobs.yml", &more)?;
    wait_for(&weir, "up{job=\"added\"}", 2).await?;
    let refreshes = own(&weir, "prometheus_sd_updates_total{name=\"scrape\"}").await?;
    ensure!(refreshes >= 2.0, "{refreshes} updates");
    Ok(())
}
