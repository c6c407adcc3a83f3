//! The life of the process: it starts without a configuration, drains on SIGTERM with status 0, comes back after SIGKILL.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::http::{eventually, get, query};
use crate::peers::{Program, prometheus};
use crate::suite::{Need, Suite};
use crate::weir::Weir;

/// Starts that are stopped at once.
const STOPS: usize = 5;

/// Adds the tests of this file.
pub(crate) fn add(suite: &mut Suite) {
    suite.add(
        "weir_starts_stops_and_comes_back",
        &[],
        weir_starts_stops_and_comes_back,
    );
    suite.add(
        "a_stop_while_weir_starts_is_orderly",
        &[],
        a_stop_while_weir_starts_is_orderly,
    );
    suite.add(
        "prometheus_scrapes_weir",
        &[Need::Peer(Program::Prometheus)],
        prometheus_scrapes_weir,
    );
}

async fn weir_starts_stops_and_comes_back() -> Result<()> {
    let mut weir = Weir::start(None, &[]).await?;
    let healthy = get(&format!("{}/-/healthy", weir.url)).await?;
    ensure!(healthy.status == 200, "{healthy:?}");
    let count_over = "count_over_time(up{job=\"weir\"}[1h])";
    let scraped = eventually(Duration::from_secs(60), || async {
        let data = query(&weir.url, count_over, &[]).await?;
        let count = data["result"][0]["value"][1]
            .as_str()
            .and_then(|count| count.parse::<f64>().ok());
        count.ok_or_else(|| anyhow::anyhow!("{data}\n{}", weir.log()))
    })
    .await?;
    let status = weir.stop().await?;
    ensure!(status.code() == Some(0), "SIGTERM ended it with {status}");
    ensure!(weir.data().is_dir(), "it stores below --storage.path");

    weir.start_again().await?;
    weir.kill().await?;
    weir.start_again().await?;
    let data = query(&weir.url, count_over, &[]).await?;
    let count = data["result"][0]["value"][1]
        .as_str()
        .and_then(|count| count.parse::<f64>().ok());
    ensure!(count >= Some(scraped), "{scraped} samples before, then {data}");
    Ok(())
}

async fn a_stop_while_weir_starts_is_orderly() -> Result<()> {
    let mut weir = Weir::start(None, &[]).await?;
    weir.kill().await?;
    for _ in 0..STOPS {
        let status = weir.start_and_stop_when_it_listens().await?;
        ensure!(status.code() == Some(0), "SIGTERM ended it with {status}");
    }
    Ok(())
}

async fn prometheus_scrapes_weir() -> Result<()> {
    let weir = Weir::start(None, &[]).await?;
    let config = format!(
        "global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: weir\n  static_configs: [{{targets: ['{}']}}]\n",
        weir.address
    );
    let server = prometheus(&config, &[]).await?;
    eventually(Duration::from_secs(30), || async {
        let data = query(&server.url, "up{job=\"weir\"}", &[]).await?;
        ensure!(
            data["result"][0]["value"][1] == "1",
            "{data}\n{}\n{}",
            server.log(),
            weir.log()
        );
        Ok(())
    })
    .await
}
