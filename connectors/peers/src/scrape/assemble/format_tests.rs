//! What only OpenMetrics and protobuf bring: exemplars, start timestamps, native histograms.

use engine_model::histogram::Counts;

use super::protobuf_body::{COUNTER, Family, GAUGE_HISTOGRAM, HISTOGRAM, Message};
use super::tests::{assembler, finish, render};
use super::*;

const AT_MS: i64 = 1_000_000_000;

/// One successful scrape; the n-th is 15 s after the one before.
fn scrape(assembler: &mut Assembler, n: i64, format: Format, body: &[u8]) -> Batches {
    let at_ms = AT_MS + 15_000 * n;
    let (_, result) = assembler.read(format, body, at_ms, at_ms);
    result.expect("a sound body");
    finish(assembler, at_ms, true)
}

/// `{labels} value@time` of each exemplar, time since the first scrape.
fn exemplars(batches: &Batches) -> Vec<String> {
    let exemplars = batches.scrape.exemplars().iter();
    exemplars
        .map(|exemplar| {
            let labels = &exemplar.labels;
            format!("{labels} {}@{}", exemplar.value, exemplar.timestamp - AT_MS)
        })
        .collect()
}

/// The samples before the report.
fn samples(batches: &Batches) -> Vec<String> {
    let mut lines = render(&batches.scrape);
    let report = lines
        .iter()
        .position(|line| line.starts_with("up "))
        .expect("a report");
    lines.truncate(report);
    lines
}

fn zeros(batches: &Batches) -> Vec<String> {
    batches.zeros.as_ref().map(render).unwrap_or_default()
}

/// A native histogram of two buckets, as an integer one of the schema.
fn native(schema: i64, count: u64) -> Message {
    let span = Message::default().zigzag(1, 0).varint(2, 2);
    let histogram = Message::default()
        .varint(1, count)
        .double(2, 1.5)
        .zigzag(5, schema);
    let histogram = histogram.double(6, 0.001).message(12, &span);
    histogram
        .zigzag(13, count as i64 - 1)
        .zigzag(13, 2 - count as i64)
}

#[test]
fn exemplars_are_taken_once() {
    let mut assembler = assembler("");
    let body = |value: f64| {
        format!(
            "# TYPE a counter\na_total 1 # {{trace_id=\"x\"}} {value}\n\
             # TYPE h histogram\nh_bucket{{le=\"+Inf\"}} 1 # {{trace_id=\"y\"}} 0.5 1000000.5\nh_count 1\nh_sum 0.5\n# EOF\n"
        )
    };
    let mut take = |n, value| {
        let body = body(value);
        exemplars(&scrape(
            &mut assembler,
            n,
            Format::OpenMetricsText,
            body.as_bytes(),
        ))
    };
    let timed = r#"{trace_id="y"} 0.5@500"#;
    assert_eq!(take(0, 0.25), [r#"{trace_id="x"} 0.25@0"#, timed]);
    assert_eq!(take(1, 0.25), [timed], "the store knows it by its time");
    assert_eq!(take(2, 0.75), [r#"{trace_id="x"} 0.75@30000"#, timed]);
}

#[test]
fn exposed_starts_become_zeros() {
    let body = |started: &str| {
        format!("# TYPE a counter\na_total 3\na_created {started}\n# TYPE g gauge\ng 1\n# EOF\n")
    };
    let mut scraped = Vec::new();
    let document = "  new_counters_from_zero: true\n";
    let mut target = assembler(document);
    for (n, started) in [(0, "999990"), (1, "999990"), (2, "1000020.5"), (3, "1000020.5")] {
        let batches = scrape(&mut target, n, Format::OpenMetricsText, body(started).as_bytes());
        scraped.push(zeros(&batches));
        assert_eq!(
            samples(&batches).len(),
            3,
            "the series that tells the start stays"
        );
    }
    let restarted = format!("a_total 0@{}", AT_MS + 20_500);
    let expected: [&[String]; 4] = [&["a_total 0@999990000".to_owned()], &[], &[restarted], &[]];
    assert_eq!(scraped, expected);
    let mut plain = assembler("");
    let batches = scrape(&mut plain, 0, Format::OpenMetricsText, body("999990").as_bytes());
    assert!(batches.zeros.is_none(), "nobody asked for it");

    let family = Family::new("b_total", COUNTER).counter(&[("x", "1")], 3.0, Some(999_990));
    let batches = scrape(
        &mut assembler(document),
        0,
        Format::PrometheusProto,
        &family.bytes(),
    );
    assert_eq!(zeros(&batches), [r#"b_total{x="1"} 0@999990000"#]);
    assert_eq!(samples(&batches), [r#"b_total{x="1"} 3@1000000000"#]);
}

#[test]
fn native_histograms_are_kept_and_end_with_markers() {
    let lines = "  scrape_native_histograms: true\n  new_counters_from_zero: true\n";
    let mut target = assembler(lines);
    let body = |count| {
        Family::new("h", HISTOGRAM)
            .metric(&[], 7, &native(3, count))
            .bytes()
    };
    assert!(samples(&scrape(&mut target, 0, Format::PrometheusText, b"a 1\n")).len() == 1);
    let batches = scrape(&mut target, 1, Format::PrometheusProto, &body(2));
    let zero = &batches.zeros.as_ref().expect("it appears").histograms()[0];
    assert_eq!(zero.timestamp, AT_MS);
    assert!(matches!(zero.histogram.counts, Counts::Integer { count: 0, .. }));
    let histogram = &batches.scrape.histograms()[0].histogram;
    assert_eq!((histogram.schema, histogram.sum), (3, 1.5));
    assert!(matches!(&histogram.counts, Counts::Integer { count: 2, positive, .. } if *positive == [1, 0]));
    finish(&mut target, AT_MS + 30_000, false);
    let mut target = assembler(lines);
    scrape(&mut target, 0, Format::PrometheusProto, &body(2));
    let batches = finish(&mut target, AT_MS + 15_000, false);
    assert!(batches.scrape.histograms()[0].histogram.is_stale());
    assert_eq!(batches.scrape.histograms().len(), 1);

    let gauge = Family::new("g", GAUGE_HISTOGRAM)
        .metric(&[], 7, &native(3, 2))
        .bytes();
    let batches = scrape(&mut target, 2, Format::PrometheusProto, &gauge);
    assert!(batches.zeros.is_none(), "a gauge begins anywhere");
    assert_eq!(batches.scrape.histograms().len(), 1);
}

#[test]
fn histograms_beyond_their_limits() {
    let family = |schema, count| {
        Family::new("h", HISTOGRAM)
            .metric(&[], 7, &native(schema, count))
            .bytes()
    };
    let scraped = |lines: &str, body: &[u8]| {
        let mut target = assembler(&format!("  scrape_native_histograms: true\n{lines}"));
        let (reading, result) = target.read(Format::PrometheusProto, body, AT_MS, AT_MS);
        let error = result.err().map(|error| error.to_string()).unwrap_or_default();
        let histograms = finish(&mut target, AT_MS, error.is_empty())
            .scrape
            .histograms()
            .to_vec();
        (
            reading.scraped,
            error,
            histograms.first().map(|h| h.histogram.schema),
        )
    };
    let limit = "  native_histogram_bucket_limit: 1\n";
    let factor = "  native_histogram_min_bucket_factor: 2\n";
    assert_eq!(scraped("", &family(3, 2)), (1, String::new(), Some(3)));
    assert_eq!(scraped(factor, &family(3, 2)), (1, String::new(), Some(0)));
    // Indexes 0 and 1 never fall into one bucket.
    let over = "histogram bucket limit exceeded".to_owned();
    assert_eq!(scraped(limit, &family(3, 2)), (1, over, None));
    let (_, error, _) = scraped("", &family(3, 9));
    assert!(error.is_empty(), "{error}");
    let wrong = native(3, 2).zigzag(13, 5);
    let body = Family::new("h", HISTOGRAM).metric(&[], 7, &wrong).bytes();
    let (_, error, _) = scraped("", &body);
    assert!(error.contains("spans need 2 buckets, have 3 buckets"), "{error}");
}

#[test]
fn classic_histograms_become_native_ones() {
    let body = b"# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 3\nh_sum 4\nh_count 3\n";
    let mut target = assembler("  convert_classic_histograms_to_nhcb: true\n");
    for n in 0..2 {
        let batches = scrape(&mut target, n, Format::PrometheusText, body);
        assert!(samples(&batches).is_empty(), "{:?}", samples(&batches));
        let histogram = &batches.scrape.histograms()[0].histogram;
        assert!(histogram.has_custom_buckets());
        assert_eq!(
            (histogram.custom_values.as_slice(), histogram.sum),
            (&[1.0][..], 4.0)
        );
    }
    let mut both =
        assembler("  convert_classic_histograms_to_nhcb: true\n  always_scrape_classic_histograms: true\n");
    let batches = scrape(&mut both, 0, Format::PrometheusText, body);
    assert_eq!(
        (samples(&batches).len(), batches.scrape.histograms().len()),
        (4, 1)
    );
}
