//! What rule files may say, and where each fault is.

use queries_promql::parser::ParseOptions;

use super::{RuleFile, RuleKind, lint};

fn parse(text: &str) -> Result<RuleFile, Vec<String>> {
    RuleFile::parse("r.yml", text, &ParseOptions::default())
        .map_err(|faults| faults.errors().iter().map(ToString::to_string).collect())
}

#[test]
fn reads_groups_and_rules() {
    let file = parse(
        r#"
groups:
  - name: example
    interval: 30s
    query_offset: 1m
    limit: 10
    labels: {team: infra, tier: "1"}
    rules:
      - record: job:up:sum
        expr: sum by(job)(up)
        labels: {tier: "2"}
      - alert: Down
        expr: |
          up
            == 0
        for: 5m
        keep_firing_for: 1h
        annotations: {summary: "{{ $labels.instance }} is down"}
  - name: empty
"#,
    )
    .unwrap();
    let group = &file.groups[0];
    assert_eq!(
        (&*group.file, group.name.as_str(), group.limit),
        ("r.yml", "example", 10)
    );
    assert_eq!(
        (group.interval_ms, group.query_offset_ms),
        (Some(30_000), Some(60_000))
    );
    let recording = &group.rules[0];
    assert_eq!(
        (recording.name(), recording.query.canonical.as_str()),
        ("job:up:sum", "sum by (job) (up)")
    );
    assert_eq!(
        (recording.position.line, recording.labels["team"].as_str()),
        (9, "infra")
    );
    assert_eq!(recording.labels["tier"], "2", "the rule's labels win");
    let RuleKind::Alerting(alert) = &group.rules[1].kind else {
        panic!("not an alert")
    };
    assert_eq!(
        (alert.alert.as_str(), alert.for_ms, alert.keep_firing_for_ms),
        ("Down", 300_000, 3_600_000)
    );
    assert_eq!(group.rules[1].query.canonical, "up == 0");
    assert_eq!(
        (file.groups[1].interval_ms, file.groups[1].rules.len()),
        (None, 0)
    );
    assert_eq!(parse("").unwrap().groups, []);
    assert_eq!(file, file.clone());
}

#[test]
fn faults_have_places() {
    for (rule, faults) in [
        (
            "record: a\n    alert: b\n    expr: up",
            vec!["5:5: groups[0].rules[0].alert: only one of 'record' and 'alert' must be set; remove one"],
        ),
        (
            "expr: up",
            vec![
                "4:5: groups[0].rules[0]: one of 'record' or 'alert' must be set; add a name for the result",
            ],
        ),
        (
            "alert: a",
            vec!["4:5: groups[0].rules[0]: field 'expr' must be set in rule; add the expression"],
        ),
        (
            "record: a\n    expr: sum(up",
            vec![
                "5:11: groups[0].rules[0].expr: could not parse expression: 1:7: parse error: unclosed left parenthesis",
            ],
        ),
        (
            "record: a{b}\n    expr: up",
            vec![
                "4:13: groups[0].rules[0].record: braces present in the recording rule name; should it be in expr?: a{b}",
            ],
        ),
        (
            "record: a\n    expr: up\n    for: 5m\n    keep_firing_for: 0s\n    annotations: {a: b}",
            vec![
                "6:5: groups[0].rules[0].for: invalid field 'for' in recording rule; remove it",
                "8:5: groups[0].rules[0].annotations: invalid field 'annotations' in recording rule; remove it",
            ],
        ),
        (
            "alert: a\n    expr: up\n    labels: {__name__: x}\n    annotations: {'': y}",
            vec![
                "6:14: groups[0].rules[0].labels.__name__: invalid label name: \"__name__\"; choose another name",
                "7:19: groups[0].rules[0].annotations.: invalid annotation name: \"\"; choose another name",
            ],
        ),
        (
            "alert: a\n    expr: up\n    fro: 5m\n    for: x",
            vec![
                "6:5: unknown key \"fro\" in groups[0].rules[0]; did you mean \"for\"?",
                "7:10: groups[0].rules[0].for: not a valid duration string: \"x\"; write it like 30s, 5m or 1h30m",
            ],
        ),
        (
            "alert: a\n    expr: up\n    annotations:\n      s: '{{ $label.x }}'",
            vec![
                "7:10: groups[0].rules[0].annotations.s: annotation \"s\": template: __alert_a:1: undefined variable \"$label\"",
            ],
        ),
    ] {
        let text = format!("groups:\n- name: g\n  rules:\n  - {rule}\n");
        let faults: Vec<String> = faults.iter().map(|fault| format!("r.yml:{fault}")).collect();
        assert_eq!(parse(&text).unwrap_err(), faults, "{rule}");
    }
}

#[test]
fn group_faults_have_places() {
    for (text, faults) in [
        (
            "groups:\n- name: g\n- name: g\n  intervall: 5s\n- rules: []\n",
            vec![
                "3:9: groups[1].name: groupname: \"g\" is repeated in the same file; rename one of the groups",
                "4:3: unknown key \"intervall\" in groups[1]; did you mean \"interval\"?",
                "5:3: groups[2]: Groupname must not be empty; give each group a name",
            ],
        ),
        (
            "group: []\n",
            vec!["1:1: unknown key \"group\" at the top level; did you mean \"groups\"?"],
        ),
        (
            "groups:\n- name: g\n  rules:\n  - record: a\n",
            vec!["4:5: groups[0].rules[0]: field 'expr' must be set in rule; add the expression"],
        ),
        (
            "groups: x\n",
            vec!["1:9: groups: expected a list (lines that begin with \"- \"), got \"x\""],
        ),
    ] {
        let faults: Vec<String> = faults.iter().map(|fault| format!("r.yml:{fault}")).collect();
        assert_eq!(parse(text).unwrap_err(), faults, "{text}");
    }
}

#[test]
fn lint_warns_of_collisions_and_impossible_rules() {
    let text = "groups:\n- name: g\n  rules:\n  - {record: a, expr: up}\n  - {record: a, expr: down}\n  \
                - {record: a, expr: up, labels: {x: y}}\n  - {alert: b, expr: 'up[5m]'}\n";
    let warnings: Vec<String> = lint(&parse(text).unwrap().groups)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        warnings,
        [
            "r.yml:5:5: rule \"a\" has the name and labels of the rule at r.yml:4, which might make their \
             results collide; change a name or a label",
            "r.yml:7:5: rule \"b\" can never be evaluated: its expression gives a range vector; use one that \
             gives an instant vector or a scalar",
        ]
    );
}
