//! Round trips, what is skipped, bombs, and random bytes.

use engine_model::Labels;
use engine_model::staleness::{STALE_NAN, STALE_NAN_BITS};
use proptest::prelude::*;

use super::v1::{NotStored, Sample, decode, encode};
use super::*;

/// Each series as text, with the bits of its values.
fn render(message: &[u8]) -> Result<(Vec<String>, NotStored), WireError> {
    let mut out = Vec::new();
    let not_stored = decode(message, |series| {
        let labels: Vec<_> = series
            .labels
            .iter()
            .map(|(n, v)| format!("{}={}", String::from_utf8_lossy(n), String::from_utf8_lossy(v)))
            .collect();
        let samples: Vec<_> = series
            .samples
            .iter()
            .map(|s| format!("{:x}@{}", s.value.to_bits(), s.timestamp))
            .collect();
        out.push(format!("{} {}", labels.join(","), samples.join(",")));
    })?;
    Ok((out, not_stored))
}

#[test]
fn round_trip_keeps_payloads_and_negative_times() {
    let up = Labels::from_pairs([("__name__", "up"), ("job", "é")]);
    let down = Labels::from_pairs([("__name__", "down")]);
    let samples = [
        Sample {
            timestamp: -5,
            value: 1.0,
        },
        Sample {
            timestamp: i64::MAX,
            value: STALE_NAN,
        },
    ];
    let message = encode([(&up, &samples[..]), (&down, &[])]);
    let body = compress(&message).unwrap();
    let (series, not_stored) = render(&decompress(&body).unwrap()).unwrap();
    assert_eq!(
        series,
        [
            format!(
                "__name__=up,job=é 3ff0000000000000@-5,{STALE_NAN_BITS:x}@{}",
                i64::MAX
            ),
            "__name__=down ".to_owned(),
        ]
    );
    assert_eq!(not_stored, NotStored::default());
}

#[test]
fn what_is_not_stored_is_counted() {
    // A series with one label, one exemplar, two histograms and an unknown field; one metadata entry.
    let message = b"\x0a\x10\x0a\x06\x0a\x01a\x12\x01b\x1a\x00\x22\x00\x22\x00\x78\x07\x1a\x00";
    let (series, not_stored) = render(message).unwrap();
    assert_eq!(series, ["a=b "]);
    assert_eq!(
        not_stored,
        NotStored {
            exemplars: 1,
            histograms: 2,
            metadata: 1
        }
    );
}

#[test]
fn damage_is_an_error() {
    for message in [
        &b"\x0a\x05ab"[..],
        b"\x08\x01",
        b"\x0a\x02\x08\x01",
        b"\x0a\x04\x12\x02\x08\x01",
        b"\xff",
    ] {
        assert!(render(message).is_err(), "{message:?}");
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
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        drop(render(&bytes));
        drop(decompress(&bytes));
    }

    #[test]
    fn mutated_requests_never_panic(at in 0..60usize, byte in any::<u8>()) {
        let up = Labels::from_pairs([("__name__", "up"), ("job", "node")]);
        let samples = [Sample { timestamp: 1_000_000, value: 1.5 }; 3];
        let mut message = encode([(&up, &samples[..])]);
        let at = at % message.len();
        message[at] = byte;
        drop(render(&message));
    }
}
