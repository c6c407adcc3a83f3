//! Start timestamps end to end: exposed and pushed, kept through flush, compaction, restart and SIGKILL, used by
//! queries; and nothing of them without the flags. Prometheus has this since 3.11, so that 3.5 is no judge.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use connectors_formats::remote_write::{compress, v1::Sample, v2};
use engine_model::Labels;
use engine_model::histogram::{Counts, Histogram, Span};
use engine_model::time::now_ms;

use crate::http::{eventually, get, post, query};
use crate::metric_family::{COUNTER, Family, HISTOGRAM, Message};
use crate::push::seconds;
use crate::scrape_differential::{OPEN_METRICS, PROTOBUF, Pages, serve};
use crate::suite::Suite;
use crate::weir::Weir;

/// Longest wait for two scrapes.
const WITHIN: Duration = Duration::from_secs(60);
const MINUTE: i64 = 60_000;
const FLAGS: &str = "--enable-feature=st-storage,use-start-timestamps,promql-experimental-functions";
const LATE: &str = "storage: {tsdb: {out_of_order_time_window: 1h}}\nscrape_configs: []\n";

/// Adds the tests of this file.
pub(crate) fn add(suite: &mut Suite) {
    suite.add(
        "start_timestamps_are_kept_and_used",
        &[],
        start_timestamps_are_kept_and_used,
    );
    suite.add(
        "exposed_start_timestamps_are_kept",
        &[],
        exposed_start_timestamps_are_kept,
    );
}

/// What `c_total` has: its value rises by 10 a minute, and began anew between minutes 6 and 7, which only the start
/// tells; from 14 on it says nothing.
fn start_of(minute: i64) -> i64 {
    match minute {
        0..7 => -30_000,
        7..14 => 400_000,
        _ => 0,
    }
}

async fn push(weir: &Weir, base: i64, minutes: impl Iterator<Item = i64>) -> Result<()> {
    let labels = ["c_total", "h"].map(|name| Labels::from_pairs([("__name__", name), ("job", "j")]));
    for minute in minutes {
        let (at, start) = (base + minute * MINUTE, start_of(minute));
        let start_timestamp = if start == 0 { 0 } else { base + start };
        let histogram = Histogram {
            sum: minute as f64,
            positive_spans: vec![Span { offset: 0, length: 1 }],
            counts: Counts::Integer {
                count: 10 + 10 * minute as u64,
                zero: 0,
                positive: vec![10 + 10 * minute],
                negative: Vec::new(),
            },
            ..Histogram::stale()
        };
        let samples = [Sample {
            timestamp: at,
            value: (10 + 10 * minute) as f64,
        }];
        let sent = |labels, samples, histograms| v2::Sent {
            labels,
            samples,
            start_timestamp,
            histograms,
            exemplars: &[],
            metadata: None,
        };
        let histograms = [(at, histogram)];
        let series = [
            sent(&labels[0], &samples[..], &[][..]),
            sent(&labels[1], &[], &histograms),
        ];
        let body = compress(&v2::encode(series))?;
        let media = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
        let answer = post(&format!("{}/api/v1/write", weir.url), media, body).await?;
        ensure!(answer.status == 204, "minute {minute}: {answer:?}");
    }
    Ok(())
}

/// The single value of an expression at `at_ms`; nothing for an empty result.
async fn value(weir: &Weir, expression: &str, at_ms: i64) -> Result<Option<f64>> {
    let data = query(&weir.url, expression, &[("time", &seconds(at_ms))]).await?;
    let rows = data["result"].as_array().context("no result")?;
    ensure!(rows.len() < 2, "{expression}: {data}");
    let text = rows.first().and_then(|row| row["value"][1].as_str());
    Ok(text.map(str::parse).transpose()?)
}

async fn check(weir: &Weir, base: i64, state: &str) -> Result<()> {
    let begun = |ms: i64| Some((base + ms) as f64 / 1000.0);
    for (expression, minute, expected) in [
        ("start_timestamp(c_total)", 5, begun(-30_000)),
        ("start_timestamp(c_total)", 10, begun(400_000)),
        ("start_timestamp(c_total)", 15, Some(0.0)),
        ("start_timestamp(h)", 10, begun(400_000)),
        ("start_timestamp(c_total + 0)", 10, None),
        // 60 70 | 80 90 100: 30, and 70 before the unseen reset, over 4 of 5 minutes.
        ("increase(c_total[5m])", 9, Some(137.5)),
        ("resets(c_total[5m])", 9, Some(1.0)),
        ("irate(c_total[5m])", 7, Some(80.0 / 60.0)),
        ("resets(c_total[5m])", 20, Some(0.0)),
        ("histogram_count(increase(h[5m]))", 9, Some(137.5)),
    ] {
        let found = value(weir, expression, base + minute * MINUTE).await?;
        ensure!(
            found == expected,
            "{expression} at {minute}m {state}: {found:?}, not {expected:?}"
        );
    }
    Ok(())
}

async fn start_timestamps_are_kept_and_used() -> Result<()> {
    let mut weir = Weir::start(Some(LATE), &[FLAGS]).await?;
    let base = (now_ms() - 40 * MINUTE) / MINUTE * MINUTE;
    let late = |minute: &i64| [5, 7, 8, 15].contains(minute);
    push(&weir, base, (0..21).filter(|minute| !late(minute))).await?;
    push(&weir, base, (0..21).rev().filter(late)).await?;
    check(&weir, base, "in the head").await?;
    weir.kill().await?;
    weir.start_again().await?;
    check(&weir, base, "after SIGKILL").await?;
    for work in ["flush", "compact"] {
        let answer = post(&format!("{}/api/v1/admin/storage/{work}", weir.url), "", "").await?;
        ensure!(answer.status == 200, "{work}: {answer:?}");
        check(&weir, base, work).await?;
    }
    let status = weir.stop().await?;
    ensure!(status.success(), "{status}");
    weir.start_again().await?;
    check(&weir, base, "after a restart").await?;

    // Stored but not used, and used but not stored: both are as if there were none.
    for flags in [
        "--enable-feature=st-storage,promql-experimental-functions",
        "--enable-feature=use-start-timestamps,promql-experimental-functions",
    ] {
        let weir = Weir::start(Some(LATE), &[flags]).await?;
        push(&weir, base, 0..21).await?;
        let at = base + 9 * MINUTE;
        let started = value(&weir, "start_timestamp(c_total)", at).await?;
        let nothing = if flags.contains("use-start") {
            Some(0.0)
        } else {
            None
        };
        ensure!(started == nothing, "{flags}: {started:?}");
        ensure!(
            value(&weir, "increase(c_total[5m])", at).await? == Some(50.0),
            "{flags}"
        );
    }
    Ok(())
}

/// An OpenMetrics page and a protobuf page of things that began at `started`, in seconds, or a part of one later.
fn pages(started: i64) -> Pages {
    let text = format!(
        "# TYPE a counter\na_total{{x=\"1\"}} 5\na_created{{x=\"1\"}} {started}\n# TYPE g gauge\ng 1\n\
         # TYPE l histogram\nl_bucket{{le=\"+Inf\"}} 3\nl_count 3\nl_sum 4\nl_created {started}.5\n# EOF\n"
    );
    let at = Message::default()
        .varint(1, started as u64)
        .varint(2, 250_000_000);
    let counter = Message::default().double(1, 7.0).message(3, &at);
    let native = Message::default()
        .varint(1, 3)
        .double(2, 4.0)
        .zigzag(5, 0)
        .double(6, 0.001);
    let native = native.varint(7, 3).message(15, &at);
    let mut proto = Family::new("p_total", COUNTER).metric(&[], 3, &counter).bytes();
    proto.extend(Family::new("n", HISTOGRAM).metric(&[], 7, &native).bytes());
    Pages::from([
        ("text".to_owned(), (OPEN_METRICS, text.into_bytes())),
        ("proto".to_owned(), (PROTOBUF, proto)),
    ])
}

async fn exposed_start_timestamps_are_kept() -> Result<()> {
    let started = now_ms() / 1000 - 100;
    let address = serve(pages(started)).await?;
    let mut config =
        "global: {scrape_interval: 1s, scrape_native_histograms: true}\nscrape_configs:\n".to_owned();
    for job in ["text", "proto"] {
        config.push_str(&format!(
            "- job_name: {job}\n  metrics_path: /{job}\n  static_configs: [{{targets: ['{address}']}}]\n"
        ));
    }
    let (with, without) = (
        Weir::start(Some(&config), &[FLAGS]).await?,
        Weir::start(Some(&config), &["--enable-feature=promql-experimental-functions"]).await?,
    );
    for weir in [&with, &without] {
        eventually(WITHIN, || async {
            let scraped = query(&weir.url, "count(count_over_time(up[1m]) > 1)", &[]).await?;
            ensure!(
                scraped["result"][0]["value"][1] == "2",
                "{scraped}\n{}",
                weir.log()
            );
            Ok(())
        })
        .await?;
    }
    let started = started as f64;
    for (series, expected) in [
        ("a_total", Some(started)),
        ("g", Some(0.0)),
        ("l_count", Some(started + 0.5)),
        ("l_bucket", Some(started + 0.5)),
        ("p_total", Some(started + 0.25)),
        ("n", Some(started + 0.25)),
        ("up{job=\"text\"}", Some(0.0)),
    ] {
        let expression = format!("start_timestamp({series})");
        let found = value(&with, &expression, now_ms()).await?;
        ensure!(found == expected, "{series}: {found:?}, not {expected:?}");
        ensure!(
            value(&without, &expression, now_ms()).await?.is_none(),
            "{series}"
        );
    }
    // With starts kept, `_created` is no series of its own; without, it is one as any.
    for (weir, count) in [(&with, 0), (&without, 2)] {
        let url = format!(
            "{}/api/v1/series?match[]={{__name__=~\"a_created|l_created\"}}",
            weir.url
        );
        let found = get(&url).await?.data()?;
        ensure!(found.as_array().map(Vec::len) == Some(count), "{found}");
    }
    Ok(())
}
