//! Classic histograms of texts as custom buckets: which lines belong together, and what contradicts itself.

use engine_model::histogram::Counts;

use super::ClassicHistogram;
use crate::exposition::{Entry, Format, Options, Parser};

fn render(text: &str, keep_classic_histograms: bool) -> String {
    let options = Options {
        convert_classic_histograms: true,
        keep_classic_histograms,
        ..Options::default()
    };
    let mut parser = Parser::new(Format::PrometheusText, text.as_bytes(), options);
    let mut out = Vec::new();
    while let Some(entry) = parser.next() {
        let what = match entry {
            Ok(Entry::Sample(sample)) => sample.value.to_string(),
            Ok(Entry::Histogram { timestamp, .. }) => {
                let histogram = parser.histogram().unwrap();
                assert_eq!(histogram.validate(), Ok(()));
                let count = match histogram.counts {
                    Counts::Integer { count, positive, .. } => format!("{count} {positive:?}"),
                    Counts::Float { count, positive, .. } => format!("float {count} {positive:?}"),
                };
                format!(
                    "{:?} {count} sum {} {timestamp:?}",
                    histogram.custom_values, histogram.sum
                )
            }
            Ok(_) => continue,
            Err(error) => {
                out.push(format!("error: {error}"));
                continue;
            }
        };
        out.push(format!("{} {what}", parser.labels().unwrap().to_labels()));
    }
    out.join("\n")
}

const TEXT: &str = "before 1\n# TYPE h histogram\nh_bucket{a=\"1\",le=\"0.5\"} 1 9\nh_bucket{le=\"+Inf\",a=\"1\"} 3 9\nh_sum{a=\"1\"} 2.5 9\n\
    h_count{a=\"1\"} 3 9\nh_bucket{a=\"2\",le=\"1\"} 1.5\nh_other 7\n# TYPE g gauge\ng 4\n";

#[test]
fn neighbours_become_one_histogram() {
    assert_eq!(
        render(TEXT, false),
        "{__name__=\"before\"} 1\n{__name__=\"h\", a=\"1\"} [0.5] 3 [1, 1] sum 2.5 Some(9)\n\
         {__name__=\"h\", a=\"2\"} [1.0] float 1.5 [1.5, 0.0] sum 0 None\n{__name__=\"h_other\"} 7\n{__name__=\"g\"} 4"
    );
    let kept = render(TEXT, true);
    assert_eq!(kept.lines().count(), 2 + 5 + 3, "{kept}");
    assert!(
        kept.contains("{__name__=\"h_bucket\", a=\"1\", le=\"0.5\"} 1\n"),
        "{kept}"
    );
}

#[test]
fn a_histogram_at_the_end_and_before_an_error() {
    let histogram = "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_count 2\n";
    let expected = "{__name__=\"h\"} [1.0] 2 [1, 0] sum 0 None";
    assert_eq!(render(histogram, false), expected);
    let damaged = render(&format!("{histogram}1x\n"), false);
    assert!(
        damaged.starts_with(&format!("{expected}\nerror: line 4")),
        "{damaged}"
    );
}

#[test]
fn contradictions_are_dropped() {
    for text in [
        "# TYPE h histogram\nh_bucket{le=\"1\"} 5\nh_bucket{le=\"2\"} 4\nh_count 5\n",
        "# TYPE h histogram\nh_bucket{le=\"1\"} -1\nh_count 5\n",
        "# TYPE h histogram\nh_bucket{le=\"1\"} 7\nh_count 5\n",
        "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 7\nh_count 5\n",
    ] {
        assert_eq!(render(text, false), "", "{text}");
    }
}

/// What a real Prometheus 3.5 makes of incomplete and odd histograms.
#[test]
fn odd_histograms_are_converted_as_prometheus_does() {
    for (lines, expected) in [
        ("h_count 3\nh_sum 4\n", "{__name__=\"h\"} [] 3 [3] sum 4 None"),
        ("h_sum 4\n", "{__name__=\"h\"} [] 0 [0] sum 4 None"),
        ("h_bucket{le=\"+Inf\"} NaN\nh_count 3\n", ""),
        (
            "h_bucket{le=\"NaN\"} 1\nh_bucket{le=\"+Inf\"} 3\nh_count 3\n",
            "{__name__=\"h_bucket\", le=\"NaN\"} 1\n{__name__=\"h\"} [] 3 [3] sum 0 None",
        ),
        (
            "h_bucket{le=\"x\"} 4\nh_count 4\n",
            "{__name__=\"h_bucket\", le=\"x\"} 4\n{__name__=\"h\"} [] 4 [4] sum 0 None",
        ),
        (
            "h_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 1\nh_bucket{le=\"3\"} 5\nh_count 5\nh_sum NaN\n",
            "{__name__=\"h\"} [1.0, 2.0, 3.0] 5 [1, -1, 4, -4] sum NaN None",
        ),
        ("h_bucket{le=\"1\"} 1.5\nh_bucket{le=\"+Inf\"} 2\nh_count 3\n", ""),
    ] {
        assert_eq!(
            render(&format!("# TYPE h histogram\n{lines}"), false),
            expected,
            "{lines}"
        );
    }
}

#[test]
fn bounds_in_any_order() {
    let mut classic = ClassicHistogram::default();
    for (bound, count) in [(2.0, 2.0), (1.0, 1.0), (1.0, 9.0), (f64::INFINITY, 4.0)] {
        classic.set_bucket(bound, count);
    }
    let histogram = classic.convert().unwrap();
    assert_eq!(histogram.custom_values, [1.0, 2.0]);
    assert!(matches!(histogram.counts, Counts::Integer { count: 4, .. }));
}
