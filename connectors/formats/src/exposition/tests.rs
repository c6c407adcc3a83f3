//! All formats: guesses change nothing, damage never panics, short numbers are exact.

use proptest::prelude::*;

use super::float::{parse_value, short_decimal};
use super::*;

const FORMATS: [Format; 3] = [
    Format::PrometheusText,
    Format::OpenMetricsText,
    Format::PrometheusProto,
];

const TEXT: &str = "# HELP h help\n# TYPE h histogram\nh_bucket{a=\"1\",le=\"0.5\"} 1 # {t=\"x\"} 0.5 1\nh_bucket{a=\"1\",le=\"+Inf\"} 3\n\
    h_sum{a=\"1\"} 2.5\nh_count{a=\"1\"} 3\nh_created{a=\"1\"} 5\n# TYPE a counter\na 1\na{b=\"c\"} 2\n{\"x.y\",b=\"}\"} 3\na_b 4 5\n# EOF\n";

/// Everything that a body says. `known` are the series of an earlier reading, each a guess.
fn read(format: Format, body: &[u8], options: Options, known: &[Vec<u8>]) -> (String, Vec<Vec<u8>>, usize) {
    let mut parser = Parser::new(format, body, options);
    let (mut out, mut series, mut right) = (String::new(), Vec::new(), 0);
    loop {
        let guess = known.get(series.len()).map_or(&[][..], Vec::as_slice);
        let Some(entry) = parser.next_guessing(guess.len(), |bytes| bytes == guess) else {
            return (out, series, right);
        };
        let (said, guessed) = match entry {
            Ok(Entry::Sample(sample)) => (
                format!("{:x} {:?}", sample.value.to_bits(), sample.timestamp),
                sample.guessed,
            ),
            Ok(Entry::Histogram { timestamp, guessed }) => {
                (format!("{:?} {timestamp:?}", parser.histogram()), guessed)
            }
            other => {
                out += &format!("{other:?}\n");
                continue;
            }
        };
        right += usize::from(guessed);
        out += &format!(
            "{:?} {said} {:?} {:?} {:?}\n",
            parser.labels(),
            parser.exemplars(),
            parser.start_timestamp_ms(),
            parser.metric_type()
        );
        series.push(parser.series().to_vec());
    }
}

fn all_options() -> impl Iterator<Item = Options> {
    (0..32u8).map(|bits| Options {
        ignore_native_histograms: bits & 1 != 0,
        keep_classic_histograms: bits & 2 != 0,
        convert_classic_histograms: bits & 4 != 0,
        skip_created_series: bits & 8 != 0,
        describe_series: bits & 16 != 0,
    })
}

#[test]
fn guesses_change_nothing_and_are_right_again() {
    for options in all_options() {
        // Prometheus's text has no exemplars.
        let text = TEXT.replace(" # {t=\"x\"} 0.5 1", "");
        for (format, body) in [(FORMATS[0], text.as_str()), (FORMATS[1], TEXT)] {
            let (plain, series, _) = read(format, body.as_bytes(), options, &[]);
            assert!(!plain.contains("Err"), "{plain}");
            let (again, _, right) = read(format, body.as_bytes(), options, &series);
            assert_eq!(again, plain);
            assert_eq!(right, series.len(), "{format:?} {options:?}");
        }
    }
}

#[test]
fn long_runs_of_created_lines_are_skipped_without_a_deep_stack() {
    let text = format!(
        "# TYPE a counter\n{}a_total 1\n# EOF\n",
        "a_created 5\n".repeat(200_000)
    );
    for convert_classic_histograms in [false, true] {
        let options = Options {
            skip_created_series: true,
            convert_classic_histograms,
            ..Options::default()
        };
        let entries = Parser::new(Format::OpenMetricsText, text.as_bytes(), options).count();
        assert_eq!(entries, 2);
    }
}

proptest! {
    // Each case is read 288 times.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn damage_never_panics(at in 0..TEXT.len(), byte in any::<u8>(), shift in 0..3usize) {
        let mut body = TEXT.as_bytes().to_vec();
        body[at] = byte;
        for format in FORMATS {
            for options in all_options() {
                let (plain, mut series, _) = read(format, &body, options, &[]);
                // Guesses of another body, or one off.
                series.drain(..shift.min(series.len()));
                prop_assert_eq!(&read(format, &body, options, &series).0, &plain);
                let (_, known, _) = read(format, TEXT.as_bytes(), options, &[]);
                prop_assert_eq!(&read(format, &body, options, &known).0, &plain);
            }
        }
    }

    #[test]
    fn random_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        for format in FORMATS {
            for options in all_options() {
                drop(read(format, &body, options, &[]));
            }
        }
    }

}

proptest! {
    #[test]
    fn short_decimals_are_exact(text in "[0-9]{0,9}(\\.[0-9]{0,9})?") {
        let line = format!("{text}\n");
        if let Some((value, len)) = short_decimal(line.as_bytes()) {
            prop_assert_eq!(len, text.len());
            prop_assert_eq!(Some(value.to_bits()), text.parse::<f64>().ok().map(f64::to_bits));
            prop_assert_eq!(Some(value), parse_value(text.as_bytes()));
        } else {
            prop_assert!(text.len() > 15 || text.is_empty() || text == ".", "{}", text);
        }
    }
}
