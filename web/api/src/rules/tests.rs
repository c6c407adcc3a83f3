//! Rules and alerts over HTTP, from statuses made by hand.

use std::collections::BTreeMap;
use std::time::Duration;

use queries_rules::alert_state::{Alert, AlertState};
use queries_rules::status::{AlertingStatus, Health};
use serde_json::{Value, json};

use super::*;
use crate::testing::Requests;

const NOON_MS: i64 = 1_767_268_800_000;

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn rule(name: &str, alerting: Option<AlertingStatus>) -> RuleStatus {
    RuleStatus {
        name: name.to_owned(),
        query: format!("{name} > 0"),
        labels: map(&[("severity", name)]),
        health: Health::Good,
        last_error: None,
        warnings: Vec::new(),
        evaluation_time: Duration::from_millis(250),
        last_evaluation_ms: Some(NOON_MS),
        alerting,
    }
}

fn alerting() -> AlertingStatus {
    let alert = Alert {
        labels: Labels::from_pairs([("alertname", "Low"), ("job", "a")]),
        annotations: Arc::new(map(&[("summary", "dry")])),
        value: 1.0,
        state: AlertState::Firing,
        active_at_ms: NOON_MS,
        fired_at_ms: Some(NOON_MS),
        resolved_at_ms: None,
        keep_firing_since_ms: None,
        last_sent_at_ms: None,
    };
    AlertingStatus {
        state: Some(AlertState::Firing),
        duration: Duration::from_secs(60),
        keep_firing_for: Duration::ZERO,
        annotations: map(&[("summary", "dry")]),
        alerts: Arc::new([alert]),
    }
}

fn group(name: &str, rules: Vec<RuleStatus>) -> GroupStatus {
    GroupStatus {
        name: name.to_owned(),
        file: "rules.yml".into(),
        interval: Duration::from_secs(15),
        query_offset: Duration::ZERO,
        limit: 0,
        evaluation_time: Duration::from_millis(500),
        last_evaluation_ms: None,
        rules,
    }
}

fn requests() -> Requests {
    let groups = || {
        vec![
            group("a", vec![rule("Low", Some(alerting())), rule("a:level", None)]),
            group("b", vec![rule("b:level", None)]),
        ]
    };
    let urls = vec!["http://weir/api/v2/alerts".to_owned()];
    Requests(rules_routes(RulesState::new(groups, urls)))
}

/// Names of the groups and of their rules.
async fn names(path: &str) -> String {
    let answer = requests().json(&format!("/api/v1/rules{path}")).await;
    let list = |value: &Value| value.as_array().unwrap().clone();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let groups = list(&answer["data"]["groups"]);
    let groups = groups.iter().map(|group| {
        let rules: Vec<String> = list(&group["rules"]).iter().map(name).collect();
        format!("{}[{}]", name(group), rules.join(" "))
    });
    groups.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn shapes() {
    let answer = requests().json("/api/v1/rules").await;
    let alert = json!({
        "labels": {"alertname": "Low", "job": "a"}, "annotations": {"summary": "dry"}, "state": "firing",
        "activeAt": "2026-01-01T12:00:00.000Z", "value": "1e+00",
    });
    let group = &answer["data"]["groups"][0];
    assert_eq!(
        group["rules"][0],
        json!({
            "state": "firing", "name": "Low", "query": "Low > 0", "duration": 60.0, "keepFiringFor": 0.0,
            "labels": {"severity": "Low"}, "annotations": {"summary": "dry"}, "alerts": [alert],
            "health": "ok", "evaluationTime": 0.25, "lastEvaluation": "2026-01-01T12:00:00.000Z",
            "type": "alerting",
        })
    );
    assert_eq!(
        group["rules"][1],
        json!({
            "name": "a:level", "query": "a:level > 0", "labels": {"severity": "a:level"}, "health": "ok",
            "evaluationTime": 0.25, "lastEvaluation": "2026-01-01T12:00:00.000Z", "type": "recording",
        })
    );
    assert_eq!(
        (&group["interval"], &group["lastEvaluation"]),
        (&json!(15.0), &json!("0001-01-01T00:00:00Z"))
    );
    let alerts = requests().json("/api/v1/alerts").await;
    assert_eq!(alerts["data"], json!({"alerts": [alert]}));
    let routers = requests().json("/api/v1/alertmanagers").await;
    let expected = json!({
        "activeAlertmanagers": [{"url": "http://weir/api/v2/alerts"}], "droppedAlertmanagers": [],
    });
    assert_eq!(routers["data"], expected);
    let without = requests().json("/api/v1/rules?exclude_alerts=true").await;
    assert_eq!(without["data"]["groups"][0]["rules"][0]["alerts"], Value::Null);
}

#[tokio::test]
async fn filters() {
    for (query, expected) in [
        ("", "a[Low a:level] b[b:level]"),
        ("?type=alert", "a[Low]"),
        ("?type=record", "a[a:level] b[b:level]"),
        ("?rule_name[]=Low&rule_name[]=b:level", "a[Low] b[b:level]"),
        ("?rule_group[]=b", "b[b:level]"),
        ("?file[]=other.yml", ""),
        ("?match[]={severity=~\".*level\"}", "a[a:level] b[b:level]"),
        ("?group_limit=1", "a[Low a:level]"),
    ] {
        assert_eq!(names(query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn pages() {
    let first = requests().json("/api/v1/rules?group_limit=1").await;
    let token = first["data"]["groupNextToken"].as_str().unwrap();
    let second = format!("?group_limit=1&group_next_token={token}");
    assert_eq!(names(&second).await, "b[b:level]");
    let whole = requests().json("/api/v1/rules?group_limit=2").await;
    assert_eq!(whole["data"].get("groupNextToken"), None);
}

#[tokio::test]
async fn what_makes_no_sense() {
    for (query, expected) in [
        ("type=x", r#"invalid parameter "type": not supported value "x""#),
        (
            "exclude_alerts=x",
            r#"invalid parameter "exclude_alerts": error converting exclude_alerts: strconv.ParseBool: parsing "x": invalid syntax"#,
        ),
        (
            "group_next_token=x",
            r#"invalid parameter "group_next_token": group_limit needs to be present in order to paginate over the groups"#,
        ),
        (
            "group_limit=x",
            r#"invalid parameter "group_limit": group_limit needs to be a valid number: strconv.ParseInt: parsing "x": invalid syntax"#,
        ),
        (
            "group_limit=0",
            r#"invalid parameter "group_limit": group_limit needs to be greater than 0"#,
        ),
        (
            "group_limit=1&group_next_token=x",
            r#"invalid parameter "group_next_token": invalid group_next_token 'x'. were rule groups changed?"#,
        ),
    ] {
        let error = requests().error(&format!("/api/v1/rules?{query}")).await;
        assert_eq!(
            error,
            (400, "bad_data".to_owned(), expected.to_owned()),
            "{query}"
        );
    }
}
