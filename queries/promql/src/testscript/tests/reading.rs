//! How scripts are read.

use engine_model::staleness::{STALE_NAN, is_stale};

use crate::testscript::script::{Command, Expected, Grid, TextMatch, When};
use crate::testscript::series::{SeriesLine, parse_series_line};
use crate::testscript::{Eval, Load, SequenceValue, parse_script};

fn values(text: &str) -> Result<Vec<SequenceValue>, String> {
    match parse_series_line(&format!("m {text}"))? {
        SeriesLine::Values(_, values) => Ok(values),
        SeriesLine::StartTimestamps(..) => Err("start timestamps".to_owned()),
    }
}

/// Floats of a sequence, gaps as NaN.
fn floats(text: &str) -> Vec<f64> {
    let float = |value| match value {
        SequenceValue::Float(value) => value,
        SequenceValue::Omitted => f64::NAN,
        SequenceValue::Histogram { .. } => panic!("a histogram"),
    };
    values(text).expect(text).into_iter().map(float).collect()
}

#[test]
fn sequences() {
    const GAP: f64 = f64::NAN;
    for (text, expected) in [
        ("", &[][..]),
        ("1 2  3", &[1.0, 2.0, 3.0]),
        ("1x2", &[1.0, 1.0, 1.0]),
        ("1x0", &[1.0]),
        ("3-10x2", &[3.0, -7.0, -17.0]),
        ("-3+1.5x2", &[-3.0, -1.5, 0.0]),
        ("1 _ 5 _x2 7", &[1.0, GAP, 5.0, GAP, GAP, 7.0]),
        ("1e-3+1e+2x1", &[0.001, 100.001]),
        (
            "Inf -Inf +inf",
            &[f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY],
        ),
        (".5 010 1_000", &[0.5, 8.0, 1000.0]),
    ] {
        let got = floats(text);
        let same = |(a, b): (&f64, &f64)| a == b || (a.is_nan() && b.is_nan());
        assert_eq!(got.len(), expected.len(), "{text}");
        assert!(got.iter().zip(expected).all(same), "{text}: {got:?}");
    }
    assert!(floats("NaN")[0].is_nan());
    assert!(floats("1 stale")[1..].iter().all(|v| is_stale(*v)));
    for text in [
        "a",
        "1y",
        "1+1",
        "1x",
        "1x-1",
        "_a4",
        "1,2",
        "{{}",
        "{{}}+1x2",
        "{{}}+{{}}",
        "1x99999999",
        "--1",
    ] {
        assert!(values(text).is_err(), "{text}");
    }
}

#[test]
fn histogram_sequences() {
    let times = |text: &str| -> Vec<i64> {
        let place = |value: SequenceValue| match value {
            SequenceValue::Histogram { times, .. } => times,
            _ => panic!("no histogram"),
        };
        values(text).expect(text).into_iter().map(place).collect()
    };
    assert_eq!(times("{{}}"), [0]);
    assert_eq!(times("{{ }} {{sum:1 buckets:[1 2]}}x2"), [0, 0, 0, 0]);
    assert_eq!(times("{{sum:1}}+{{sum:2}}x2"), [0, 1, 2]);
    assert_eq!(times("{{sum:9}}-{{sum:2}}x2 {{}}"), [0, -1, -2, 0]);
}

#[test]
fn metrics_and_start_timestamps() {
    for (line, metric, count) in [
        (
            r#"m{a="b c}", d='{'} 1 2"#,
            r#"{__name__="m", a="b c}", d="{"}"#,
            2,
        ),
        (r#"{"a b", "c"="\" 5"} 7"#, r#"{__name__="a b", c="\" 5"}"#, 1),
        ("{} 1", "{}", 1),
        ("m", r#"{__name__="m"}"#, 0),
    ] {
        let Ok(SeriesLine::Values(labels, values)) = parse_series_line(line) else {
            panic!("{line}");
        };
        assert_eq!((labels.to_string().as_str(), values.len()), (metric, count));
    }
    let line = parse_series_line(r#"m{a="b"}@st -1m _ _x2 -30sx1 0s+10msx2 -1m-1sx1"#).unwrap();
    let SeriesLine::StartTimestamps(_, offsets) = line else {
        panic!("start timestamps");
    };
    let expected = [
        Some(-60_000),
        None,
        None,
        None,
        Some(-30_000),
        Some(-30_000),
        Some(0),
        Some(10),
        Some(20),
        Some(-60_000),
        Some(-61_000),
    ];
    assert_eq!(offsets, expected);
    for line in ["m@st 1", "m@st 1mx", "m@st 1m+1m", "m@st x3", "m{ 1", "m{a} 1"] {
        assert!(parse_series_line(line).is_err(), "{line}");
    }
}

fn one_eval(text: &str) -> Eval {
    let mut commands = parse_script(text).expect(text).commands;
    match commands.pop() {
        Some(Command::Eval(eval)) => *eval,
        other => panic!("{other:?}"),
    }
}

#[test]
fn commands() {
    let text =
        "# comment\n\nLOAD 1m\n  a 1\n\n  load_with_nhcb 30s\n b 1\n b 2 3\n c 4\n # ends the load\nclear\n";
    let text = text.replace("LOAD", "load");
    let script = parse_script(&text).unwrap();
    let [Command::Load(first), Command::Load(second), Command::Clear] = &script.commands[..] else {
        panic!("{script:?}");
    };
    assert_eq!(
        (first.step_ms, first.with_nhcb, first.series.len()),
        (60_000, false, 1)
    );
    let Load {
        step_ms,
        with_nhcb,
        series,
    } = second;
    assert_eq!((*step_ms, *with_nhcb, series.len()), (30_000, true, 2));
    assert!(
        series.values().any(|b| b.values.len() == 2),
        "the last line of a series counts"
    );

    let eval = one_eval("eval range from 0 to 1m30s step 15s sum(a) by (b)\n {b=\"c\"} 1x4\n");
    let grid = Grid {
        start_ms: 0,
        end_ms: 90_000,
        step_ms: 15_000,
    };
    assert_eq!(
        (eval.when, eval.expr.as_str(), eval.line),
        (When::Range(grid), "sum(a) by (b)", 1)
    );
    assert!(matches!(&eval.expected, Expected::Series(s) if s[0].1.len() == 5));
}

#[test]
fn expectations() {
    let eval = one_eval(
        "eval instant at 5m a\n expect ordered\n expect warn msg: x (1:1) \n expect no_info\n -0x10\n",
    );
    assert!(eval.ordered && eval.infos.none);
    assert!(matches!(&eval.warnings.each[..], [TextMatch::Exact(text)] if text == "x (1:1)"));
    assert_eq!(eval.expected, Expected::Scalar(-16.0));

    let eval = one_eval("eval instant at 0 \"x\"\n expect string `x`\n");
    assert_eq!(eval.expected, Expected::String("x".to_owned()));

    let eval = one_eval("eval instant at 0 a[1m]\nexpect range vector from 10s to 1m step 10s\na 1 2\n");
    assert_eq!(eval.when, When::Instant(60_000));
    assert_eq!(eval.range_vector.map(|g| g.start_ms), Some(10_000));

    for (text, matching, other) in [
        ("eval_fail instant at 0 a\n", "any", None),
        (
            "eval_fail instant at 0 a\nexpected_fail_message x y\n",
            "x y",
            Some("x"),
        ),
        (
            "eval_fail instant at 0 a\nexpected_fail_regexp x.y\n",
            "axby",
            Some("xy"),
        ),
        ("eval instant at 0 a\nexpect fail regex: ^x\n", "xy", Some("yx")),
    ] {
        let fail = one_eval(text).fail.expect(text);
        assert!(
            fail.is_match(matching) && !other.is_some_and(|o| fail.is_match(o)),
            "{text}"
        );
    }
    assert!(one_eval("eval_warn instant at 0 a\n").warnings.some);
    assert!(is_stale(STALE_NAN));
}

#[test]
fn faults_have_a_line() {
    for (text, line, part) in [
        ("\nfoo\n", 2, "invalid command"),
        ("load\n", 1, "load command"),
        ("load 1x\n", 1, "invalid step"),
        ("load 1m\n a 1\n b{ 1\n", 3, "braces"),
        ("load 1m\n a@st 1m\n", 2, "@st"),
        ("load 1m\n a@st 1m\n b 1\n", 3, "differs"),
        ("load 1m\n a@st 1m\n a 1 2\n", 3, "has 1 values"),
        ("eval instant a\n", 1, "eval command"),
        ("eval range from 1m to 0 step 1m a\n", 1, "before start"),
        ("eval instant at 0 a\n expect foo\n", 2, "expect line"),
        (
            "eval instant at 0 a\n expect warn\n expect no_warn\n",
            3,
            "contradict",
        ),
        ("eval instant at 0 a\n expect fail\n expect fail\n", 3, "once"),
        ("eval instant at 0 a\n a 1 2\n", 2, "one value"),
        ("eval instant at 0 a\n expect string x\n", 2, "quoted"),
        (
            "eval instant at 0 a\n expect fail regex: (\n",
            2,
            "regular expression",
        ),
    ] {
        let error = parse_script(text).expect_err(text);
        assert_eq!(error.line, line, "{text}: {error}");
        assert!(error.message.contains(part), "{text}: {error}");
    }
}
