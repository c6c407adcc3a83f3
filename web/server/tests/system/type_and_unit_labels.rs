//! `--enable-feature=type-and-unit-labels`: the same pages scraped by a real Prometheus and by the dam under the
//! same flag give the same series, and so do those that are imported as text. Types of remote write 2.0 come with later versions than 3.5: looked at alone.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use connectors_formats::remote_write::{compress, v1::Sample, v2};
use engine_model::Labels;
use engine_model::time::now_ms;

use crate::http::{post, query};
use crate::metric_family::{COUNTER, Family, HISTOGRAM, Message, SUMMARY};
use crate::peers::Program;
use crate::scrape_differential::{OPEN_METRICS, PROTOBUF, Pages, TEXT, serve, side_by_side};
use crate::suite::{Need, Suite};
use crate::weir::Weir;

const FLAG: &str = "--enable-feature=type-and-unit-labels";

/// Name of the job, more lines of its configuration, content type, page.
const CASES: &[(&str, &str, &str, &str)] = &[
    (
        "types",
        "",
        TEXT,
        "before 1\n# TYPE c counter\nc 1\nc_total 2\n# TYPE g gauge\ng{a=\"b\"} 1\n# TYPE u untyped\nu 1\n\
         # TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_count 1\nh_sum 1\n\
         # TYPE s summary\ns{quantile=\"0.5\"} 1\ns_count 1\ns_sum 1\nunsaid 1\n# HELP other Text.\nother 1\n",
    ),
    (
        "own",
        "",
        TEXT,
        "# TYPE c counter\nc{__type__=\"mine\",__unit__=\"mine\"} 1\n# TYPE u untyped\nu{__type__=\"mine\"} 1\n\
         # TYPE g gauge\ng{__type__=\"\"} 1\n",
    ),
    (
        "units",
        "",
        OPEN_METRICS,
        "# TYPE c counter\nc_total 1\n# TYPE i info\ni_info{v=\"1\"} 1\n# TYPE e stateset\ne{e=\"x\"} 1\n\
         # TYPE gh gaugehistogram\ngh_bucket{le=\"+Inf\"} 1\ngh_gcount 1\ngh_gsum 1\n# TYPE k unknown\nk 1\n\
         # TYPE a_seconds gauge\n# UNIT a_seconds seconds\na_seconds{__unit__=\"mine\"} 1\n# EOF\n",
    ),
    (
        "no_units",
        "",
        TEXT,
        "# TYPE a_seconds gauge\n# UNIT a_seconds seconds\na_seconds 1\n# UNIT b_bytes bytes\nb_bytes 1\n",
    ),
    (
        "collated",
        "convert_classic_histograms_to_nhcb: true",
        TEXT,
        "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_count 1\nh_sum 1\n# TYPE g gauge\ng 1\n",
    ),
    (
        "relabelled",
        "metric_relabel_configs: [{source_labels: [__type__], regex: gauge, action: drop}, \
         {source_labels: [__type__], target_label: kind}]",
        TEXT,
        "# TYPE g gauge\ng 1\n# TYPE c counter\nc 1\n",
    ),
];

fn protobuf() -> Vec<u8> {
    let counter = Message::default().double(1, 7.0);
    let mut page = Family::new("p_total", COUNTER)
        .metric(&[("a", "1"), ("__type__", "mine")], 3, &counter)
        .bytes();
    let summary = Message::default().varint(1, 2).double(2, 4.0);
    page.extend(Family::new("s", SUMMARY).metric(&[], 4, &summary).bytes());
    let native = Message::default()
        .varint(1, 3)
        .double(2, 4.0)
        .zigzag(5, 0)
        .double(6, 0.001)
        .varint(7, 3);
    page.extend(Family::new("n", HISTOGRAM).metric(&[], 7, &native).bytes());
    page
}

/// Adds the tests of this file.
pub(crate) fn add(suite: &mut Suite) {
    let needs = [Need::Peer(Program::Prometheus)];
    suite.add(
        "types_and_units_become_labels_as_in_prometheus",
        &needs,
        types_and_units_become_labels_as_in_prometheus,
    );
    suite.add(
        "pushed_types_and_units_become_labels",
        &[],
        pushed_types_and_units_become_labels,
    );
}

async fn types_and_units_become_labels_as_in_prometheus() -> Result<()> {
    let mut pages = Pages::from([("proto".to_owned(), (PROTOBUF, protobuf()))]);
    let mut jobs = vec![("proto", "")];
    for (name, more, content_type, page) in CASES {
        pages.insert((*name).to_owned(), (content_type, page.as_bytes().to_vec()));
        jobs.push((name, more));
    }
    let address = serve(pages).await?;
    let (peer, weir) = side_by_side(&address, &jobs, &[FLAG]).await?;
    for (job, _) in jobs {
        let (theirs, ours) = (series(&peer.url, job).await?, series(&weir.url, job).await?);
        ensure!(theirs.len() > 5, "{job}: {theirs:#?}");
        ensure!(theirs == ours, "{job}\nPrometheus: {theirs:#?}\nWeir: {ours:#?}");
    }
    imported_text_is_labelled_like_a_scrape(&peer.url).await?;
    // The labels go where the name goes.
    for expression in [
        "c * 2",
        "sum by (__type__) (h_count)",
        "rate(c[1m]) > bool -1",
        "-g",
        "g == 1",
    ] {
        let expression = expression.replace("[1m]", "{job=\"types\"}[1m]");
        let (theirs, ours) = (
            labels_of(&peer.url, &expression).await?,
            labels_of(&weir.url, &expression).await?,
        );
        ensure!(
            theirs == ours && !ours.is_empty(),
            "{expression}: {theirs:?}, {ours:?}"
        );
    }
    Ok(())
}

/// All series of a job's target.
async fn series(server: &str, job: &str) -> Result<BTreeSet<String>> {
    labels_of(server, &format!("{{job=\"{job}\"}}")).await
}

/// The label sets of an expression's result.
async fn labels_of(server: &str, expression: &str) -> Result<BTreeSet<String>> {
    let data = query(server, expression, &[]).await?;
    let rows = data["result"].as_array().context("no result")?.iter();
    Ok(rows.map(|row| row["metric"].to_string()).collect())
}

/// Imports the text pages of jobs that change nothing of their labels: the series are those of Prometheus's scrape.
async fn imported_text_is_labelled_like_a_scrape(peer: &str) -> Result<()> {
    let weir = Weir::start(Some("scrape_configs: []\n"), &[FLAG]).await?;
    let pages = CASES
        .iter()
        .filter(|(_, more, content_type, _)| more.is_empty() && *content_type == TEXT);
    for (job, _, _, page) in pages {
        let selector = format!("{{job=\"{job}\",__name__!~\"up|scrape_.*\"}}");
        let scraped = query(peer, &selector, &[]).await?;
        let instance = scraped["result"][0]["metric"]["instance"].as_str();
        let instance = instance.with_context(|| format!("{job}: {scraped}"))?;
        let url = format!(
            "{}/api/v1/import/prometheus?extra_label=job={job}&extra_label=instance={instance}",
            weir.url
        );
        let answer = post(&url, "text/plain", *page).await?;
        ensure!(answer.status == 204, "{job}: {answer:?}");
        let (theirs, ours) = (labels_of(peer, &selector).await?, series(&weir.url, job).await?);
        ensure!(theirs == ours, "{job}\nPrometheus: {theirs:#?}\nWeir: {ours:#?}");
    }
    Ok(())
}

async fn pushed_types_and_units_become_labels() -> Result<()> {
    let weir = Weir::start(Some("scrape_configs: []\n"), &[FLAG]).await?;
    let labels = Labels::from_pairs([("__name__", "m"), ("__type__", "mine"), ("job", "j")]);
    let samples = [Sample {
        timestamp: now_ms(),
        value: 1.0,
    }];
    for (metadata, type_label, unit) in [
        (Some((1, "", "bytes")), "counter", "bytes"),
        (Some((2, "", "")), "gauge", ""),
        (None, "mine", ""),
    ] {
        let series = [v2::Sent {
            labels: &labels,
            samples: &samples,
            start_timestamp: 0,
            histograms: &[],
            exemplars: &[],
            metadata,
        }];
        let body = compress(&v2::encode(series))?;
        let media = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
        let answer = post(&format!("{}/api/v1/write", weir.url), media, body).await?;
        ensure!(answer.status == 204, "{answer:?}");
        let selector = format!("m{{__type__=\"{type_label}\",__unit__=\"{unit}\"}}");
        let found = query(&weir.url, &selector, &[]).await?;
        ensure!(
            found["result"].as_array().map(Vec::len) == Some(1),
            "{selector}: {found}"
        );
    }
    Ok(())
}
