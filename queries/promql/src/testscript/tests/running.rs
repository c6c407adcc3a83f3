//! How results are judged and reported.

use engine_model::staleness::STALE_NAN;

use super::selecting::SelectingEngine;
use crate::testscript::compare::almost_equal;
use crate::testscript::{format_reports, run_script};

const LOAD: &str =
    "load 1m\n  m{a=\"1\"} 1 2 stale\n  m{a=\"2\"} 10+10x9\n  h {{sum:1}}x9\n  s@st 0sx1\n  s 1 2\n\n";

#[test]
fn tolerance() {
    let tiny = f64::MIN_POSITIVE;
    for (a, b, same) in [
        (1.0, 1.0 + 1e-6, true),
        (1.0, 1.0 + 1e-5, false),
        (0.0, -0.0, true),
        (0.0, 1e-300, false),
        (0.0, tiny * 1e-7, true),
        (f64::INFINITY, f64::INFINITY, true),
        (f64::INFINITY, f64::NEG_INFINITY, false),
        (f64::MAX, f64::MAX / (1.0 + 1e-9), true),
        (f64::NAN, f64::NAN, true),
        (f64::NAN, 1.0, false),
        (STALE_NAN, STALE_NAN, true),
        (STALE_NAN, f64::NAN, false),
    ] {
        assert_eq!(almost_equal(a, b), same, "{a} {b}");
    }
}

#[test]
fn what_passes() {
    for eval in [
        "eval instant at 1m m\n  m{a=\"2\"} 20\n  m{a=\"1\"} 2.0000001\n",
        "eval instant at 2m m\n  m{a=\"2\"} 30\n",
        "eval instant at 1m m\n  expect ordered\n  m{a=\"1\"} 2\n  m{a=\"2\"} 20\n",
        "eval instant at 1m none\n",
        "eval instant at 1m 5\n  5\n",
        "eval instant at 1m \"x\"\n  expect string \"x\"\n",
        "eval instant at 9m m[2m]\n expect range vector from 8m to 9m step 1m\n m{a=\"1\"}\n m{a=\"2\"} 90 100\n",
        "eval range from 0 to 2m step 1m m\n  m{a=\"1\"} 1 2 _\n  m{a=\"2\"} 10 20 30\n",
        "eval instant at 1m abs(m)\n  expect fail\n",
        "eval range from 0 to 1m step 1m abs(m)\n  expect fail msg: cannot evaluate abs(m)\n",
        "eval instant at 1m m{\n  expect fail regex: end of input\n",
        "eval instant at 0 (1)\n  expect warn msg: PromQL warning: parentheses (1:1)\n  expect info\n  1\n",
        "eval_warn instant at 0 (1)\n  1\n",
        "eval instant at 0 1\n  expect no_warn\n  expect no_info\n  1\n",
    ] {
        let report = run_script("s", &format!("{LOAD}{eval}"), &mut SelectingEngine::default());
        assert_eq!(report.failures, [], "{eval}");
        assert_eq!(report.passed, 1);
    }
}

/// An evaluation behind `LOAD`, and a part of the reason why it fails.
const FAILING: &[(&str, &str)] = &[
    (
        "eval instant at 1m m\n  m{a=\"1\"} 2\n",
        "unexpected element {__name__=\"m\", a=\"2\"} with value 20",
    ),
    (
        "eval instant at 1m m{a=\"1\"}\n  m{a=\"1\"} 3\n",
        "expected 3 for {__name__=\"m\", a=\"1\"} but got 2",
    ),
    (
        "eval instant at 1m none\n  m 3\n",
        "expected {__name__=\"m\"}, which is missing",
    ),
    (
        "eval instant at 1m m\n expect ordered\n m{a=\"2\"} 20\n m{a=\"1\"} 2\n",
        "at position 2 but it is at 1",
    ),
    ("eval instant at 1m m\n  5\n", "expected a scalar"),
    ("eval instant at 1m 5\n  6\n", "expected scalar 6 but got 5"),
    (
        "eval instant at 1m 5\n",
        "expected a vector or matrix but got a scalar",
    ),
    (
        "eval instant at 1m \"x\"\n  expect string \"y\"\n",
        "expected string \"y\" but got \"x\"",
    ),
    ("eval instant at 1m m[1m]\n", "unexpected series"),
    (
        "eval range from 0 to 1m step 1m m{a=\"1\"}\n m{a=\"1\"} 1 3\n",
        "point 1 (at 60000 ms) to be 3 but it is 2",
    ),
    (
        "eval range from 0 to 1m step 1m m{a=\"1\"}\n m{a=\"1\"} 1\n",
        "expected 1 points but got 2",
    ),
    (
        "eval range from 0 to 1m step 1m m{a=\"1\"}\n m{a=\"1\"} 1 2 3\n",
        "cannot have as many",
    ),
    ("eval instant at 1m abs(m)\n", "failed: cannot evaluate abs(m)"),
    (
        "eval instant at 1m m\n  expect fail\n",
        "succeeded, but must fail",
    ),
    (
        "eval instant at 1m abs(m)\n  expect fail msg: x\n",
        "failed with another error",
    ),
    (
        "eval instant at 0 1\n  expect warn\n  1\n",
        "expected warn annotations but got none",
    ),
    (
        "eval instant at 0 (1)\n  expect no_info\n  1\n",
        "expected no info annotations",
    ),
    (
        "eval instant at 0 (1)\n  expect warn msg: x\n  1\n",
        "expected the text \"x\" among the warn",
    ),
    (
        "eval instant at 0 m{a=\"1\"}\n  m{a=\"1\"} {{sum:1}}\n",
        "but got 1",
    ),
];

#[test]
fn what_fails_and_why() {
    for (eval, reason) in FAILING {
        let report = run_script("s", &format!("{LOAD}{eval}"), &mut SelectingEngine::default());
        let [failure] = &report.failures[..] else {
            panic!("{eval}");
        };
        assert!(failure.reason.contains(reason), "{eval}: {}", failure.reason);
        assert_eq!(failure.line, 8);
    }
}

#[test]
fn hidden_runs() {
    let mut engine = SelectingEngine::default();
    let text = format!("{LOAD}eval instant at 1m m{{a=\"1\"}}\n  m{{a=\"1\"}} 2\n");
    assert_eq!(run_script("s", &text, &mut engine).failures, []);
    let pinned = "m{a=\"1\"} @ 60.000";
    let mut expected = vec![
        "m{a=\"1\"} at 60000".to_owned(),
        "m{a=\"1\"} from 0 to 120000 step 60000".to_owned(),
    ];
    for at in [-600_000, 0, 12_000, 60_000, 600_000] {
        expected.push(format!("{pinned} at {at}"));
        expected.push(format!(
            "{pinned} from {} to {} step 60000",
            at - 60_000,
            at + 60_000
        ));
    }
    assert_eq!(engine.queries, expected);

    for (expr, runs) in [
        ("m @ 5", vec![-1000, 0, 1000]),
        ("time()", vec![]),
        ("sum(m offset 1m) + hour()", vec![]),
        ("sum_over_time(m[5m:] @ start())", vec![-1000, 0, 1000]),
    ] {
        let parsed = crate::parser::parse_expr(expr, &crate::parser::ParseOptions::ALL).unwrap();
        let times = super::super::at_modifier::pinned(parsed, 0).map(|(_, times)| times);
        assert_eq!(times.unwrap_or_default(), runs, "{expr}");
    }

    let mut wrong_in_ranges = SelectingEngine {
        range_error: 1.0,
        ..SelectingEngine::default()
    };
    let report = run_script("s", &text, &mut wrong_in_ranges);
    let reason = &report.failures[0].reason;
    assert!(reason.ends_with("(as a range query around 60000 ms)"), "{reason}");
}

#[test]
fn reports() {
    let engine = &mut SelectingEngine::default();
    let good = run_script("good.test", "eval instant at 0 1\n 1\n", engine);
    let bad = run_script(
        "bad.test",
        "load 1m\n m 1\n\neval instant at 0 m\n  n 1\n\neval instant at 0 2\n 2\n",
        engine,
    );
    let unreadable = run_script("worse.test", "\nfoo\n", engine);
    let reports = [good, bad, unreadable];
    let short = "good.test: 1 passed, 0 failed\nbad.test: 1 passed, 1 failed\nworse.test: 0 passed, 1 failed\n\
                 2 passed, 2 failed\n";
    assert_eq!(format_reports(&reports, false), short);
    let long = format_reports(&reports, true);
    let failure = "  bad.test:4: m\n    reason: unexpected element {__name__=\"m\"} with value 1\n    \
                   expected: {__name__=\"n\"} 1\n    got: {__name__=\"m\"} 1\n";
    assert!(long.contains(failure), "{long}");
    assert!(
        long.contains("  worse.test:2: \n    reason: invalid command \"foo\""),
        "{long}"
    );
}
