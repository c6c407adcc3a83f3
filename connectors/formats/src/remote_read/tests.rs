//! Requests as senders write them; chunks read back by the decoder of Prometheus's blocks.

use std::sync::Arc;

use engine_model::histogram::{CUSTOM_BUCKETS_SCHEMA, Counts, ResetHint, Span};
use engine_model::staleness::{STALE_NAN, is_stale};
use engine_model::{Histogram, Labels};
use proptest::prelude::*;

use super::*;
use crate::protobuf::{Reader, Writer};
use crate::tsdb_block::{ChunkSamples, decode_chunk};

fn decoded(chunk: &Chunk) -> ChunkSamples {
    let mut bytes = Vec::new();
    let mut length = chunk.data.len();
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    let start = bytes.len();
    bytes.push(chunk.kind as u8);
    bytes.extend_from_slice(&chunk.data);
    let sum = crc32c::crc32c(&bytes[start..]);
    bytes.extend_from_slice(&sum.to_be_bytes());
    decode_chunk(&bytes, 0).unwrap()
}

fn integer(count: u64, buckets: &[i64], hint: ResetHint) -> Arc<Histogram> {
    Arc::new(Histogram {
        schema: 3,
        reset_hint: hint,
        zero_threshold: 0.5f64.powi(128),
        sum: count as f64 * 1.5,
        positive_spans: vec![Span {
            offset: -7,
            length: buckets.len() as u32,
        }],
        negative_spans: Vec::new(),
        custom_values: Vec::new(),
        counts: Counts::Integer {
            count,
            zero: count / 3,
            positive: buckets.to_vec(),
            negative: Vec::new(),
        },
    })
}

fn custom(bounds: &[f64], counts: &[f64]) -> Arc<Histogram> {
    Arc::new(Histogram {
        schema: CUSTOM_BUCKETS_SCHEMA,
        reset_hint: ResetHint::Gauge,
        zero_threshold: 0.0,
        sum: -0.1,
        positive_spans: vec![Span {
            offset: 0,
            length: counts.len() as u32,
        }],
        negative_spans: Vec::new(),
        custom_values: bounds.to_vec(),
        counts: Counts::Float {
            count: counts.iter().sum(),
            zero: 0.0,
            positive: counts.to_vec(),
            negative: Vec::new(),
        },
    })
}

#[test]
fn a_request_and_what_it_accepts() {
    let mut matcher = Writer::default();
    matcher.int64_field(1, 2);
    matcher.bytes_field(2, b"job");
    matcher.bytes_field(3, b"a|b");
    let mut query = Writer::default();
    query.int64_field(1, -5);
    query.int64_field(2, 60_000);
    query.bytes_field(3, matcher.as_slice());
    query.bytes_field(4, b"");
    let mut request = Writer::default();
    request.bytes_field(1, query.as_slice());
    request.packed_varints_field(2, [7, 1, 0].into_iter());
    let request = ReadRequest::decode(&request.into_bytes()).unwrap();
    let expected = ReadQuery {
        start_ms: -5,
        end_ms: 60_000,
        matchers: vec![ReadMatcher {
            kind: MatcherKind::Regex,
            name: "job".to_owned(),
            value: "a|b".to_owned(),
        }],
    };
    assert_eq!(request.queries, [expected]);
    assert_eq!(request.response_kind(), Ok(ResponseKind::Chunks));
    assert_eq!(ReadRequest::default().response_kind(), Ok(ResponseKind::Samples));
    let strange = ReadRequest {
        accepted: vec![9],
        ..ReadRequest::default()
    };
    assert!(strange.response_kind().unwrap_err().contains("[9]"));
    assert!(ReadRequest::decode(b"\x0a\x05\x08").is_err());
}

#[test]
fn frames_carry_length_checksum_and_parts() {
    let labels = Labels::from_pairs([("__name__", "up"), ("job", "a")]);
    let times: Vec<i64> = (0..300).map(|step| step * 15_000).collect();
    let values = vec![1.0; 300];
    let none: &[(i64, Arc<Histogram>)] = &[];
    let chunks = chunks(&times, &values, none);
    assert_eq!(chunks.len(), 3);
    let mut out = Vec::new();
    Frames { bytes_max: 1 }.write(&mut out, 2, &labels, &chunks);
    let mut reader = Reader::new(&out);
    let mut frames = 0;
    while !reader.rest().is_empty() {
        let length = reader.varint().unwrap() as usize;
        let (sum, rest) = reader.rest().split_at(4);
        let message = &rest[..length];
        assert_eq!(
            u32::from_be_bytes(sum.try_into().unwrap()),
            crc32c::crc32c(message)
        );
        let mut fields = Reader::new(message);
        let (number, series) = fields.next_field().unwrap().unwrap();
        let mut series = Reader::new(series.bytes(number).unwrap());
        let mut numbers = Vec::new();
        while let Some((number, _)) = series.next_field().unwrap() {
            numbers.push(number);
        }
        assert_eq!(numbers, [1, 1, 2]);
        let (number, index) = fields.next_field().unwrap().unwrap();
        assert_eq!((number, index.int64(2).unwrap()), (2, 2));
        reader = Reader::new(&rest[length..]);
        frames += 1;
    }
    assert_eq!(frames, 3);
}

#[test]
fn histograms_in_runs() {
    use ResetHint::{Gauge, NotReset, Unknown};
    let stale = Arc::new(Histogram::stale());
    let histograms = [
        (0, integer(3, &[1, 1], Unknown)),
        (15_000, integer(6, &[2, 2], Unknown)),
        (30_000, integer(9, &[3, 3], Unknown)),
        // A bucket fell though the count did not.
        (45_000, integer(12, &[2, 8], Unknown)),
        (61_000, Arc::clone(&stale)),
        (75_000, integer(2, &[1, 0], Unknown)),
        (90_000, custom(&[0.005, 0.1, 1e9, -3.0], &[0.5, 2.0, 0.25, 1.0])),
        (105_000, custom(&[0.005, 0.1, 1e9, -3.0], &[0.1, 2.0, 0.25, 1.0])),
    ];
    let chunks = chunks(&[20_000, 100_000], &[1.0, 2.0], &histograms);
    let mut shown = Vec::new();
    let mut found = Vec::new();
    for chunk in &chunks {
        match decoded(chunk) {
            ChunkSamples::Floats(times, values) => shown.push(format!("{times:?}={values:?}")),
            ChunkSamples::Histograms(read) => {
                shown.push(format!(
                    "{:?} {}..{} {}",
                    chunk.kind,
                    chunk.min_ms,
                    chunk.max_ms,
                    read.len()
                ));
                found.extend(read);
            }
        }
    }
    assert_eq!(
        shown,
        [
            "Histogram 0..15000 2",
            "[20000]=[1.0]",
            "Histogram 30000..30000 1",
            "Histogram 45000..61000 2",
            "Histogram 75000..75000 1",
            "FloatHistogram 90000..90000 1",
            "[100000]=[2.0]",
            "FloatHistogram 105000..105000 1",
        ]
    );
    for ((at_ms, histogram), (expected_ms, expected)) in found.iter().zip(&histograms) {
        assert_eq!(at_ms, expected_ms);
        if is_stale(expected.sum) {
            assert!(is_stale(histogram.sum));
            continue;
        }
        let hint = match (expected.reset_hint, *at_ms) {
            (Unknown, 15_000) => NotReset,
            (Gauge, _) => Gauge,
            (hint, _) => hint,
        };
        let expected = Histogram {
            reset_hint: hint,
            ..expected.as_ref().clone()
        };
        assert_eq!(format!("{histogram:?}"), format!("{expected:?}"));
    }
    assert_eq!(found.len(), histograms.len());
}

proptest! {
    #[test]
    fn floats_come_back(
        steps in prop::collection::vec(
            (
                prop_oneof![Just(15_000i64), 1i64..100_000, 1i64..1_000_000_000_000],
                prop_oneof![
                    Just(STALE_NAN),
                    Just(0.0),
                    any::<f64>(),
                    (0u32..1000).prop_map(f64::from),
                    any::<u64>().prop_map(f64::from_bits),
                ],
            ),
            1..400,
        ),
        start in -1_000_000_000_000i64..1_000_000_000_000,
    ) {
        let mut time = start;
        let (mut times, mut values) = (Vec::new(), Vec::new());
        for (step, value) in steps {
            time += step;
            times.push(time);
            values.push(value);
        }
        let none: &[(i64, Arc<Histogram>)] = &[];
        let (mut read_times, mut read_values) = (Vec::new(), Vec::new());
        for chunk in chunks(&times, &values, none) {
            let ChunkSamples::Floats(times, values) = decoded(&chunk) else {
                panic!("floats became histograms");
            };
            prop_assert_eq!((times[0], times[times.len() - 1]), (chunk.min_ms, chunk.max_ms));
            read_times.extend(times);
            read_values.extend(values.into_iter().map(f64::to_bits));
        }
        prop_assert_eq!(read_times, times);
        prop_assert_eq!(read_values, values.into_iter().map(f64::to_bits).collect::<Vec<_>>());
    }
}
