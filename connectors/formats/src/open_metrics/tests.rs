//! OpenMetrics against tables of valid and invalid texts; exemplars and start timestamps.

use crate::exposition::{Entry, Format, Options, Parser};

/// One line an entry, or the error.
fn render(text: &str, options: Options) -> String {
    let mut parser = Parser::new(Format::OpenMetricsText, text.as_bytes(), options);
    let mut out = Vec::new();
    while let Some(entry) = parser.next() {
        out.push(match entry {
            Ok(Entry::Sample(sample)) => match (parser.labels(), parser.exemplars()) {
                (Ok(labels), Ok(exemplars)) => {
                    let mut line = format!("{} {}", labels.to_labels(), sample.value);
                    if let Some(timestamp) = sample.timestamp {
                        line += &format!(" @{timestamp}");
                    }
                    if let Some(start) = parser.start_timestamp_ms() {
                        line += &format!(" since {start}");
                    }
                    for exemplar in exemplars {
                        line += &format!(
                            " # {:?} {} {:?}",
                            exemplar.labels, exemplar.value, exemplar.timestamp
                        );
                    }
                    line
                }
                (Err(error), _) | (_, Err(error)) => format!("error: {error}"),
            },
            Ok(Entry::Type { family, metric_type }) => format!("TYPE {family} {}", metric_type.as_str()),
            Ok(Entry::Help { family, text }) => format!("HELP {family} {text}"),
            Ok(Entry::Unit { family, unit }) => format!("UNIT {family} {unit}"),
            Ok(other) => format!("{other:?}"),
            Err(error) => format!("error: {error}"),
        });
    }
    out.join("\n")
}

#[test]
fn valid_texts() {
    for (text, expected) in [
        ("# EOF\n", ""),
        ("# EOF", ""),
        ("a 1\n# EOF\n", r#"{__name__="a"} 1"#),
        ("a:b{} 1 1.5\n# EOF\n", r#"{__name__="a:b"} 1 @1500"#),
        ("a{b=\"c\",} 1 -1\n# EOF\n", r#"{__name__="a", b="c"} 1 @-1000"#),
        (
            "{\"my.metric\",\"a b\"=\"}\\\"\\n\\\\\"} +Inf 1520879607.789\n# EOF\n",
            r#"{__name__="my.metric", "a b"="}\"\n\\"} inf @1520879607789"#,
        ),
        (
            "# TYPE a_seconds counter\n# UNIT a_seconds seconds\n# HELP a_seconds x\\n\\\\y\n# EOF\n",
            "TYPE a_seconds counter\nUNIT a_seconds seconds\nHELP a_seconds x\n\\y",
        ),
        (
            "# TYPE a info\n# TYPE b stateset\n# TYPE c gaugehistogram\n# TYPE d unknown\n# TYPE \"e.f\" gauge\n# EOF\n",
            "TYPE a info\nTYPE b stateset\nTYPE c gaugehistogram\nTYPE d unknown\nTYPE e.f gauge",
        ),
        ("# HELP a \n# UNIT a \n# EOF\n", "HELP a \nUNIT a "),
        (
            "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\"} 2\n# EOF\n",
            "TYPE a histogram\n{__name__=\"a_bucket\", le=\"1.0\"} 1\n{__name__=\"a_bucket\", le=\"+Inf\"} 2",
        ),
    ] {
        assert_eq!(render(text, Options::default()), expected, "{text:?}");
    }
}

#[test]
fn invalid_texts() {
    for (text, expected) in [
        ("", "line 1: data does not end with # EOF"),
        ("a 1", "line 1: data does not end with # EOF"),
        ("a 1 5", "line 1: data does not end with # EOF"),
        ("\n# EOF\n", "line 1: expected a metric name"),
        ("# EOF\n\n", "line 1: unexpected data after # EOF"),
        ("# EOFx", "line 1: unexpected data after # EOF"),
        ("#EOF\n", "line 1: expected HELP, TYPE, UNIT or EOF"),
        ("# a comment\n# EOF\n", "line 1: expected HELP, TYPE, UNIT or EOF"),
        ("# TYPE a untyped\n# EOF\n", "line 1: invalid metric type"),
        ("# TYPE a\n# EOF\n", "line 1: expected text in TYPE"),
        ("# HELP a x", "line 1: expected text in HELP"),
        ("# HELP 1 x\n", "line 1: expected a metric name after HELP"),
        (
            "# UNIT a_b c\n# EOF\n",
            "line 1: unit \"c\" not a suffix of metric \"a_b\"",
        ),
        (
            "# UNIT c c\n# EOF\n",
            "line 1: unit \"c\" not a suffix of metric \"c\"",
        ),
        ("a  1\n# EOF\n", "line 1: expected a value"),
        ("a\t1\n# EOF\n", "line 1: expected a value"),
        (" a 1\n# EOF\n", "line 1: expected a metric name"),
        ("a {b=\"c\"} 1\n# EOF\n", "line 1: invalid value"),
        ("a 1 \n# EOF\n", "line 1: expected a timestamp"),
        ("a 1 1 1\n# EOF\n", "line 1: expected the end of the line"),
        ("a 1 NaN\n# EOF\n", "line 1: expected a timestamp"),
        ("a 1 x\n# EOF\n", "line 1: expected a timestamp"),
        ("a 1\t\n# EOF\n", "line 1: invalid value"),
        (
            "a{b=\"c\" d=\"e\"} 1\n# EOF\n",
            "line 1: expected comma or brace close",
        ),
        ("a{b=\"c\", d=\"e\"} 1\n# EOF\n", "line 1: expected a label name"),
        ("a{,} 1\n# EOF\n", "line 1: expected a label name"),
        ("a{b=\"x\ny\"} 1\n# EOF\n", "line 1: unterminated quoted text"),
        ("{a=\"b\"} 1\n# EOF\n", "line 1: metric name not set"),
        ("a 1 # {b=\"c\"}\n# EOF\n", "line 1: invalid exemplar"),
        ("a 1 # {b=\"c\"} 1 Inf\n# EOF\n", "line 1: invalid exemplar"),
        ("a 1 # {\"b\"} 1\n# EOF\n", "line 1: metric name already set"),
        ("a 1 # x\n# EOF\n", "line 1: expected a timestamp"),
        (
            "b 1\na 1 # {b=\"c\"} 1 1 1\n# EOF\n",
            "line 2: expected the end of the line",
        ),
    ] {
        let rendered = render(text, Options::default());
        let last = rendered
            .lines()
            .rev()
            .find(|line| line.starts_with("error: "))
            .unwrap_or(&rendered);
        assert!(last.contains(expected), "{text:?}: {rendered}");
    }
}

/// Whether all of a text can be read. A real Prometheus 3.5 agreed on each.
#[test]
fn odd_texts_are_judged_as_prometheus_does() {
    for (text, valid) in [
        ("a{b=\"x\\\ny\"} 1\n# EOF\n", false),
        ("{\"x\ny\"} 1\n# EOF\n", true),
        ("{\"a\",\"b\"=\"c\"} 1\n# EOF\n", true),
        ("a{\"b\"=\"c\"} 1\n# EOF\n", true),
        ("a{\"b\",x=\"c\"} 1\n# EOF\n", false),
        ("# TYPE \"a\" counter\na_total 1\n# EOF\n", true),
        ("a 1 1e3\n# EOF\n", true),
        ("a 1 # {\"b\"=\"c\"} 1\n# EOF\n", true),
        ("a 1 # {b=\"c\",} 1\n# EOF\n", true),
        ("a 1 # {b=\"c\" } 1\n# EOF\n", false),
        ("a 1 # {b=\"c\"}1\n# EOF\n", false),
        ("a 1 # {b=\"x\ny\"} 1\n# EOF\n", false),
        ("# HELP a b # EOF\n# EOF\n", true),
        ("# HELP  a b\n# EOF\n", false),
        ("# EOF\na 1\n", false),
        ("a{b=\"c\"}1\n# EOF\n", false),
        ("a 1 1 # {} 1 2\n# EOF\n", true),
        ("a 1 # {a=\"b\"} 1 # {c=\"d\"} 1\n# EOF\n", false),
        ("# UNIT a_b b\n# EOF\n", true),
        ("# UNIT a_b_total b\n# EOF\n", false),
        ("a 1 -1.5e2\n# EOF\n", true),
        ("a 1 c5\n# EOF\n", false),
        ("# TYPE \"a b counter\n# EOF\n", false),
        ("# TYPE \"a b\"counter\n# EOF\n", false),
        ("a{le=\"x\\q\"} 1\n# EOF\n", true),
    ] {
        let rendered = render(text, Options::default());
        assert_eq!(!rendered.contains("error: "), valid, "{text:?}: {rendered}");
    }
}

#[test]
fn exemplars() {
    let text =
        "# TYPE a counter\na_total{x=\"y\"} 5 1 # {trace_id=\"é\\\"\"} 0.5 1.25\na_total 1 # {} 1\n# EOF\n";
    assert_eq!(
        render(text, Options::default()),
        "TYPE a counter\n{__name__=\"a_total\", x=\"y\"} 5 @1000 # [(\"trace_id\", \"é\\\"\")] 0.5 Some(1250)\n\
         {__name__=\"a_total\"} 1 # [] 1 None"
    );
}

#[test]
fn start_timestamps() {
    let text = "# TYPE a counter\na_total{x=\"1\"} 5\na_created{x=\"1\"} 100.5\na_total{x=\"2\"} 6\na_created{x=\"2\"} 200\na_total{x=\"3\"} 6\n\
                # TYPE h histogram\nh_bucket{a=\"b\",le=\"1\"} 1\nh_count{a=\"b\"} 1\nh_created{a=\"b\"} 7\n\
                # TYPE g gauge\ng 1\ng_created 5\n# EOF\n";
    let skipping = Options {
        skip_created_series: true,
        ..Options::default()
    };
    assert_eq!(
        render(text, skipping),
        "TYPE a counter\n{__name__=\"a_total\", x=\"1\"} 5 since 100500\n{__name__=\"a_total\", x=\"2\"} 6 since 200000\n\
         {__name__=\"a_total\", x=\"3\"} 6\nTYPE h histogram\n{__name__=\"h_bucket\", a=\"b\", le=\"1.0\"} 1 since 7000\n\
         {__name__=\"h_count\", a=\"b\"} 1 since 7000\nTYPE g gauge\n{__name__=\"g\"} 1\n{__name__=\"g_created\"} 5"
    );
    let plain = render(text, Options::default());
    assert!(
        plain.contains("{__name__=\"a_created\", x=\"1\"} 100.5"),
        "{plain}"
    );
}
