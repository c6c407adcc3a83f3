//! What feature flags add to a scrape: labels of type and unit, start timestamps that are kept.

use super::protobuf_body::{COUNTER, Family, GAUGE, HISTOGRAM, Message};
use super::tests::{assembler_with, finish, render};
use super::*;

const AT_MS: i64 = 1_000_000_000;

fn features(change: impl FnOnce(&mut IngestFeatures)) -> IngestFeatures {
    let mut features = IngestFeatures::default();
    change(&mut features);
    features
}

fn scrape(assembler: &mut Assembler, n: i64, format: Format, body: &[u8]) -> SampleBatch {
    let at_ms = AT_MS + 15_000 * n;
    let (_, result) = assembler.read(format, body, at_ms, at_ms);
    result.expect("a sound body");
    finish(assembler, at_ms, true).scrape
}

/// Series of the batch without values, the report left out.
fn series(batch: &SampleBatch) -> Vec<String> {
    let lines = render(batch);
    let report = lines.iter().position(|line| line.starts_with("up "));
    let series = lines[..report.expect("a report")].iter();
    series
        .map(|line| line.rsplit_once(' ').expect("a value").0.to_owned())
        .collect()
}

#[test]
fn types_and_units_become_labels() {
    let on = features(|features| features.type_and_unit_labels = true);
    let text = "# TYPE a counter\na{__type__=\"mine\",__unit__=\"u\"} 1\n# TYPE b untyped\nb{__type__=\"kept\"} 1\n\
                # TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_count 1\nh_sum 1\n";
    let batch = scrape(
        &mut assembler_with("", on),
        0,
        Format::PrometheusText,
        text.as_bytes(),
    );
    assert_eq!(
        series(&batch),
        [
            r#"a{__type__="counter", __unit__="u"}"#,
            r#"b{__type__="kept"}"#,
            r#"h_bucket{__type__="histogram", le="+Inf"}"#,
            r#"h_count{__type__="histogram"}"#,
            r#"h_sum{__type__="histogram"}"#,
        ]
    );
    let text = "# TYPE a_seconds gauge\n# UNIT a_seconds seconds\na_seconds{__unit__=\"x\"} 1\n\
                # TYPE b stateset\nb{b=\"x\"} 1\n# EOF\n";
    let mut assembler = assembler_with("", on);
    for n in 0..2 {
        let batch = scrape(&mut assembler, n, Format::OpenMetricsText, text.as_bytes());
        assert_eq!(
            series(&batch),
            [
                r#"a_seconds{__type__="gauge", __unit__="seconds"}"#,
                r#"b{__type__="stateset", b="x"}"#
            ],
            "a unit is its own family's, in scrape {n}"
        );
    }
    let body = Family::new("c_total", COUNTER)
        .counter(&[("x", "y")], 1.0, None)
        .bytes();
    let batch = scrape(&mut assembler_with("", on), 0, Format::PrometheusProto, &body);
    assert_eq!(series(&batch), [r#"c_total{__type__="counter", x="y"}"#]);
    let off = IngestFeatures::default();
    let batch = scrape(&mut assembler_with("", off), 0, Format::PrometheusProto, &body);
    assert_eq!(series(&batch), [r#"c_total{x="y"}"#]);
}

#[test]
fn a_type_that_changes_in_protobuf_ends_the_series() {
    let on = features(|features| features.type_and_unit_labels = true);
    let mut assembler = assembler_with("", on);
    let value = Message::default().double(1, 1.0);
    let mut types = Vec::new();
    for (n, (metric_type, field)) in [(GAUGE, 2), (COUNTER, 3), (COUNTER, 3)].into_iter().enumerate() {
        let body = Family::new("m", metric_type).metric(&[], field, &value).bytes();
        let batch = scrape(&mut assembler, n as i64, Format::PrometheusProto, &body);
        let lines = render(&batch).into_iter().filter(|line| line.starts_with("m{"));
        types.extend(lines.map(|line| line.rsplit_once('@').expect("a time").0.to_owned()));
    }
    let of = |word: &str, value: &str| format!("m{{__type__=\"{word}\"}} {value}");
    assert_eq!(
        types,
        [
            of("gauge", "1"),
            of("counter", "1"),
            of("gauge", "STALE"),
            of("counter", "1")
        ]
    );
}

#[test]
fn collated_histograms_have_their_own_type_and_unit() {
    let on = features(|features| features.type_and_unit_labels = true);
    let text = "# TYPE h_bytes histogram\n# UNIT h_bytes bytes\nh_bytes_bucket{le=\"1\"} 1\nh_bytes_bucket{le=\"+Inf\"} 1\n\
                h_bytes_count 1\nh_bytes_sum 1\n# TYPE g gauge\ng 1\n# EOF\n";
    let lines = "  convert_classic_histograms_to_nhcb: true\n";
    let batch = scrape(
        &mut assembler_with(lines, on),
        0,
        Format::OpenMetricsText,
        text.as_bytes(),
    );
    let labels = batch.series_table().labels(batch.histograms()[0].series);
    assert_eq!(
        labels.map(|labels| labels.without(&["instance", "job"]).to_string()),
        Some(r#"{__name__="h_bytes", __type__="histogram", __unit__="bytes"}"#.to_owned())
    );
}

#[test]
fn start_timestamps_are_kept_when_asked_for() {
    let on = features(|features| features.start_timestamps = true);
    let text = "# TYPE g gauge\ng 1\n# TYPE a counter\na_total 1\na_created 1000\n# TYPE b counter\nb_total 2\n# EOF\n";
    let mut assembler = assembler_with("", on);
    for n in 0..2 {
        let batch = scrape(&mut assembler, n, Format::OpenMetricsText, text.as_bytes());
        assert_eq!(
            series(&batch),
            ["g", "a_total", "b_total"],
            "no series of its own"
        );
        let mut starts = vec![0, 1_000_000];
        starts.resize(batch.len(), 0);
        assert_eq!(batch.float_starts(), starts, "scrape {n}");
    }
    let native = Message::default()
        .varint(1, 3)
        .double(2, 4.0)
        .zigzag(5, 0)
        .double(6, 0.001)
        .varint(7, 3)
        .message(15, &Message::default().varint(1, 2000));
    let body = [
        Family::new("c_total", COUNTER)
            .counter(&[], 1.0, Some(3000))
            .bytes(),
        Family::new("h", HISTOGRAM).metric(&[], 7, &native).bytes(),
    ]
    .concat();
    let mut lines = assembler_with("  scrape_native_histograms: true\n", on);
    let batch = scrape(&mut lines, 0, Format::PrometheusProto, &body);
    assert_eq!(batch.float_starts()[0], 3_000_000);
    assert_eq!(batch.histogram_starts(), [2_000_000]);
    let off = IngestFeatures::default();
    let batch = scrape(&mut assembler_with("", off), 0, Format::PrometheusProto, &body);
    assert!(batch.float_starts().is_empty() && batch.histogram_starts().is_empty());
}
