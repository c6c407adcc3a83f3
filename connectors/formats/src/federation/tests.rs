//! What is written is what Prometheus writes of the same samples, and what our own parsers read.

use engine_model::histogram::{Counts, Span};

use super::*;
use crate::escaping::EscapingScheme;

fn metric(labels: &[(&str, &str)], value: Newest) -> Metric {
    Metric {
        labels: labels
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect(),
        timestamp_ms: 1_795_637_872_077,
        value,
    }
}

fn histogram(schema: i32) -> Arc<Histogram> {
    let custom_values = match schema {
        CUSTOM_BUCKETS_SCHEMA => vec![0.1, 0.5, 1e7],
        _ => Vec::new(),
    };
    Arc::new(Histogram {
        schema,
        reset_hint: ResetHint::Unknown,
        zero_threshold: 0.001,
        sum: 2.5,
        positive_spans: vec![Span { offset: 0, length: 1 }, Span { offset: 1, length: 2 }],
        negative_spans: Vec::new(),
        custom_values,
        counts: Counts::Integer {
            count: 7,
            zero: 0,
            positive: vec![2, -1, 3],
            negative: Vec::new(),
        },
    })
}

#[test]
fn text_as_prometheus_writes_it() {
    let family = |name: &str, metrics: Vec<Metric>| Family {
        name: name.to_owned(),
        kind: metrics[0].value.kind(),
        metrics,
    };
    let labels = [("instance", ""), ("odd.name", "a\"b\\c\nd")];
    let escaped = Names::Escaped(EscapingScheme::Underscores);
    let mut out = String::new();
    write_text(
        &mut out,
        &family("up", vec![metric(&labels, Newest::Float(1.0))]),
        escaped,
    );
    write_text(
        &mut out,
        &family("big.one", vec![metric(&[], Newest::Float(1234567.0))]),
        escaped,
    );
    write_text(
        &mut out,
        &family("big.one", vec![metric(&labels[..1], Newest::Float(f64::NAN))]),
        Names::AsTheyAre,
    );
    let custom = Newest::Histogram(histogram(CUSTOM_BUCKETS_SCHEMA));
    assert!(custom.fits_text() && !Newest::Histogram(histogram(0)).fits_text());
    write_text(
        &mut out,
        &family("h", vec![metric(&[("a", "b")], custom)]),
        escaped,
    );
    assert_eq!(
        out,
        "# TYPE up untyped\n\
         up{instance=\"\",odd_name=\"a\\\"b\\\\c\\nd\"} 1 1795637872077\n\
         # TYPE big_one untyped\n\
         big_one 1.234567e+06 1795637872077\n\
         # TYPE \"big.one\" untyped\n\
         {\"big.one\",instance=\"\"} NaN 1795637872077\n\
         # TYPE h histogram\n\
         h_bucket{a=\"b\",le=\"0.1\"} 2 1795637872077\n\
         h_bucket{a=\"b\",le=\"0.5\"} 2 1795637872077\n\
         h_bucket{a=\"b\",le=\"1e+07\"} 3 1795637872077\n\
         h_bucket{a=\"b\",le=\"+Inf\"} 7 1795637872077\n\
         h_sum{a=\"b\"} 2.5 1795637872077\n\
         h_count{a=\"b\"} 7 1795637872077\n"
    );
}

#[test]
fn messages_carry_native_histograms() {
    let native = Newest::Histogram(histogram(3));
    let family = Family {
        name: "h".to_owned(),
        kind: native.kind(),
        metrics: vec![metric(&[("a", "b")], native)],
    };
    let mut out = Vec::new();
    write_delimited(&mut out, &family);
    assert_eq!(usize::from(out[0]), out.len() - 1);
    let mut fields = crate::protobuf::Reader::new(&out[1..]);
    assert_eq!(fields.next_field().unwrap().unwrap().1.bytes(1).unwrap(), b"h");
    assert_eq!(fields.next_field().unwrap().unwrap().1.int64(3).unwrap(), 4);
    let metric = fields.next_field().unwrap().unwrap().1.bytes(4).unwrap();
    let mut numbers = Vec::new();
    let mut fields = crate::protobuf::Reader::new(metric);
    while let Some((number, field)) = fields.next_field().unwrap() {
        numbers.push(number);
        if number == 7 {
            let mut parts = crate::protobuf::Reader::new(field.bytes(7).unwrap());
            while let Some((number, field)) = parts.next_field().unwrap() {
                match number {
                    4 => assert_eq!(field.double(4).unwrap(), 7.0),
                    5 => assert_eq!(field.int64(5).unwrap(), 6),
                    14 => assert_eq!(field.bytes(14).unwrap().len(), 24),
                    _ => {}
                }
            }
        }
    }
    assert_eq!(numbers, [1, 6, 7]);
}

#[test]
fn what_a_client_accepts() {
    for (accept, format, content_type) in [
        (
            "",
            Format::Text,
            "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
        ),
        (
            "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;escaping=allow-utf-8;q=0.5",
            Format::Text,
            "text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8",
        ),
        (
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,text/plain",
            Format::Delimited,
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores",
        ),
    ] {
        let (found, _, shown) = negotiate(accept);
        assert_eq!((found, shown.as_str()), (format, content_type), "{accept}");
    }
}
