//! Families as `io.prometheus.client.MetricFamily` messages, each behind its length.

use engine_model::FloatHistogram;
use engine_model::histogram::CUSTOM_BUCKETS_SCHEMA;

use super::{Family, FamilyKind, Metric, Newest, classic_buckets};
use crate::protobuf::Writer;
use crate::protobuf::histogram_parts::{put_spans, to_zigzag};

/// Appends a family; names stay as they are.
pub fn write_delimited(out: &mut Vec<u8>, family: &Family) {
    let mut message = Writer::default();
    message.bytes_field(1, family.name.as_bytes());
    let kind = match family.kind {
        FamilyKind::Untyped => 3,
        FamilyKind::Histogram => 4,
        FamilyKind::GaugeHistogram => 5,
    };
    message.int64_field(3, kind);
    for metric in &family.metrics {
        message.bytes_field(4, encode(metric).as_slice());
    }
    let message = message.into_bytes();
    let mut length = message.len();
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(&message);
}

fn encode(metric: &Metric) -> Writer {
    let mut message = Writer::default();
    for (name, value) in &metric.labels {
        let mut label = Writer::default();
        label.bytes_field(1, name.as_bytes());
        label.bytes_field(2, value.as_bytes());
        message.bytes_field(1, label.as_slice());
    }
    match &metric.value {
        Newest::Float(value) => {
            let mut untyped = Writer::default();
            untyped.double_field(1, *value);
            message.bytes_field(5, untyped.as_slice());
            message.int64_field(6, metric.timestamp_ms);
        }
        Newest::Histogram(histogram) => {
            message.int64_field(6, metric.timestamp_ms);
            let histogram = FloatHistogram::from_histogram(histogram);
            let part = match histogram.schema {
                CUSTOM_BUCKETS_SCHEMA => classic(&histogram),
                _ => native(&histogram),
            };
            message.bytes_field(7, part.as_slice());
        }
    }
    message
}

fn classic(histogram: &FloatHistogram) -> Writer {
    let mut message = Writer::default();
    message.double_field(2, histogram.sum);
    for (bound, count) in classic_buckets(histogram) {
        let mut bucket = Writer::default();
        bucket.double_field(2, bound);
        bucket.double_field(4, count);
        message.bytes_field(3, bucket.as_slice());
    }
    message.double_field(4, histogram.count);
    message
}

fn native(histogram: &FloatHistogram) -> Writer {
    let mut message = Writer::default();
    message.double_field(2, histogram.sum);
    message.double_field(4, histogram.count);
    message.int64_field(5, to_zigzag(i64::from(histogram.schema)));
    message.double_field(6, histogram.zero_threshold);
    message.double_field(8, histogram.zero_count);
    put_spans(&mut message, 9, &histogram.negative_spans);
    message.packed_doubles_field(11, &histogram.negative);
    put_spans(&mut message, 12, &histogram.positive_spans);
    message.packed_doubles_field(14, &histogram.positive);
    message
}
