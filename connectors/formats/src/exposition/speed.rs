//! How fast the parsers are on one core, in CPU time of the thread. Not run by default:
//! `cargo test --release -p connectors-formats --lib -- --ignored speed --nocapture`.

use std::io::Write;

use engine_model::staleness::NORMAL_NAN_BITS;
use xxhash_rust::xxh3::xxh3_128;

use super::*;

/// Series of a body, and its readings.
const SERIES: usize = 2_000;
const READINGS: usize = 1_000;

/// Nanoseconds that this thread has run.
fn thread_ns() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("is Linux");
    stat.split(' ')
        .next()
        .and_then(|ns| ns.parse().ok())
        .expect("has three numbers")
}

fn body(end: &str) -> String {
    let mut out = String::new();
    for i in 0..SERIES {
        if i % 20 == 0 {
            out += &format!(
                "# HELP metric_{i}_seconds_total What it counts.\n# TYPE metric_{i}_seconds_total gauge\n"
            );
        }
        let value = match i % 4 {
            0 => format!("{}", i * 7919 % 100_000),
            1 => format!("{}.{:02}", i * 31 % 5000, i % 100),
            2 => format!("{}e+09", 1.0 + i as f64 / 7.0),
            _ => "0".to_owned(),
        };
        out += &format!(
            "metric_{}_seconds_total{{cpu=\"{}\",mode=\"system\",device=\"nvme{}n1\",code=\"{}\"}} {value}\n",
            i / 20 * 20,
            i % 16,
            i % 3,
            200 + i % 20
        );
    }
    out + end
}

/// Reads a body; right guesses, and a sum that keeps the values alive.
fn read(format: Format, body: &[u8], known: &[(usize, u128)]) -> (usize, u64) {
    let mut parser = Parser::new(format, body, Options::default());
    let (mut next, mut right, mut sum) = (0, 0, NORMAL_NAN_BITS);
    loop {
        let (len, key) = known.get(next).copied().unwrap_or_default();
        let Some(entry) = parser.next_guessing(len, |bytes| xxh3_128(bytes) == key) else {
            return (right, sum);
        };
        if let Entry::Sample(sample) = entry.expect("is valid") {
            right += usize::from(sample.guessed);
            sum = sum.wrapping_add(sample.value.to_bits());
            next += 1;
        }
    }
}

fn series(format: Format, body: &[u8]) -> Vec<(usize, u128)> {
    let mut parser = Parser::new(format, body, Options::default());
    let mut out = Vec::new();
    while let Some(entry) = parser.next() {
        if matches!(entry, Ok(Entry::Sample(_))) {
            out.push((parser.series().len(), xxh3_128(parser.series())));
        }
    }
    out
}

#[test]
#[ignore = "measures; wants a release build"]
fn speed() {
    let mut out = std::io::stderr();
    for (format, end) in [(Format::PrometheusText, ""), (Format::OpenMetricsText, "# EOF\n")] {
        let body = body(end);
        let known = series(format, body.as_bytes());
        assert_eq!(known.len(), SERIES);
        for (name, known) in [("known", &known[..]), ("unknown", &[])] {
            // The clock of a thread is coarse, so that many readings are timed together.
            let start = thread_ns();
            for _ in 0..READINGS {
                let (right, sum) = std::hint::black_box(read(format, body.as_bytes(), known));
                assert!(right == known.len() && sum != 0);
            }
            let mean = (thread_ns() - start) as f64 / READINGS as f64;
            let (bytes, samples) = (body.len() as f64, SERIES as f64);
            writeln!(
                out,
                "{format:?} {name}: {:.2} GB/s, {:.1} million samples/s, {:.0} ns a sample",
                bytes / mean,
                1e3 * samples / mean,
                mean / samples
            )
            .expect("stderr takes it");
        }
    }
}
