//! `--enable-feature=st-synthesis`: cumulative series of a target that says no starts are counted from their first
//! value. Prometheus has this since 3.13, so that 3.5 is no judge: what is expected follows the code of 3.14
//! (`scrape/st_synthesis.go`, `checkAndSynthesizeStartTime`).

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use engine_model::time::now_ms;

use crate::exporter::Exporter;
use crate::http::{eventually, get, query};
use crate::push::{self, Samples, seconds};
use crate::suite::Suite;
use crate::weir::Weir;

/// Longest wait for some scrapes.
const WITHIN: Duration = Duration::from_secs(60);
const FLAGS: &str =
    "--enable-feature=st-synthesis,st-storage,use-start-timestamps,promql-experimental-functions";

/// Adds the tests of this file.
pub(crate) fn add(suite: &mut Suite) {
    suite.add(
        "cumulative_series_are_counted_from_their_first_value",
        &[],
        cumulative_series_are_counted_from_their_first_value,
    );
}

/// A page whose counters stand at `n`.
fn page(n: u64) -> String {
    format!(
        "# TYPE c_total counter\nc_total {n}\n# TYPE g gauge\ng {n}\n\
         # TYPE h histogram\nh_bucket{{le=\"1\"}} {n}\nh_bucket{{le=\"+Inf\"}} {n}\nh_sum {n}\nh_count {n}\n\
         # TYPE s summary\ns{{quantile=\"0.5\"}} {n}\ns_sum {n}\ns_count {n}\n\
         # TYPE u untyped\nu_total {n}\n"
    )
}

/// All samples of the only series of a selector.
async fn samples(weir: &Weir, selector: &str) -> Result<Samples> {
    let mut found = push::samples(&weir.url, selector, "1h").await?;
    let (_, samples) = found.pop_first().with_context(|| format!("no {selector}"))?;
    ensure!(found.is_empty(), "{selector} is more than one series: {found:?}");
    Ok(samples)
}

/// Waits until the gauge has shown `n` at least twice.
async fn scraped(weir: &Weir, n: u64) -> Result<()> {
    eventually(WITHIN, || async {
        let gauge = samples(weir, "g").await?;
        let shown = gauge.values().filter(|value| **value == n as f64).count();
        ensure!(shown > 1, "{gauge:?}\n{}", weir.log());
        Ok(())
    })
    .await
}

/// What `start_timestamp` says of a series at a time, both in ms.
async fn start(weir: &Weir, selector: &str, at_ms: i64) -> Result<i64> {
    let expression = format!("start_timestamp({selector})");
    let data = query(&weir.url, &expression, &[("time", &seconds(at_ms))]).await?;
    let text = data["result"][0]["value"][1].as_str();
    let seconds: f64 = text.with_context(|| format!("{selector}: {data}"))?.parse()?;
    Ok((seconds * 1000.0).round() as i64)
}

const CUMULATIVE: [&str; 7] = [
    "c_total",
    "h_bucket{le=\"1.0\"}",
    "h_bucket{le=\"+Inf\"}",
    "h_sum",
    "h_count",
    "s_sum",
    "s_count",
];
const OTHERS: [&str; 3] = ["g", "s{quantile=\"0.5\"}", "u_total"];

async fn cumulative_series_are_counted_from_their_first_value() -> Result<()> {
    let app = Exporter::serve(&page(100)).await?;
    let config = format!(
        "global: {{scrape_interval: 1s}}\nscrape_configs:\n\
         - job_name: app\n  static_configs: [{{targets: ['{}']}}]\n",
        app.address
    );
    let weir = Weir::start(Some(&config), &[FLAGS]).await?;
    let plain = Weir::start(Some(&config), &[]).await?;
    for n in [100, 107, 3] {
        app.show(&page(n));
        scraped(&weir, n).await?;
        scraped(&plain, n).await?;
    }
    let gauge = samples(&weir, "g").await?;
    let (first_ms, _) = gauge.first_key_value().context("no scrape")?;
    let fell = gauge.iter().find(|(_, value)| **value == 3.0);
    let (fell_ms, _) = fell.context("no reset")?;
    let mut expected = gauge.clone();
    // The first sample is not stored, and what it was is taken from the others up to the reset.
    expected.remove(first_ms);
    for (ms, value) in &mut expected {
        *value -= if ms < fell_ms { 100.0 } else { 0.0 };
    }
    for series in CUMULATIVE {
        let mut found = samples(&weir, series).await?;
        // Further scrapes may have come in between.
        found.retain(|ms, _| gauge.contains_key(ms));
        ensure!(found == expected, "{series}: {found:?}, not {expected:?}");
        // It began with its first scrape, and just before the one where it fell.
        let began = [
            start(&weir, series, fell_ms - 1).await?,
            start(&weir, series, now_ms()).await?,
        ];
        ensure!(began == [*first_ms, fell_ms - 1], "{series} began at {began:?}");
        let raw = samples(&plain, series).await?;
        ensure!(
            raw.first_key_value().map(|(_, value)| *value) == Some(100.0),
            "{raw:?}"
        );
    }
    for series in OTHERS {
        let mut found = samples(&weir, series).await?;
        found.retain(|ms, _| gauge.contains_key(ms));
        ensure!(found == gauge, "{series}: {found:?}, not {gauge:?}");
        ensure!(start(&weir, series, now_ms()).await? == 0, "{series} has a start");
    }
    for (weir, expected) in [(&weir, Some(true)), (&plain, None)] {
        let features = get(&format!("{}/api/v1/features", weir.url)).await?.data()?;
        ensure!(
            features["scrape"]["st-synthesis"].as_bool() == expected,
            "{features}"
        );
    }
    Ok(())
}
