//! A group against scripted doors and a paused clock.

use std::time::Duration;

use engine_model::staleness::STALE_NAN;
use engine_model::{Labels, METRIC_NAME};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{Group, run};
use crate::alert_state::AlertState;
use crate::environment::RuleSettings;
use crate::evaluate::LastSample;
use crate::scripted::{START_MS, World, labels};
use crate::status::{Health, RuleStatus};

async fn evaluate(group: &mut Group, world: &World, second: i64) -> Vec<String> {
    let at_ms = START_MS + second * 1000;
    group.evaluate(at_ms, world, &CancellationToken::new()).await;
    world.take_notes()
}

fn rule(group: &Group, index: usize) -> RuleStatus {
    group.shared.status.lock().rules[index].clone()
}

const RECORDING: &str = r"
groups:
  - name: g
    limit: 2
    query_offset: 5s
    labels: {team: x}
    rules:
      - {record: first, expr: up}
      - {record: second, expr: first * 2, labels: {job: ''}}
";

#[tokio::test(start_paused = true)]
async fn results_are_stored_before_the_next_rule_asks() {
    let world = World::default();
    let mut group = world.group(RECORDING, RuleSettings::default(), false);
    world.answer("up", &[(r#"up{job="a"}"#, 1.0), (r#"up{job="b"}"#, 0.0)]);
    world.answer("first * 2", &[(r#"{job="a"}"#, 2.0)]);
    assert_eq!(
        evaluate(&mut group, &world, 60).await,
        [
            "ask up @55",
            r#"store first{job="a", team="x"} 1 @55"#,
            r#"store first{job="b", team="x"} 0 @55"#,
            "ask first * 2 @55",
            r#"store second{team="x"} 2 @55"#,
        ]
    );
    let status = rule(&group, 0);
    assert_eq!((status.health, &status.last_error), (Health::Good, &None));
    assert_eq!((status.query.as_str(), status.kind_str()), ("up", "recording"));
    assert_eq!(group.shared.metrics().last_evaluation_samples, 3);
}

#[tokio::test(start_paused = true)]
async fn vanished_series_end_but_not_after_a_failure() {
    let world = World::default();
    let mut group = world.group(RECORDING, RuleSettings::default(), false);
    let a = (r#"{job="a"}"#, 1.0);
    let stored = |notes: Vec<String>| -> Vec<String> {
        notes
            .into_iter()
            .filter(|note| note.starts_with("store"))
            .collect()
    };
    let no_notes: [&str; 0] = [];
    world.answer("up", &[a, (r#"{job="b"}"#, 1.0)]);
    evaluate(&mut group, &world, 60).await;

    world.fail("up", "storage is away");
    assert_eq!(stored(evaluate(&mut group, &world, 120).await), no_notes);
    let status = rule(&group, 0);
    assert_eq!(
        (status.health, status.last_error.as_deref()),
        (Health::Bad, Some("storage is away"))
    );

    world.answer("up", &[a, (r#"{job="c"}"#, 1.0), (r#"{job="d"}"#, 1.0)]);
    assert_eq!(stored(evaluate(&mut group, &world, 180).await), no_notes);
    assert_eq!(
        rule(&group, 0).last_error.unwrap(),
        "exceeded limit of 2 with 3 series"
    );

    world.answer("up", &[a]);
    assert_eq!(
        stored(evaluate(&mut group, &world, 240).await),
        [
            r#"store first{job="a", team="x"} 1 @235"#,
            r#"store first{job="b", team="x"} stale @235"#,
        ]
    );
    assert_eq!(
        stored(evaluate(&mut group, &world, 300).await).len(),
        1,
        "the marker is written once"
    );
    assert_eq!(rule(&group, 0).last_error, None);
    let metrics = group.shared.metrics();
    assert_eq!((metrics.evaluations, metrics.evaluation_failures), (10, 2));
}

#[tokio::test(start_paused = true)]
async fn refused_samples_are_a_failure_of_the_rule() {
    let world = World::default();
    let mut group = world.group(RECORDING, RuleSettings::default(), false);
    world.answer("up", &[("up", 1.0)]);
    *world.reject_row.lock() = Some(0);
    evaluate(&mut group, &world, 60).await;
    assert_eq!(
        rule(&group, 0).last_error.unwrap(),
        "1 samples of the result were refused (1 out of order)"
    );
    assert_eq!(group.shared.metrics().rejected.out_of_order, 1);
    *world.reject_row.lock() = Some(1);
    world.answer("up", &[(r#"up{job="new"}"#, 1.0)]);
    evaluate(&mut group, &world, 120).await;
    assert_eq!(rule(&group, 0).last_error, None, "a refused marker is none");
}

const ALERTING: &str = r#"
groups:
  - name: g
    rules:
      - alert: Down
        expr: up == 0
        for: 2m
        keep_firing_for: 1m
        labels: {severity: page, where: '{{ $labels.instance }}'}
        annotations:
          summary: '{{ $labels.job }} is {{ $value }} on {{ $externalLabels.site }}, {{ $externalURL }}'
          total: '{{ range query "count(up)" }}{{ .Value | humanize }}{{ end }}'
"#;

fn settings() -> RuleSettings {
    RuleSettings {
        external_labels: Labels::from_pairs([("site", "s1")]),
        external_url: "http://weir:9090".to_owned(),
        ..RuleSettings::default()
    }
}

#[tokio::test(start_paused = true)]
async fn an_alert_from_pending_to_resolved() {
    let world = World::default();
    let mut group = world.group(ALERTING, settings(), false);
    world.answer("count(up)", &[("{}", 1234.0)]);
    world.answer("up == 0", &[(r#"up{job="j",instance="i"}"#, 0.0)]);
    let identity = r#"alertname="Down", instance="i", job="j", severity="page", where="i""#;
    let alerts = |second, state| {
        let rest = identity.replace("instance", &format!(r#"alertstate="{state}", instance"#));
        format!("store ALERTS{{{rest}}} 1 @{second}")
    };
    let for_state = |second| format!("store ALERTS_FOR_STATE{{{identity}}} 1728000060 @{second}");
    let ask = |second| {
        [
            format!("ask up == 0 @{second}"),
            format!("ask count(up) @{second}"),
        ]
    };
    let send = |what| format!("send {{{identity}}} {what}");

    for second in [60, 120] {
        let mut expected = ask(second).to_vec();
        expected.extend([for_state(second), alerts(second, "pending")]);
        assert_eq!(evaluate(&mut group, &world, second).await, expected);
    }
    assert_eq!(rule(&group, 0).alerting.unwrap().state, Some(AlertState::Pending));

    let mut expected = ask(180).to_vec();
    expected.extend([
        send("firing 180..420"),
        for_state(180),
        alerts(180, "firing"),
        alerts(180, "pending").replace(" 1 @", " stale @"),
    ]);
    assert_eq!(evaluate(&mut group, &world, 180).await, expected);
    let sent = world.sent.lock()[0].clone();
    assert_eq!(sent.annotations["summary"], "j is 0 on s1, http://weir:9090");
    assert_eq!(sent.annotations["total"], "1.234k");
    assert_eq!(
        sent.generator_url,
        "http://weir:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1"
    );
    let shown = rule(&group, 0).alerting.unwrap();
    assert_eq!((shown.state_str(), shown.alerts.len()), ("firing", 1));

    world.answer("up == 0", &[]);
    let kept = evaluate(&mut group, &world, 240).await;
    assert_eq!(
        kept,
        [
            "ask up == 0 @240".to_owned(),
            for_state(240),
            alerts(240, "firing")
        ]
    );
    let resolved = evaluate(&mut group, &world, 300).await;
    assert_eq!(
        resolved,
        [
            "ask up == 0 @300".to_owned(),
            send("resolved 180..300"),
            for_state(300).replace("1728000060", "stale"),
            alerts(300, "firing").replace(" 1 @", " stale @"),
        ]
    );
    let shown = rule(&group, 0).alerting.unwrap();
    assert_eq!((shown.state_str(), shown.alerts.len()), ("inactive", 0));
}

#[tokio::test(start_paused = true)]
async fn alerts_that_were_not_taken_are_sent_again() {
    let world = World::default();
    let yaml = "groups: [{name: g, rules: [{alert: A, expr: up}]}]";
    let mut group = world.group(yaml, settings(), false);
    world.answer("up", &[("up", 1.0)]);
    *world.sink_is_full.lock() = true;
    evaluate(&mut group, &world, 15).await;
    assert_eq!(rule(&group, 0).health, Health::Good, "the rule itself is well");
    *world.sink_is_full.lock() = false;
    let sends = |notes: Vec<String>| notes.iter().filter(|note| note.starts_with("send")).count();
    let mut counts = Vec::new();
    for second in [30, 45, 60, 75, 90, 105] {
        counts.push(sends(evaluate(&mut group, &world, second).await));
    }
    assert_eq!(
        counts,
        [1, 0, 0, 0, 0, 1],
        "then only after more than the resend delay"
    );
}

#[tokio::test(start_paused = true)]
async fn failing_templates_and_rules_say_so() {
    let world = World::default();
    let yaml = r#"
groups:
  - name: g
    limit: 1
    rules:
      - alert: A
        expr: up
        annotations:
          bad: '{{ humanize "x" }}'
          query: '{{ query "broken" | first | value }}'
          syntax: '{{ query "sum(" }}'
          plain: 'as it is'
      - {alert: Same, expr: down, labels: {instance: ''}}
      - {record: text, expr: '"text"'}
"#;
    let mut group = world.group(yaml, settings(), false);
    world.fail("broken", "it broke");
    world.answer("up", &[("up", 1.0)]);
    world.answer("down", &[(r#"{instance="a"}"#, 1.0), (r#"{instance="b"}"#, 1.0)]);
    evaluate(&mut group, &world, 15).await;
    let annotations = world.sent.lock()[0].annotations.clone();
    assert_eq!(annotations["plain"], "as it is");
    for (name, reason) in [
        ("bad", "strconv.ParseFloat"),
        ("query", "it broke"),
        ("syntax", "parse error"),
    ] {
        let text = &annotations[name];
        let prefix = "<error expanding template: error executing template __alert_A: template: __alert_A:1:";
        assert!(
            text.starts_with(prefix) && text.contains(reason) && text.ends_with('>'),
            "{text}"
        );
    }
    let error = |index| rule(&group, index).last_error.unwrap();
    assert_eq!(
        error(1),
        "vector contains metrics with the same labelset after applying alert labels"
    );
    assert_eq!(error(2), "rule result is not a vector or scalar");

    world.answer("up", &[(r#"up{job="a"}"#, 1.0), (r#"up{job="b"}"#, 1.0)]);
    evaluate(&mut group, &world, 30).await;
    assert_eq!(
        rule(&group, 0).last_error.unwrap(),
        "exceeded limit of 1 with 2 alerts"
    );
}

#[tokio::test(start_paused = true)]
async fn pending_alerts_are_restored_after_the_second_evaluation() {
    let world = World::default();
    let yaml = r"
groups:
  - name: g
    rules:
      - {alert: Long, expr: up, for: 1h}
      - {alert: Short, expr: up, for: 1m}
";
    let mut group = world.group(yaml, settings(), true);
    world.answer(
        "up",
        &[
            (r#"up{job="a"}"#, 1.0),
            (r#"up{job="b"}"#, 1.0),
            (r#"up{job="c"}"#, 1.0),
        ],
    );
    let since_seconds = (START_MS / 1000 - 3000) as f64;
    let past = |job: &str, value| LastSample {
        labels: labels(&format!(r#"ALERTS_FOR_STATE{{alertname="Long",job="{job}"}}"#)),
        timestamp_ms: START_MS - 1_200_000,
        value,
    };
    *world.past.lock() = vec![past("a", since_seconds), past("b", STALE_NAN)];
    let stores = |notes: &[String]| notes.iter().filter(|note| note.starts_with("store")).count();
    for second in [0, 15] {
        let notes = evaluate(&mut group, &world, second).await;
        assert_eq!(stores(&notes), 0, "nothing hides the samples that are to be read");
        group.restore_when_due().await;
    }
    let notes = evaluate(&mut group, &world, 30).await;
    assert_eq!(stores(&notes), 12);
    let alerts = rule(&group, 0).alerting.unwrap().alerts;
    let active = |job: &str| {
        let alert = alerts.iter().find(|alert| alert.labels.value("job") == job);
        (alert.unwrap().active_at_ms - START_MS) / 1000
    };
    // Active for 30 minutes when the server went down, 20 minutes before it was up again.
    assert_eq!((active("a"), active("b"), active("c")), (-1800, 0, 0));
    assert!(alerts.iter().all(|alert| alert.labels.get(METRIC_NAME).is_none()));
}

#[tokio::test(start_paused = true)]
async fn a_changed_group_keeps_what_matches() {
    let world = World::default();
    let before = r"
groups:
  - name: g
    rules:
      - {alert: A, expr: up, for: 2m}
      - {record: kept, expr: up}
      - {record: gone, expr: up}
";
    let mut old = world.group(before, settings(), false);
    world.answer("up", &[("up", 1.0)]);
    evaluate(&mut old, &world, 60).await;
    let after = r"
groups:
  - name: g
    rules:
      - {record: kept, expr: up + 1}
      - {alert: A, expr: up > 0, for: 1m}
";
    let mut new = world.group(after, settings(), false);
    new.carry_over(&mut old);
    world.answer("up > 0", &[("up", 1.0)]);
    assert_eq!(
        evaluate(&mut new, &world, 120).await,
        [
            "ask up + 1 @120",
            "store kept{} stale @120",
            "ask up > 0 @120",
            r#"send {alertname="A"} firing 120..360"#,
            r#"store ALERTS_FOR_STATE{alertname="A"} 1728000060 @120"#,
            r#"store ALERTS{alertname="A", alertstate="firing"} 1 @120"#,
            r#"store ALERTS{alertname="A", alertstate="pending"} stale @120"#,
            "store gone{} stale @120",
        ]
    );
    assert_eq!(evaluate(&mut new, &world, 180).await.len(), 4, "ended once");
}

const TICKING: &str = "groups: [{name: g, interval: 10s, rules: [{record: r, expr: up}]}]";

#[tokio::test(start_paused = true)]
async fn slow_evaluations_skip_ticks() {
    let world = World::default();
    let mut group = world.group(TICKING, settings(), false);
    let phase_ms = group.schedule.first_after(START_MS) - START_MS;
    let (stop, retire) = (CancellationToken::new(), CancellationToken::new());
    let shared = std::sync::Arc::clone(&group.shared);
    let (world_too, stop_too) = (world.clone(), stop.clone());
    let task = tokio::spawn(async move { run(&mut group, &world_too, &stop_too, &retire).await });
    *world.query_time.lock() = Duration::from_secs(35);
    sleep(Duration::from_millis(phase_ms.unsigned_abs()) + Duration::from_secs(1)).await;
    *world.query_time.lock() = Duration::ZERO;
    sleep(Duration::from_secs(50)).await;
    let seconds = |k: i64| (phase_ms + k * 10_000) as f64 / 1000.0;
    let expected = [0, 3, 4, 5].map(|k| format!("ask up @{}", seconds(k)));
    assert_eq!(world.take_notes(), expected);
    let metrics = shared.metrics();
    assert_eq!(
        (metrics.iterations, metrics.iterations_missed, metrics.evaluations),
        (6, 2, 4)
    );

    *world.query_time.lock() = Duration::from_secs(3600);
    sleep(Duration::from_secs(10)).await;
    stop.cancel();
    task.await.unwrap();
    assert_eq!(
        shared.metrics().evaluation_failures,
        0,
        "a query that is given up is no failure"
    );
}

#[tokio::test(start_paused = true)]
async fn a_retired_group_ends_its_series_after_two_intervals() {
    let world = World::default();
    let mut group = world.group(TICKING, settings(), false);
    let phase_ms = group.schedule.first_after(START_MS) - START_MS;
    world.answer("up", &[("up", 1.0)]);
    let (stop, retire) = (CancellationToken::new(), CancellationToken::new());
    let (world_too, retire_too) = (world.clone(), retire.clone());
    let task = tokio::spawn(async move { run(&mut group, &world_too, &stop, &retire_too).await });
    sleep(Duration::from_millis(phase_ms.unsigned_abs()) + Duration::from_secs(1)).await;
    retire.cancel();
    sleep(Duration::from_secs(19)).await;
    assert_eq!(world.take_notes().len(), 2);
    task.await.unwrap();
    let retired_at = (phase_ms + 1000) as f64 / 1000.0;
    assert_eq!(world.take_notes(), [format!("store r{{}} stale @{retired_at}")]);
}
