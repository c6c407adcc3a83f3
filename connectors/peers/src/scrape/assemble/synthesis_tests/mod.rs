//! Starts that are synthesized, from bodies to batches. What is expected follows the tests and code of Prometheus 3.14
//! (`TestScrapeLoopAppend_StartTimeSynthesis…`), where nothing else is said.

mod histograms;
mod others;

use super::protobuf_body::{COUNTER, Family};
use super::synthesis::is_cumulative;
use super::tests::{assembler_with, finish, render};
use super::*;

const AT_MS: i64 = 1_000_000_000;

fn assembler(lines: &str, change: impl FnOnce(&mut IngestFeatures)) -> Assembler {
    let mut features = IngestFeatures {
        synthesized_starts: true,
        ..IngestFeatures::default()
    };
    change(&mut features);
    assembler_with(lines, features)
}

/// With the starts kept.
fn storing(lines: &str) -> Assembler {
    assembler(lines, |features| features.start_timestamps = true)
}

/// Scrapes a body `n` seconds after [`AT_MS`]; `None` is a target that is down.
fn batches(assembler: &mut Assembler, n: i64, format: Format, body: Option<&[u8]>) -> Batches {
    let at_ms = AT_MS + 1000 * n;
    if let Some(body) = body {
        let (_, result) = assembler.read(format, body, at_ms, at_ms);
        result.expect("a sound body");
    }
    finish(assembler, at_ms, body.is_some())
}

/// Float samples and markers without the report, as `series value@ms` with ` since ms` where there is a start; times
/// are ms after [`AT_MS`].
fn told(batch: &SampleBatch) -> Vec<String> {
    let mut out = Vec::new();
    let (mut report, mut over) = (false, false);
    for (row, line) in render(batch).into_iter().enumerate() {
        report |= line.starts_with("up ");
        over |= line.starts_with("scrape_series_added ");
        if report {
            continue;
        }
        let (value, time) = line.rsplit_once('@').expect("a time");
        let time: i64 = time.parse().expect("a number");
        let start = batch.float_starts().get(row).filter(|start| **start != 0);
        let since = start
            .map(|start| format!(" since {}", start - AT_MS))
            .unwrap_or_default();
        out.push(format!("{value}@{}{since}", time - AT_MS));
    }
    assert!(report && over, "a report ends the batch");
    out
}

/// Scrapes one body after the other, a second apart, and compares what is stored of each.
fn check(assembler: &mut Assembler, format: Format, scrapes: &[(Option<&str>, &[&str])]) {
    for (n, (body, expected)) in (0..).zip(scrapes) {
        let batches = batches(assembler, n, format, body.map(str::as_bytes));
        assert_eq!(told(&batches.scrape), *expected, "scrape {n}");
    }
}

#[test]
fn counters_are_counted_from_their_first_value() {
    check(
        &mut storing(""),
        Format::OpenMetricsText,
        &[
            (
                Some("# TYPE a counter\na_total 10\n# TYPE g gauge\ng 10\n# EOF\n"),
                &["g 10@0"],
            ),
            (
                Some("# TYPE a counter\na_total 15\n# TYPE g gauge\ng 12\n# EOF\n"),
                &["a_total 5@1000 since 0", "g 12@1000"],
            ),
            (
                Some("# TYPE a counter\na_total 4\n# EOF\n"),
                &["a_total 4@2000 since 1999", "g STALE@2000"],
            ),
            (
                Some("# TYPE a counter\na_total 7\n# EOF\n"),
                &["a_total 7@3000 since 1999"],
            ),
            (
                Some("# TYPE a counter\na_total 20\na_created 999999.5\n# EOF\n"),
                &["a_total 20@4000 since -500"],
            ),
            // What a start that was said left behind is forgotten, but the series is still there.
            (Some("# TYPE a counter\na_total 25\n# EOF\n"), &[]),
            (
                Some("# TYPE a counter\na_total 32\n# EOF\n"),
                &["a_total 7@6000 since 5000"],
            ),
            (Some("# EOF\n"), &["a_total STALE@7000"]),
        ],
    );
}

#[test]
fn sums_and_counts_of_summaries_and_all_of_histograms() {
    let page = |n: i64| {
        format!(
            "# TYPE s summary\ns{{quantile=\"0.5\"}} {n}\ns_sum {0}\ns_count {1}\n# TYPE h histogram\n\
             h_bucket{{le=\"+Inf\"}} {1}\nh_sum {0}\nh_count {1}\nh_created 7\n# TYPE u untyped\nu_total {n}\n",
            10 * n,
            2 * n,
        )
    };
    // Exposed starts are series as any where nobody asks for starts.
    check(
        &mut assembler("", |_| {}),
        Format::PrometheusText,
        &[
            (
                Some(&page(3)),
                &[r#"s{quantile="0.5"} 3@0"#, "h_created 7@0", "u_total 3@0"],
            ),
            (
                Some(&page(5)),
                &[
                    r#"s{quantile="0.5"} 5@1000"#,
                    "s_sum 20@1000",
                    "s_count 4@1000",
                    r#"h_bucket{le="+Inf"} 4@1000"#,
                    "h_sum 20@1000",
                    "h_count 4@1000",
                    "h_created 7@1000",
                    "u_total 5@1000",
                ],
            ),
        ],
    );
}

#[test]
fn series_that_vanish_and_return_begin_anew() {
    let mut assembler = storing("");
    let a = |value: i64| format!("# TYPE a counter\na {value}\n");
    check(
        &mut assembler,
        Format::PrometheusText,
        &[
            (Some(&a(10)), &[]),
            // What was exposed once leaves no marker and no series.
            (Some("g 1\n"), &["g 1@1000"]),
            (Some(&a(30)), &["g STALE@2000"]),
            (Some(&a(31)), &["a 1@3000 since 2000"]),
            // A target that is down ends the series, and its counters go on when it is back.
            (None, &["a STALE@4000"]),
            (Some(&a(34)), &["a 4@5000 since 2000"]),
            (None, &["a STALE@6000"]),
            (Some(&a(2)), &["a 2@7000 since 6999"]),
            (Some(""), &["a STALE@8000"]),
            (Some(&a(5)), &["a 5@9000 since 6999"]),
            // One that was not there while others were has begun again.
            (Some("g 1\n"), &["g 1@10000", "a STALE@10000"]),
            (Some(&a(6)), &["g STALE@11000"]),
            (Some(&a(8)), &["a 2@12000 since 11000"]),
        ],
    );
    let mut churning = storing("");
    for n in 0..100 {
        let body = format!("# TYPE a counter\na{{n=\"{n}\"}} 1\n");
        batches(&mut churning, n, Format::PrometheusText, Some(body.as_bytes()));
    }
    assert_eq!(
        churning.table.len(),
        churning.report.labels().len(),
        "of the report only"
    );
}

#[test]
fn samples_out_of_order_are_refused_and_begin_anew() {
    let mut assembler = storing("");
    let mut scrape = |n: i64, value: i64, time: i64| {
        let body = format!("# TYPE a counter\na {value} {}\n", AT_MS + time);
        let at_ms = AT_MS + 1000 * n;
        let (reading, result) = assembler.read(Format::PrometheusText, body.as_bytes(), at_ms, at_ms);
        result.expect("a sound body");
        let batch = finish(&mut assembler, at_ms, true).scrape;
        (told(&batch).join("; "), reading.out_of_order, reading.duplicates)
    };
    let stored = |text: &str| (text.to_owned(), 0, 0);
    assert_eq!(scrape(0, 10, 0), stored(""));
    assert_eq!(scrape(1, 15, 900), stored("a 5@900 since 0"));
    // Its time stands still.
    assert_eq!(scrape(2, 15, 900), stored("a 5@900 since 0"));
    assert_eq!(scrape(3, 14, 800), (String::new(), 1, 0));
    assert_eq!(scrape(4, 16, 899), (String::new(), 1, 0));
    assert_eq!(scrape(5, 20, 4000), stored(""));
    assert_eq!(scrape(6, 26, 5000), stored("a 6@5000 since 4000"));
    assert_eq!(scrape(7, 27, 5000), (String::new(), 0, 1));
    assert_eq!(scrape(8, 30, 6000), stored(""));
    assert_eq!(scrape(9, 31, 7000), stored("a 1@7000 since 6000"));
}

#[test]
fn relabelled_names_and_markers() {
    let rename = "  metric_relabel_configs: [{source_labels: [__name__], regex: a, target_label: __name__, replacement: b}]\n";
    let page = "# TYPE a counter\na 3\n";
    // As in Prometheus, a type speaks of the name that is stored.
    check(
        &mut storing(rename),
        Format::PrometheusText,
        &[(Some(page), &["b 3@0"]), (Some(page), &["b 3@1000"])],
    );
    let body = |value: f64| Family::new("c_total", COUNTER).counter(&[], value, None).bytes();
    let mut assembler = storing("");
    for (n, value, expected) in [
        // A marker is no value: nothing is counted from it, and it ends a series that is there.
        (0, STALE_NAN, ""),
        (1, 5.0, ""),
        (2, 7.0, "c_total 2@2000 since 1000"),
        (3, STALE_NAN, "c_total STALE@3000"),
        (4, 8.0, "c_total 3@4000 since 1000"),
    ] {
        let batches = batches(&mut assembler, n, Format::PrometheusProto, Some(&body(value)));
        assert_eq!(told(&batches.scrape).join("; "), expected, "scrape {n}");
    }
}

#[test]
fn cumulative_series_by_family() {
    use connectors_formats::exposition::MetricType::{
        Counter, Gauge, GaugeHistogram, Histogram, Summary, Untyped,
    };
    for (family, metric_type, name, expected) in [
        ("f", Counter, "f", true),
        ("f", Counter, "f_total", true),
        ("f_total", Counter, "f_total", true),
        ("f_total", Counter, "f", false),
        ("f", Counter, "f_created", false),
        ("f", Counter, "fo_total", false),
        ("f", Counter, "other_total", false),
        ("f", Histogram, "f", true),
        ("f", Histogram, "f_bucket", true),
        ("f", Histogram, "f_sum", true),
        ("f", Histogram, "f_count", true),
        ("f", Histogram, "f_created", false),
        ("f_count", Histogram, "f_count", false),
        ("f", Summary, "f", false),
        ("f", Summary, "f_sum", true),
        ("f", Summary, "f_count", true),
        ("f", Gauge, "f_total", false),
        ("f", GaugeHistogram, "f_bucket", false),
        ("f_total", Untyped, "f_total", false),
    ] {
        assert_eq!(
            is_cumulative(Some((family, metric_type)), name),
            expected,
            "{family} {name}"
        );
    }
    assert!(!is_cumulative(None, "f_total"));
}
