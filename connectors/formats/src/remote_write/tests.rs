//! Round trips of both versions, damage, bombs, and random bytes.

use engine_model::histogram::{Counts, Histogram, ResetHint, Span};
use engine_model::staleness::{STALE_NAN, STALE_NAN_BITS};
use engine_model::{Exemplar, Labels, SeriesRef};
use proptest::prelude::*;

use super::*;

fn shown(pairs: LabelPairs<'_>) -> Result<String, WireError> {
    let mut out = Vec::new();
    for pair in pairs {
        let (name, value) = pair?;
        out.push(format!(
            "{}={}",
            String::from_utf8_lossy(name),
            String::from_utf8_lossy(value)
        ));
    }
    Ok(out.join(","))
}

/// One series as text, with the bits of its values.
fn show(series: &Series<'_>) -> Result<String, WireError> {
    let mut out = vec![shown(series.labels())?];
    for (i, sample) in series.samples.iter().enumerate() {
        let start = series.start_timestamps.get(i).copied().unwrap_or_default();
        out.push(format!(
            "{:x}@{} from {start}",
            sample.value.to_bits(),
            sample.timestamp
        ));
    }
    for sent in &series.histograms {
        let sum = sent.decode()?.sum.to_bits();
        out.push(format!(
            "histogram {sum:x}@{} from {}",
            sent.timestamp, sent.start_timestamp
        ));
    }
    for (exemplar, pairs) in series.exemplars() {
        out.push(format!(
            "# {{{}}} {}@{}",
            shown(pairs)?,
            exemplar.value,
            exemplar.timestamp
        ));
        out.extend(exemplar.fault.map(|fault| fault.to_string()));
    }
    if let Some(said) = series.metadata {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        out.push(format!("{} {} {}", said.kind, text(said.help), text(said.unit)));
    }
    out.extend(series.fault.map(|fault| fault.to_string()));
    Ok(out.join("; "))
}

fn render_v1(message: &[u8]) -> Result<Vec<String>, WireError> {
    let (mut out, mut said) = (Vec::new(), Vec::new());
    v1::decode(
        message,
        |series| {
            out.push(show(series)?);
            Ok(())
        },
        |metadata| {
            said.push(format!(
                "{} is a {}",
                String::from_utf8_lossy(metadata.family),
                metadata.kind
            ))
        },
    )?;
    out.append(&mut said);
    Ok(out)
}

fn render_v2(message: &[u8]) -> Result<Vec<String>, WireError> {
    let mut out = Vec::new();
    v2::decode(message, |series| {
        out.push(show(series)?);
        Ok(())
    })?;
    Ok(out)
}

fn histogram() -> Histogram {
    Histogram {
        schema: -2,
        reset_hint: ResetHint::NotReset,
        zero_threshold: 1e-128,
        sum: -1.5,
        positive_spans: vec![
            Span {
                offset: -3,
                length: 2,
            },
            Span { offset: 4, length: 1 },
        ],
        negative_spans: vec![Span { offset: 0, length: 1 }],
        custom_values: Vec::new(),
        counts: Counts::Integer {
            count: 12,
            zero: 2,
            positive: vec![3, -2, 4],
            negative: vec![1],
        },
    }
}

fn float_histogram() -> Histogram {
    Histogram {
        schema: -53,
        reset_hint: ResetHint::Gauge,
        positive_spans: vec![Span { offset: 0, length: 3 }],
        negative_spans: Vec::new(),
        custom_values: vec![0.5, 1.0],
        counts: Counts::Float {
            count: 3.5,
            zero: 0.0,
            positive: vec![1.0, 2.0, 0.5],
            negative: Vec::new(),
        },
        ..histogram()
    }
}

fn exemplar() -> Exemplar {
    Exemplar {
        series: SeriesRef(0),
        labels: Labels::from_pairs([("trace_id", "abc")]),
        timestamp: 7,
        value: 0.25,
    }
}

const SAMPLES: [Sample; 2] = [
    Sample {
        timestamp: -5,
        value: 1.0,
    },
    Sample {
        timestamp: i64::MAX,
        value: STALE_NAN,
    },
];

#[test]
fn version_1_round_trip_keeps_payloads_and_negative_times() {
    let up = Labels::from_pairs([("__name__", "up"), ("job", "é")]);
    let down = Labels::from_pairs([("__name__", "down")]);
    let exemplars = [exemplar()];
    let histograms = [(9, histogram()), (10, Histogram::stale())];
    let sent = |labels, samples, histograms, exemplars| v1::Sent {
        labels,
        samples,
        histograms,
        exemplars,
    };
    let mut message = v1::encode_series([
        sent(&up, &SAMPLES, &[], &exemplars),
        sent(&down, &[], &histograms, &[]),
    ]);
    message.extend_from_slice(b"\x1a\x05\x08\x01\x12\x01m");
    let body = compress(&message).unwrap();
    assert_eq!(
        render_v1(&decompress(&body).unwrap()).unwrap(),
        [
            format!(
                "__name__=up,job=é; 3ff0000000000000@-5 from 0; {STALE_NAN_BITS:x}@{} from 0; \
                 # {{trace_id=abc}} 0.25@7",
                i64::MAX
            ),
            format!(
                "__name__=down; histogram bff8000000000000@9 from 0; histogram {STALE_NAN_BITS:x}@10 from 0"
            ),
            "m is a counter".to_owned(),
        ]
    );
}

#[test]
fn fields_of_a_sample_come_in_any_order() {
    let value = 1.5f64.to_le_bytes();
    let fields: [&[u8]; 3] = [&[&b"\x09"[..], &value[..]].concat(), b"\x10\xf4\x03", b"\x18\x01"];
    for (order, expected) in [
        (&[0, 1][..], "3ff8000000000000@500 from 0"),
        (&[1, 0], "3ff8000000000000@500 from 0"),
        (&[0, 1, 2], "3ff8000000000000@500 from 0"),
        (&[2, 0, 1], "3ff8000000000000@500 from 0"),
        (&[0], "3ff8000000000000@0 from 0"),
        (&[1], "0@500 from 0"),
        (&[], "0@0 from 0"),
    ] {
        let sample: Vec<u8> = order.iter().flat_map(|field| fields[*field]).copied().collect();
        let series = [&[0x12, sample.len() as u8][..], &sample[..]].concat();
        let message = [&[0x0a, series.len() as u8][..], &series[..]].concat();
        let rendered = render_v1(&message).expect("is whole");
        assert!(rendered[0].contains(expected), "{order:?}: {rendered:?}");
    }
}

#[test]
fn version_2_round_trip_shares_texts() {
    let up = Labels::from_pairs([("__name__", "up"), ("job", "up")]);
    let exemplars = [exemplar()];
    let histograms = [(9, float_histogram())];
    let sent = v2::Sent {
        labels: &up,
        samples: &SAMPLES,
        start_timestamp: 3,
        histograms: &histograms,
        exemplars: &exemplars,
        metadata: Some((2, "whether it is up", "")),
    };
    let message = v2::encode([sent]);
    assert_eq!(
        message.windows(2).filter(|bytes| bytes == b"up").count(),
        2,
        "name and help"
    );
    assert_eq!(
        render_v2(&message).unwrap(),
        [format!(
            "__name__=up,job=up; 3ff0000000000000@-5 from 3; {STALE_NAN_BITS:x}@{} from 3; \
             histogram bff8000000000000@9 from 3; # {{trace_id=abc}} 0.25@7; gauge whether it is up ",
            i64::MAX
        )]
    );
}

#[test]
fn histograms_come_back_bit_by_bit() {
    for sent in [histogram(), float_histogram(), Histogram::stale()] {
        let labels = Labels::from_pairs([("__name__", "h")]);
        let message = v1::encode_series([v1::Sent {
            labels: &labels,
            samples: &[],
            histograms: &[(1, sent.clone())],
            exemplars: &[],
        }]);
        let mut got = Vec::new();
        let visit = |series: &Series<'_>| {
            got.push(series.histograms[0].decode()?);
            Ok(())
        };
        v1::decode(&message, visit, |_| ()).unwrap();
        assert!(got[0].is_identical(&sent), "{:?} is not {sent:?}", got[0]);
    }
}

#[test]
fn equal_labels_have_equal_bytes_and_scattered_ones_are_gathered() {
    // `a="b"`, a sample, `c="d"`: the second label stands apart.
    let scattered = b"\x0a\x12\x0a\x06\x0a\x01a\x12\x01b\x12\x00\x0a\x06\x0a\x01c\x12\x01d";
    let together = b"\x0a\x12\x0a\x06\x0a\x01a\x12\x01b\x0a\x06\x0a\x01c\x12\x01d\x12\x00";
    let mut bytes = Vec::new();
    for message in [&scattered[..], together] {
        let visit = |series: &Series<'_>| {
            bytes.push(series.label_bytes().to_vec());
            Ok(())
        };
        v1::decode(message, visit, |_| ()).unwrap();
        assert_eq!(render_v1(message).unwrap(), ["a=b,c=d; 0@0 from 0"]);
    }
    assert_eq!(bytes[0], bytes[1]);
}

#[test]
fn references_that_lead_nowhere_are_faults_of_their_series() {
    // Symbols "", "a", "b"; series with references 1 2, 1, 1 9, and an exemplar with 9 9.
    let message = b"\x22\x00\x22\x01a\x22\x01b\
        \x2a\x04\x0a\x02\x01\x02\x2a\x03\x0a\x01\x01\x2a\x04\x0a\x02\x01\x09\x2a\x0a\x0a\x02\x01\x02\x22\x04\x0a\x02\x09\x09";
    assert_eq!(
        render_v2(message).unwrap(),
        [
            "a=b",
            "; invalid labelRefs length 1",
            "; labelRefs 1 (name) = 9 (value) outside of symbols table (size 3)",
            "a=b; # {} 0@0; labelRefs 9 (name) = 9 (value) outside of symbols table (size 3)",
        ]
    );
}

#[test]
fn references_do_not_make_gigabytes() {
    // One text of a MiB, named 2 × 512 times by each of 100 series.
    let mut message = vec![0x22, 0x80, 0x80, 0x40];
    message.resize(message.len() + (1 << 20), b'x');
    let mut series = vec![0x0a, 0x80, 0x08];
    series.resize(series.len() + 1024, 0);
    for _ in 0..100 {
        message.extend_from_slice(&[0x2a, 0x83, 0x08]);
        message.extend_from_slice(&series);
    }
    let (mut largest, mut faults) = (0, 0);
    v2::decode(&message, |series| {
        largest = largest.max(series.label_bytes().len());
        faults += usize::from(matches!(series.fault, Some(ReferenceError::TooLarge(_))));
        Ok(())
    })
    .unwrap();
    assert_eq!(faults, 100);
    assert!(largest <= 17 * DECODED_BYTES_MAX, "{largest}");
}

#[test]
fn damage_is_an_error() {
    for message in [
        &b"\x0a\x05ab"[..],
        b"\x08\x01",
        b"\x0a\x02\x08\x01",
        b"\x0a\x04\x12\x02\x08\x01",
        b"\x0a\x04\x22\x02\x78\xff",
        b"\x0a\x03\x22\x01\x0f",
        b"\xff",
    ] {
        assert!(render_v1(message).is_err(), "{message:?}");
    }
    for message in [&b"\x22\x05ab"[..], b"\x28\x01", b"\x2a\x03\x0a\x01\xff", b"\xff"] {
        assert!(render_v2(message).is_err(), "{message:?}");
    }
    assert!(matches!(
        decompress(b""),
        Err(CompressionError::Malformed(_)) | Ok(_)
    ));
    assert!(matches!(
        decompress(b"\x05abc"),
        Err(CompressionError::Malformed(_))
    ));
}

#[test]
fn bombs_are_refused_before_anything_is_allocated() {
    let zeros = compress(&vec![0; DECODED_BYTES_MAX + 1]).unwrap();
    assert!(matches!(
        decompress(&zeros),
        Err(CompressionError::TooLarge { decoded_bytes }) if decoded_bytes == DECODED_BYTES_MAX + 1
    ));
    let most = compress(&vec![0; DECODED_BYTES_MAX]).unwrap();
    assert_eq!(decompress(&most).unwrap().len(), DECODED_BYTES_MAX);
    // Says 16 MiB and holds nothing.
    assert!(matches!(
        decompress(b"\x80\x80\x80\x08\x00\x00"),
        Err(CompressionError::Implausible { .. })
    ));
    // A table of more symbols than any sender has.
    let symbols = b"\x22\x00".repeat(DECODED_BYTES_MAX / 8 + 1);
    assert!(matches!(render_v2(&symbols), Err(WireError::TooMany(_))));
}

fn whole_messages() -> [Vec<u8>; 2] {
    let labels = Labels::from_pairs([("__name__", "up"), ("job", "node")]);
    let (histograms, exemplars) = ([(1, histogram())], [exemplar()]);
    let v1 = v1::encode_series([v1::Sent {
        labels: &labels,
        samples: &SAMPLES,
        histograms: &histograms,
        exemplars: &exemplars,
    }]);
    let v2 = v2::encode([v2::Sent {
        labels: &labels,
        samples: &SAMPLES,
        start_timestamp: 1,
        histograms: &histograms,
        exemplars: &exemplars,
        metadata: Some((1, "help", "unit")),
    }]);
    [v1, v2]
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        drop(render_v1(&bytes));
        drop(render_v2(&bytes));
        drop(decompress(&bytes));
    }

    #[test]
    fn mutated_requests_never_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let [mut v1, mut v2] = whole_messages();
        let place = at.index(v1.len());
        v1[place] = byte;
        drop(render_v1(&v1));
        let place = at.index(v2.len());
        v2[place] = byte;
        drop(render_v2(&v2));
    }
}
