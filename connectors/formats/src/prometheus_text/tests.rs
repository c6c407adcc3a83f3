//! The parser against tables of valid and invalid text, and against random bytes.

use engine_model::staleness::NORMAL_NAN_BITS;
use proptest::prelude::*;

use super::*;
use crate::exposition::Place;

/// One line an event: `series => value [timestamp]`, `TYPE …`, `HELP …`, `#`, or the error.
fn render(text: &str) -> String {
    let mut parser = Parser::new(text.as_bytes());
    let mut out = Vec::new();
    while let Some(event) = parser.next() {
        let line = match event {
            Ok(Event::Sample(sample)) => match decode_series(sample.series, parser.metric_type()) {
                Ok(labels) => {
                    let timestamp = sample.timestamp.map(|t| format!(" @{t}")).unwrap_or_default();
                    format!("{} => {}{timestamp}", labels.to_labels(), sample.value)
                }
                Err(reason) => format!("error: {}", parser.error(reason)),
            },
            Ok(Event::Type { name, metric_type }) => {
                format!("TYPE {} {}", String::from_utf8_lossy(name), metric_type.as_str())
            }
            Ok(Event::Help { name, text }) => format!("HELP {} [{text}]", String::from_utf8_lossy(name)),
            Ok(Event::Comment(text)) => String::from_utf8_lossy(text).into_owned(),
            Err(error) => format!("error: {error}"),
        };
        out.push(line);
    }
    out.join("\n")
}

#[test]
fn valid_lines() {
    let cases = [
        ("", ""),
        ("\n \n\t\n", ""),
        ("up 1", r#"{__name__="up"} => 1"#),
        ("  up\t1 \n", r#"{__name__="up"} => 1"#),
        ("a:b 1 1234", r#"{__name__="a:b"} => 1 @1234"#),
        ("a{} 1", r#"{__name__="a"} => 1"#),
        ("a{b=\"c\"}1", r#"{__name__="a", b="c"} => 1"#),
        (
            "a { b = \"c\" , d=\"e\" , } 1",
            r#"{__name__="a", b="c", d="e"} => 1"#,
        ),
        ("a{b=\"c\" d=\"e\"} 1", r#"{__name__="a", b="c", d="e"} => 1"#),
        (
            r#"a{b="}{,=# \"x\" \\n \n \t"} 1"#,
            r#"{__name__="a", b="}{,=# \"x\" \\n \n \\t"} => 1"#,
        ),
        ("a{b=\"\"} 1", r#"{__name__="a"} => 1"#),
        (
            r#"{"my.metric", "a b"="c"} 2"#,
            r#"{__name__="my.metric", "a b"="c"} => 2"#,
        ),
        (r#"{a="b","x"} 2"#, r#"{__name__="x", a="b"} => 2"#),
        (r#"{"x"} 2"#, r#"{__name__="x"} => 2"#),
        ("a{b=\"é\"} 1", r#"{__name__="a", b="é"} => 1"#),
        ("a -1.5e3", r#"{__name__="a"} => -1500"#),
        (
            "a +Inf\nb -Inf",
            "{__name__=\"a\"} => inf\n{__name__=\"b\"} => -inf",
        ),
        ("# TYPE a counter", "TYPE a counter"),
        ("# TYPE a untyped\n", "TYPE a unknown"),
        ("#\tTYPE\ta\tgauge", "TYPE a gauge"),
        ("# TYPE \"a.b\" gauge", "TYPE a.b gauge"),
        ("# HELP a some  text \\n", "HELP a [some  text \\n]"),
        ("# HELP a\n# HELP b \n", "HELP a []\nHELP b []"),
        ("# HELP a  two", "HELP a [ two]"),
        (
            "#TYPE a x\n# whatever\n# HELPER\n#",
            "#TYPE a x\n# whatever\n# HELPER\n#",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(render(text), expected, "{text:?}");
    }
}

/// Whether all of a text can be read. A real Prometheus 3.5 agreed on each.
#[test]
fn odd_texts_are_judged_as_prometheus_does() {
    for (text, valid) in [
        ("a{b=\"x\\\ny\"} 1\n", false),
        ("a{b=\"x\ny\"} 1\n", true),
        ("a{\"q\\\"r\"=\"1\"} 1\n", true),
        ("a 1 # {b=\"c\"} 1\n", false),
        ("{\"a\\nb\"} 1\n", true),
        ("a{b=\"1\" ,c=\"2\"} 1\n", true),
        ("a 1.\n", true),
        ("a .5\n", true),
        ("a .\n", false),
        ("a +.5e1\n", true),
        ("a 1e999\n", false),
        ("a infinity\n", true),
        ("a nAn\n", true),
        ("a +nan\n", false),
        ("a 0b1\n", false),
        ("a 00012.50\n", true),
        ("a 1 00\n", true),
    ] {
        let rendered = render(text);
        assert_eq!(!rendered.contains("error: "), valid, "{text:?}: {rendered}");
    }
}

#[test]
fn bounds_are_rewritten_only_where_the_type_says_so() {
    let text = "a{le=\"1\"} 1\n# TYPE a histogram\na{le=\"1\",quantile=\"1\"} 1\n# TYPE b summary\nb{quantile=\"1e-1\"} 1\n";
    let samples: Vec<_> = render(text).lines().map(str::to_owned).collect();
    assert_eq!(samples[0], r#"{__name__="a", le="1"} => 1"#);
    assert_eq!(samples[2], r#"{__name__="a", le="1.0", quantile="1"} => 1"#);
    assert_eq!(samples[4], r#"{__name__="b", quantile="0.1"} => 1"#);
}

#[test]
fn invalid_lines() {
    check_invalid(&[
        ("a", r#"line 1: expected a value after the metric, got """#),
        (
            "\n\na{b=\"c\"}",
            r#"line 3: expected a value after the metric, got """#,
        ),
        (
            "a 1 b",
            r#"line 1: expected a timestamp or the end of the line after the value, got "b""#,
        ),
        (
            "a 1 -5",
            r#"line 1: expected a timestamp or the end of the line after the value, got "-5""#,
        ),
        (
            "a 1 5 5",
            r#"line 1: expected the end of the line after the timestamp, got "5""#,
        ),
        (
            "a 1 99999999999999999999",
            r#"line 1: expected a timestamp or the end of the line after the value, got "99999999999999999999""#,
        ),
        ("a 1_0", r#"line 1: invalid value "1_0""#),
        ("a 1\r\n", r#"line 1: invalid value "1\r""#),
        ("a 0x1p3", r#"line 1: invalid value "0x1p3""#),
        ("a 1e999", r#"line 1: invalid value "1e999""#),
        (
            "ok 1\n1a 1",
            r##"line 2: expected a metric name, "{" or "#", got "1a 1""##,
        ),
        (
            "é 1",
            r##"line 1: expected a metric name, "{" or "#", got "é 1""##,
        ),
    ]);
}

#[test]
fn invalid_label_sets_and_metadata() {
    check_invalid(&[
        ("a{b=\"c\" 1", r#"line 1: label set is not closed: "{b=\"c\" 1""#),
        ("a{b=\"c 1", r#"line 1: unterminated quoted text "\"c 1""#),
        ("a{b=\"c\\", r#"line 1: unterminated quoted text "\"c\\""#),
        ("a{b} 1", r#"line 1: expected "=" after the label name, got "}""#),
        ("a{b=c} 1", r#"line 1: expected a quoted label value, got "c}""#),
        ("a{1=\"c\"} 1", r#"line 1: expected a label name, got "1=\"c\"}""#),
        (
            "a{b:c=\"c\"} 1",
            r#"line 1: expected "=" after the label name, got ":c=\"c\"}""#,
        ),
        ("a{,} 1", r#"line 1: expected a label name, got ",}""#),
        ("a{b=\"c\",,} 1", r#"line 1: expected a label name, got ",}""#),
        ("a{\"\"=\"c\"} 1", "line 1: a label name is empty"),
        ("a{b=\"1\",b=\"2\"} 1", r#"line 1: label name "b" is not unique"#),
        (
            "a{__name__=\"b\"} 1",
            r#"line 1: label name "__name__" is not unique"#,
        ),
        ("a{\"b\"} 1", r#"line 1: metric name already set, got "b""#),
        ("{a=\"b\"} 1", r#"line 1: metric name not set: "{a=\"b\"}""#),
        ("{} 1", r#"line 1: metric name not set: "{}""#),
        ("# TYPE a foo", r#"line 1: invalid metric type "foo""#),
        ("# TYPE a  gauge", r#"line 1: invalid metric type " gauge""#),
        ("# TYPE a", r#"line 1: invalid metric type """#),
        (
            "# TYPE 1 gauge",
            r#"line 1: expected a metric name after TYPE, got "1 gauge""#,
        ),
        (
            "# HELP \n",
            r#"line 1: expected a metric name after HELP, got """#,
        ),
    ]);
}

fn check_invalid(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let rendered = render(text);
        let last = rendered.lines().last().unwrap_or_default();
        assert_eq!(last, format!("error: {expected}"), "{text:?}");
    }
}

#[test]
fn invalid_utf8_is_named() {
    let mut parser = Parser::new(b"a{b=\"\xff\"} 1");
    let Some(Ok(Event::Sample(sample))) = parser.next() else {
        panic!("the walk leaves label strings alone");
    };
    let error = decode_series(sample.series, MetricType::Untyped).unwrap_err();
    assert_eq!(error.to_string(), "label value is not valid UTF-8: \"\u{fffd}\"");
    assert!(matches!(
        Parser::new(b"# HELP a \xff").next(),
        Some(Err(ParseError {
            place: Place::Line(1),
            reason: Reason::Utf8 { .. }
        }))
    ));
}

#[test]
fn nan_is_canonical_and_series_bytes_are_raw() {
    let mut parser = Parser::new(b"  a {b=\"c\"}  nAn\t17\nb 1");
    let Some(Ok(Event::Sample(sample))) = parser.next() else {
        panic!("a sample");
    };
    assert_eq!(sample.value.to_bits(), NORMAL_NAN_BITS);
    assert_eq!(sample.series, b"a {b=\"c\"}");
    assert_eq!(sample.timestamp, Some(17));
}

#[test]
fn guessing_never_changes_the_answer() {
    let text = "a 1\na{b=\"c\"} 2\na {b=\"c\"} 3\nab 4\na{b=\"c\"}5\n# c\na\t6";
    let plain: Vec<_> = Parser::new(text.as_bytes()).collect();
    for guess in ["", "a", "ab", "a{b=\"c\"}", "a {b=\"c\"}", "zzz"] {
        let mut parser = Parser::new(text.as_bytes());
        let guessed: Vec<_> = std::iter::from_fn(|| parser.next_guessing(guess.as_bytes())).collect();
        assert_eq!(guessed, plain, "{guess:?}");
    }
}

/// Valid text to mutate: every construct of the format once.
const VALID: &str = "# HELP a text \\n more\n# TYPE a histogram\na_bucket{le=\"1\",x=\"\\\"\\\\\"} 1 1000\n\
    a_sum 2.5\n# TYPE b summary\nb{quantile=\"0.5\"} NaN\n{\"c.d\",\"e f\"=\"g\"} -Inf\nup 1\n";

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        walk(&bytes);
    }

    #[test]
    fn bytes_of_the_alphabet_never_panic(text in "[ab1{}\"\\\\=, \t\n#.NHELPTYPE-]{0,120}") {
        walk(text.as_bytes());
    }

    #[test]
    fn mutated_text_never_panics(
        edits in proptest::collection::vec((0..VALID.len(), any::<u8>(), 0..3u8), 1..6)
    ) {
        let mut bytes = VALID.as_bytes().to_vec();
        for (at, byte, kind) in edits {
            let at = at % bytes.len().max(1);
            match kind {
                0 => bytes.insert(at, byte),
                1 => drop(bytes.remove(at)),
                _ => bytes[at] = byte,
            }
        }
        walk(&bytes);
    }

    #[test]
    fn labels_round_trip(value in "\\PC{0,20}", name in "[a-z.é ]{1,8}") {
        let escape = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let line = format!("{{\"m\",\"{}\"=\"{}\"}} 1", escape(&name), escape(&value));
        let mut parser = Parser::new(line.as_bytes());
        let Some(Ok(Event::Sample(sample))) = parser.next() else { panic!("{line}") };
        let labels = decode_series(sample.series, MetricType::Untyped).unwrap();
        prop_assert_eq!(labels.get(&name), Some(value.as_str()));
    }
}

/// Walks bytes to the end and decodes every series, with and without a guess.
fn walk(bytes: &[u8]) {
    let mut plain = Parser::new(bytes);
    let mut guessing = Parser::new(bytes);
    let mut guess: &[u8] = b"a_sum";
    loop {
        let event = plain.next();
        // As text, because NaN is not equal to itself.
        assert_eq!(
            format!("{event:?}"),
            format!("{:?}", guessing.next_guessing(guess))
        );
        match event {
            None => break,
            Some(Ok(Event::Sample(sample))) => {
                drop(decode_series(sample.series, plain.metric_type()));
                guess = sample.series;
            }
            Some(_) => {}
        }
    }
    assert!(plain.line() > 0);
}
