//! Every sample comes back bit by bit; ordinary series cost what the format promises.

use proptest::prelude::*;

use super::*;

fn write(samples: &[(i64, u64)]) -> Vec<SealedPiece> {
    let mut open = OpenPiece::default();
    let mut sealed = Vec::new();
    let mut last = (0, 0);
    for &(time, bits) in samples {
        if open.is_full() {
            sealed.push(open.seal(last.0));
        }
        open.push(last, time, bits);
        last = (time, bits);
    }
    sealed.push(open.seal(last.0));
    sealed
}

fn read(pieces: &[SealedPiece]) -> Vec<(i64, u64)> {
    pieces.iter().flat_map(SealedPiece::reader).collect()
}

fn bytes(pieces: &[SealedPiece]) -> usize {
    pieces.iter().map(|piece| piece.bytes.len()).sum()
}

#[test]
fn ordinary_series_are_small() {
    type Samples = Vec<(i64, u64)>;
    let every_15_s = |value: fn(i64) -> f64| -> Samples {
        (0..120)
            .map(|i| (1_700_000_000_000 + 15_000 * i, value(i).to_bits()))
            .collect()
    };
    let cases: [(&str, Samples, usize); 4] = [
        ("constant", every_15_s(|_| 1.0), 24),
        ("counter", every_15_s(|i| (1_000_000 + i * 37) as f64), 256),
        ("decimals", every_15_s(|i| 0.25 * (i % 17) as f64), 270),
        ("odd", every_15_s(|i| (i as f64).sin()), 1100),
    ];
    for (name, samples, bytes_max) in cases {
        let pieces = write(&samples);
        assert_eq!(read(&pieces), samples, "{name}");
        assert!(bytes(&pieces) <= bytes_max, "{name}: {} bytes", bytes(&pieces));
    }
}

#[test]
fn a_restored_piece_goes_on() {
    let samples: Vec<(i64, u64)> = (0..100)
        .map(|i| (i * 1000, ((i / 3) as f64 * 0.5).to_bits()))
        .collect();
    for split in 1..99 {
        let mut open = OpenPiece::default();
        let mut last = (0, 0);
        for &(time, bits) in &samples[..split] {
            open.push(last, time, bits);
            last = (time, bits);
        }
        let mut restored = OpenPiece::restore(open.bytes(), open.state()).expect("whole");
        for &(time, bits) in &samples[split..] {
            restored.push(last, time, bits);
            last = (time, bits);
        }
        assert_eq!(restored.reader().collect::<Vec<_>>(), samples);
        assert!(
            split == 1 || OpenPiece::restore(&open.bytes()[..open.bytes().len() - 1], open.state()).is_none()
        );
    }
}

fn value() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => (-1000i64..1000).prop_map(|v| (v as f64).to_bits()),
        4 => (-100_000i64..100_000, 0u32..6).prop_map(|(v, e)| (v as f64 / 10f64.powi(e as i32)).to_bits()),
        2 => any::<u64>(),
        1 => Just((-0.0f64).to_bits()),
        1 => Just(engine_model::staleness::STALE_NAN_BITS),
        1 => Just(f64::INFINITY.to_bits()),
    ]
}

fn samples() -> impl Strategy<Value = Vec<(i64, u64)>> {
    let step = prop_oneof![6 => Just(15_000i64), 2 => 1i64..100_000, 1 => 1i64..(1 << 40)];
    let moved = (
        any::<i64>(),
        prop::collection::vec((step, value(), 1usize..5), 1..100),
    );
    moved.prop_map(|(start, moves)| {
        let (mut time, mut samples) = (start, Vec::new());
        for (step, bits, repeats) in moves {
            for _ in 0..repeats {
                samples.push((time, bits));
                time = time.wrapping_add(step);
            }
        }
        samples
    })
}

proptest! {
    #[test]
    fn every_sample_comes_back(samples in samples()) {
        prop_assert_eq!(read(&write(&samples)), samples);
    }

    #[test]
    fn damaged_bytes_end_the_reading(bytes in prop::collection::vec(any::<u8>(), 0..200), count in any::<u8>()) {
        prop_assert!(PieceReader::new(&bytes, count).count() <= usize::from(count));
    }
}
