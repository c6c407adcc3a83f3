//! A real Prometheus reads what Weir stores: by remote read, beside one that was sent the same samples itself, and by
//! scraping the federation.

use std::time::Duration;

use anyhow::{Result, ensure};
use connectors_formats::remote_write::compress;
use connectors_formats::remote_write::v1::{Sample, Sent, encode_series};
use engine_model::histogram::{Counts, ResetHint, Span};
use engine_model::staleness::STALE_NAN;
use engine_model::time::now_ms;
use engine_model::{Histogram, Labels};

use crate::http::{eventually, get, post, query};
use crate::peers::{self, Program};
use crate::push::seconds;
use crate::suite::{Need, Suite};
use crate::weir::Weir;

/// No jobs and no rules; labels that only readers see.
const CONFIG: &str = "global:\n  external_labels:\n    cluster: eu\n";
const STEPS: i64 = 400;
const STEP_MS: i64 = 5_000;

/// Adds the tests of this file.
pub(crate) fn add(suite: &mut Suite) {
    let needs = [Need::Peer(Program::Prometheus)];
    suite.add(
        "prometheus_reads_weir_remotely",
        &needs,
        prometheus_reads_weir_remotely,
    );
    suite.add("prometheus_federates_weir", &needs, prometheus_federates_weir);
}

/// A counter with a reset, a gauge that ends, and native histograms whose layout changes and which start again.
fn message(end_ms: i64) -> Result<Vec<u8>> {
    let at = |step: i64| end_ms - (STEPS - 1 - step) * STEP_MS;
    let floats = |value: &dyn Fn(i64) -> Option<f64>| -> Vec<Sample> {
        let samples = (0..STEPS).filter_map(|step| {
            Some(Sample {
                timestamp: at(step),
                value: value(step)?,
            })
        });
        samples.collect()
    };
    let counter = floats(&|step| Some((step % 250) as f64 * 1.25));
    let ended = floats(&|step| match step {
        0..=300 => Some(0.1 + step as f64),
        301 => Some(STALE_NAN),
        _ => None,
    });
    let histograms: Vec<(i64, Histogram)> = (0..STEPS).map(|step| (at(step), histogram(step))).collect();
    let labels = ["counter_total", "ended", "latency"]
        .map(|name| Labels::from_pairs([("__name__", name), ("job", "a")]));
    let sent = [
        (&labels[0], &counter[..], &[][..]),
        (&labels[1], &ended[..], &[][..]),
        (&labels[2], &[][..], &histograms[..]),
    ];
    let series = sent.map(|(labels, samples, histograms)| Sent {
        labels,
        samples,
        histograms,
        exemplars: &[],
    });
    Ok(compress(&encode_series(series))?)
}

fn histogram(step: i64) -> Histogram {
    let age = (step % 230) + 1;
    let wide = step >= 150;
    Histogram {
        schema: 2,
        reset_hint: ResetHint::Unknown,
        zero_threshold: 1e-10,
        sum: age as f64 * 3.7,
        positive_spans: vec![Span {
            offset: -2,
            length: if wide { 3 } else { 2 },
        }],
        negative_spans: vec![Span { offset: 1, length: 1 }],
        custom_values: Vec::new(),
        counts: Counts::Integer {
            count: (age * if wide { 8 } else { 6 }) as u64,
            zero: age as u64,
            positive: if wide { vec![age, age, 0] } else { vec![age, age] },
            negative: vec![age * 2],
        },
    }
}

async fn write(base: &str, message: &[u8]) -> Result<()> {
    let answer = post(&format!("{base}/api/v1/write"), "application/x-protobuf", message).await?;
    ensure!(answer.status / 100 == 2, "{base}: {answer:?}");
    Ok(())
}

async fn prometheus_reads_weir_remotely() -> Result<()> {
    let weir = Weir::start(Some(CONFIG), &[]).await?;
    let flags = ["--enable-feature=native-histograms"];
    let direct = peers::prometheus("global: {}\n", &flags).await?;
    let remote = format!(
        "remote_read:\n- url: {}/api/v1/read\n  read_recent: true\n",
        weir.url
    );
    let reader = peers::prometheus(&remote, &flags).await?;
    let end_ms = now_ms() / 5_000 * 5_000 - 5_000;
    let message = message(end_ms)?;
    write(&weir.url, &message).await?;
    write(&direct.url, &message).await?;
    let (start, end) = (seconds(end_ms - 1_900_000), seconds(end_ms));
    for expression in [
        "counter_total",
        "increase(counter_total[10m])",
        "ended",
        "count_over_time(ended[30m])",
        "latency",
        "histogram_count(latency)",
        "increase(latency[5m])",
        "histogram_quantile(0.9, rate(latency[3m]))",
        "{__name__=~\".+\"}",
        "nothing",
    ] {
        let ask = async |base: &str| {
            let parameters = [
                ("query", expression),
                ("start", &start),
                ("end", &end),
                ("step", "61"),
            ];
            let url = url::Url::parse_with_params(&format!("{base}/api/v1/query_range"), parameters)?;
            get(url.as_str()).await?.data()
        };
        let expected = ask(&direct.url).await?.to_string();
        // External labels are added for those who read.
        let found = ask(&reader.url)
            .await?
            .to_string()
            .replace("\"cluster\":\"eu\",", "");
        ensure!(
            found.replace("\"cluster\":\"eu\"", "") == expected,
            "{expression}:\n{found}\n{expected}"
        );
    }
    // Who asks for an external label means what lacks it here.
    let external = query(
        &reader.url,
        "count(ended{cluster=\"eu\"} @ 1 or counter_total{cluster=\"eu\"})",
        &[("time", &end)],
    )
    .await?;
    ensure!(external["result"][0]["value"][1] == "1", "{external}");
    Ok(())
}

async fn prometheus_federates_weir() -> Result<()> {
    let weir = Weir::start(Some(CONFIG), &[]).await?;
    write(&weir.url, &message(now_ms())?).await?;
    let config = format!(
        "global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: federate\n  honor_labels: true\n  metrics_path: /federate\n  \
         params: {{'match[]': ['{{__name__=~\".+\"}}']}}\n  static_configs: [{{targets: ['{}']}}]\n",
        weir.address
    );
    let reader = peers::prometheus(&config, &["--enable-feature=native-histograms"]).await?;
    let newest = histogram(STEPS - 1);
    let Counts::Integer { count, .. } = newest.counts else {
        anyhow::bail!("the histogram counts whole observations");
    };
    for (expression, expected) in [
        ("counter_total", "186.25".to_owned()),
        ("histogram_count(latency)", count.to_string()),
    ] {
        let found = eventually(Duration::from_secs(20), || async {
            let found = query(&reader.url, expression, &[]).await?;
            ensure!(
                found["result"][0]["value"][1] == expected,
                "{expression}: {found}"
            );
            Ok(found)
        })
        .await?;
        let metric = &found["result"][0]["metric"];
        ensure!(
            metric["cluster"] == "eu" && metric["job"] == "a" && metric.get("instance").is_none(),
            "{found}"
        );
    }
    let ended = query(&reader.url, "ended", &[]).await?;
    ensure!(ended["result"] == serde_json::json!([]), "{ended}");
    Ok(())
}
