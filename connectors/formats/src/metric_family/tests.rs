//! Protobuf expositions built field by field: what each metric stands for, and damage.

use crate::exposition::{Entry, Format, Options, Parser};
use crate::protobuf::Writer;

/// A message made by `fill`.
fn message(fill: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::default();
    fill(&mut writer);
    writer.into_bytes()
}

/// A delimited family of this type with these metrics.
fn family(name: &str, number: i64, metrics: &[Vec<u8>]) -> Vec<u8> {
    let family = message(|out| {
        out.bytes_field(1, name.as_bytes());
        out.bytes_field(2, b"help");
        out.int64_field(3, number);
        for metric in metrics {
            out.bytes_field(4, metric);
        }
    });
    // A field's bytes without its one-byte tag are a delimited message.
    message(|out| out.bytes_field(1, &family))[1..].to_vec()
}

/// A metric with the label `l="v"` and a body under `number`.
fn metric(number: u32, body: Vec<u8>) -> Vec<u8> {
    message(|out| {
        out.bytes_field(1, &label("l", "v"));
        out.bytes_field(number, &body);
    })
}

fn label(name: &str, value: &str) -> Vec<u8> {
    message(|out| {
        out.bytes_field(1, name.as_bytes());
        out.bytes_field(2, value.as_bytes());
    })
}

fn exemplar(value: f64, seconds: Option<i64>) -> Vec<u8> {
    message(|out| {
        out.bytes_field(1, &label("trace", "t"));
        out.double_field(2, value);
        if let Some(seconds) = seconds {
            out.bytes_field(3, &message(|out| out.int64_field(1, seconds)));
        }
    })
}

fn bucket(count: i64, bound: f64, exemplar: Option<Vec<u8>>) -> Vec<u8> {
    message(|out| {
        out.int64_field(1, count);
        out.double_field(2, bound);
        if let Some(exemplar) = exemplar {
            out.bytes_field(3, &exemplar);
        }
    })
}

/// A histogram of 3 with buckets at 0.5 and 1, and a native half where asked for.
fn histogram(native: bool) -> Vec<u8> {
    message(|out| {
        out.int64_field(1, 3);
        out.double_field(2, 2.5);
        out.bytes_field(3, &bucket(1, 0.5, Some(exemplar(0.25, None))));
        out.bytes_field(3, &bucket(2, 1.0, Some(exemplar(0.75, Some(9)))));
        if native {
            out.int64_field(5, 6); // schema 3 in zigzag
            out.double_field(6, 0.001);
            out.int64_field(7, 1);
            out.bytes_field(
                12,
                &message(|out| (out.int64_field(1, 3), out.int64_field(2, 2)).1),
            );
            out.packed_varints_field(13, [2u64, 0].into_iter());
        }
        out.bytes_field(
            15,
            &message(|out| (out.int64_field(1, 5), out.int64_field(2, 500_000_000)).1),
        );
    })
}

fn render(body: &[u8], options: Options) -> String {
    let mut parser = Parser::new(Format::PrometheusProto, body, options);
    let mut out = Vec::new();
    while let Some(entry) = parser.next() {
        let what = match entry {
            Ok(Entry::Sample(sample)) => format!("{} {:?}", sample.value, sample.timestamp),
            Ok(Entry::Histogram { .. }) => match parser.histogram() {
                Ok(histogram) => format!(
                    "schema {} custom {:?} spans {:?} {:?}",
                    histogram.schema,
                    histogram.custom_values,
                    histogram
                        .positive_spans
                        .iter()
                        .map(|s| (s.offset, s.length))
                        .collect::<Vec<_>>(),
                    histogram.counts
                ),
                Err(error) => error.to_string(),
            },
            Ok(Entry::Type { family, metric_type }) => {
                out.push(format!("TYPE {family} {}", metric_type.as_str()));
                continue;
            }
            Ok(Entry::Help { .. }) => continue,
            Ok(other) => format!("{other:?}"),
            Err(error) => {
                out.push(format!("error: {error}"));
                continue;
            }
        };
        let exemplars: Vec<f64> = parser
            .exemplars()
            .unwrap()
            .iter()
            .map(|exemplar| exemplar.value)
            .collect();
        let labels = parser.labels().unwrap().to_labels();
        out.push(format!(
            "{labels} {what} {exemplars:?} {:?}",
            parser.start_timestamp_ms()
        ));
    }
    out.join("\n")
}

#[test]
fn plain_metrics_and_summaries() {
    let value = |value: f64| message(|out| out.double_field(1, value));
    let counter = message(|out| {
        out.double_field(1, 7.0);
        out.bytes_field(2, &exemplar(0.5, None));
    });
    let summary = message(|out| {
        out.int64_field(1, 4);
        out.double_field(2, 1.5);
        out.bytes_field(
            3,
            &message(|out| (out.double_field(1, 0.5), out.double_field(2, 0.1)).1),
        );
    });
    let mut body = family("c_total", 0, &[metric(3, counter)]);
    body.extend(family("empty", 1, &[]));
    body.extend(family(
        "g",
        1,
        &[metric(2, value(-1.0)), message(|out| out.int64_field(6, 77))],
    ));
    body.extend(family("s", 2, &[metric(4, summary)]));
    assert_eq!(
        render(&body, Options::default()),
        "TYPE c_total counter\n{__name__=\"c_total\", l=\"v\"} 7 None [0.5] None\n\
         TYPE g gauge\n{__name__=\"g\", l=\"v\"} -1 None [] None\n{__name__=\"g\"} 0 Some(77) [] None\n\
         TYPE s summary\n{__name__=\"s_count\", l=\"v\"} 4 None [] None\n{__name__=\"s_sum\", l=\"v\"} 1.5 None [] None\n\
         {__name__=\"s\", l=\"v\", quantile=\"0.5\"} 0.1 None [] None"
    );
}

const CLASSIC: &str = "{__name__=\"h_count\", l=\"v\"} 3 None [] Some(5500)\n{__name__=\"h_sum\", l=\"v\"} 2.5 None [] Some(5500)\n\
    {__name__=\"h_bucket\", l=\"v\", le=\"0.5\"} 1 None [0.25] Some(5500)\n{__name__=\"h_bucket\", l=\"v\", le=\"1.0\"} 2 None [0.75] Some(5500)\n\
    {__name__=\"h_bucket\", l=\"v\", le=\"+Inf\"} 3 None [] Some(5500)";
const NATIVE: &str = "{__name__=\"h\", l=\"v\"} schema 3 custom [] spans [(-2, 2)] Integer { count: 3, zero: 1, positive: [1, 0], negative: [] } [0.75] Some(5500)";
const CUSTOM: &str = "{__name__=\"h\", l=\"v\"} schema -53 custom [0.5, 1.0] spans [(0, 3)] Integer { count: 3, zero: 0, positive: [1, 0, 0], negative: [] } [0.25, 0.75] Some(5500)";

#[test]
fn histograms_in_their_forms() {
    let classic = family("h", 4, &[metric(7, histogram(false))]);
    let native = family("h", 4, &[metric(7, histogram(true))]);
    let with = |change: fn(&mut Options)| {
        let mut options = Options::default();
        change(&mut options);
        options
    };
    let keep = with(|options| options.keep_classic_histograms = true);
    let convert = with(|options| options.convert_classic_histograms = true);
    let ignore = with(|options| options.ignore_native_histograms = true);
    let all = with(|options| {
        options.keep_classic_histograms = true;
        options.convert_classic_histograms = true;
    });
    for (body, options, expected) in [
        (&classic, Options::default(), CLASSIC.to_owned()),
        (&classic, convert, CUSTOM.to_owned()),
        (&classic, all, format!("{CLASSIC}\n{CUSTOM}")),
        (&native, Options::default(), NATIVE.to_owned()),
        (&native, convert, NATIVE.to_owned()),
        (&native, keep, format!("{NATIVE}\n{CLASSIC}")),
        (&native, ignore, CLASSIC.to_owned()),
    ] {
        assert_eq!(
            render(body, options),
            format!("TYPE h histogram\n{expected}"),
            "{options:?}"
        );
    }
    let gauge = family("h", 5, &[metric(7, histogram(true))]);
    let mut parser = Parser::new(Format::PrometheusProto, &gauge, Options::default());
    assert!(parser.any(|entry| matches!(entry, Ok(Entry::Histogram { .. }))));
}

#[test]
fn series_bytes_tell_series_apart() {
    let body = family("h", 4, &[metric(7, histogram(true)), message(|_| ())]);
    let options = Options {
        keep_classic_histograms: true,
        ..Options::default()
    };
    let series = || {
        let mut parser = Parser::new(Format::PrometheusProto, &body, options);
        let mut out = Vec::new();
        while let Some(entry) = parser.next() {
            if matches!(entry, Ok(Entry::Sample(_) | Entry::Histogram { .. })) {
                out.push(parser.series().to_vec());
            }
        }
        out
    };
    let (first, mut unique) = (series(), series());
    unique.sort();
    unique.dedup();
    assert_eq!((unique.len(), series()), (first.len(), first));
}

#[test]
fn damage_is_an_error() {
    let unit = message(|out| {
        out.bytes_field(1, b"a_b");
        out.bytes_field(4, b"");
        out.bytes_field(5, b"c");
    });
    let unit = message(|out| out.bytes_field(1, &unit))[1..].to_vec();
    for (body, expected) in [
        (
            b"\x05ab".to_vec(),
            "metric family at byte 0: message ends inside a field",
        ),
        (
            family("a", 9, &[vec![]]),
            "unknown metric type for metric \"a\": 9",
        ),
        (family("", 1, &[vec![]]), "metric name not set"),
        (unit, "unit \"c\" not a suffix of metric \"a_b\""),
        (
            family("a", 1, &[b"\x12\x05x".to_vec()]),
            "message ends inside a field",
        ),
    ] {
        let rendered = render(&body, Options::default());
        assert!(rendered.contains(expected), "{rendered}");
    }
}
