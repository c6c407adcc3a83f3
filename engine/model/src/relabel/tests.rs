//! Each action against the behaviour of Prometheus.

use super::*;
use crate::labels::Labels;
use crate::matcher::Pattern;

fn rule(action: Action, source: &[&str], regex: &str, target: &str, replacement: &str) -> Rule {
    Rule {
        source_labels: source.iter().map(|s| (*s).to_owned()).collect(),
        regex: Pattern::of_rule(regex).unwrap(),
        target_label: target.to_owned(),
        replacement: replacement.to_owned(),
        action,
        ..Rule::default()
    }
}

fn run(rules: &[Rule], pairs: &[(&str, &str)]) -> Option<String> {
    let mut builder = LabelsBuilder::from(&Labels::from_pairs(pairs.iter().copied()));
    apply(rules, &mut builder).then(|| builder.build().to_string())
}

#[test]
fn actions() {
    let input = [("a", "foo"), ("b", "bar"), ("c", "baz")];
    let same = r#"{a="foo", b="bar", c="baz"}"#;
    let cases: Vec<(Rule, Option<&str>)> = vec![
        (
            rule(Action::Replace, &["a"], "f(.*)", "d", "ch${1}-ch${1}"),
            Some(r#"{a="foo", b="bar", c="baz", d="choo-choo"}"#),
        ),
        (
            rule(Action::Replace, &["a", "b"], "f(.*);(.*)r", "a", "b${1}${2}m"),
            Some(r#"{a="boobam", b="bar", c="baz"}"#),
        ),
        (rule(Action::Replace, &["a"], "no", "d", "x"), Some(same)),
        (
            rule(Action::Replace, &["a"], ".*", "b", ""),
            Some(r#"{a="foo", c="baz"}"#),
        ),
        (
            rule(Action::Replace, &["a"], "(f).*", "${1}x", "new"),
            Some(r#"{a="foo", b="bar", c="baz", fx="new"}"#),
        ),
        (rule(Action::Keep, &["a"], "fo", "", ""), None),
        (rule(Action::Keep, &["a"], "fo.", "", ""), Some(same)),
        (rule(Action::Drop, &["a"], "foo|x", "", ""), None),
        (rule(Action::Drop, &["nope"], "foo", "", ""), Some(same)),
        (rule(Action::KeepEqual, &["a"], "(.*)", "b", "$1"), None),
        (rule(Action::DropEqual, &["a"], "(.*)", "b", "$1"), Some(same)),
        (
            rule(Action::LabelMap, &[], "(a|b)", "", "x_$1"),
            Some(r#"{a="foo", b="bar", c="baz", x_a="foo", x_b="bar"}"#),
        ),
        // No label without a name comes of it, which a log would not read back.
        (rule(Action::LabelMap, &[], "a(.*)", "", "$1"), Some(same)),
        (rule(Action::LabelDrop, &[], "a|b", "", ""), Some(r#"{c="baz"}"#)),
        (
            rule(Action::LabelKeep, &[], "a|b", "", ""),
            Some(r#"{a="foo", b="bar"}"#),
        ),
        (
            rule(Action::Uppercase, &["a"], "(.*)", "a", "$1"),
            Some(r#"{a="FOO", b="bar", c="baz"}"#),
        ),
        (
            Rule {
                modulus: 1000,
                ..rule(Action::HashMod, &["c"], "(.*)", "d", "$1")
            },
            Some(r#"{a="foo", b="bar", c="baz", d="976"}"#),
        ),
    ];
    for (rule, expected) in cases {
        assert_eq!(
            run(std::slice::from_ref(&rule), &input).as_deref(),
            expected,
            "{rule:?}"
        );
    }
}

#[test]
fn each_rule_sees_what_the_previous_left() {
    let rules = [
        rule(Action::Replace, &["a"], "(.*)", "b", "$1"),
        rule(Action::Keep, &["b"], "foo", "", ""),
        rule(Action::LabelDrop, &[], "a", "", ""),
    ];
    assert_eq!(
        run(&rules, &[("a", "foo"), ("b", "bar")]).as_deref(),
        Some(r#"{b="foo"}"#)
    );
}
