//! The same alerts to a real Alertmanager and to the alert router: the same bodies must reach the same
//! webhooks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alert_router::{AlertRouter, PostedAlert, RouterHandle, RouterOptions, parse_config};
use anyhow::{Context as _, Result, ensure};
use axum::Router;
use axum::extract::Path;
use axum::routing::post;
use chrono::DateTime;
use engine_model::Labels;
use engine_model::time::{format_rfc3339_ms, now_ms};
use serde_json::{Value, json};

use crate::peers::{self, Peer, Program};
use crate::suite::{Need, Suite};

pub(crate) fn add(suite: &mut Suite) {
    suite.add(
        "webhooks_get_what_alertmanager_sends",
        &[Need::Peer(Program::Alertmanager)],
        webhooks_get_what_alertmanager_sends,
    );
}

const EXTERNAL_URL: &str = "http://alerts.example.org:9093/x";

const CONFIG: &str = r#"
global: {resolve_timeout: 2s}
route:
  receiver: default
  group_by: [alertname]
  group_wait: 500ms
  group_interval: 2s
  repeat_interval: 1h
  routes:
    - {matchers: [all="yes"], receiver: every.one+(x), group_by: ['...'], continue: true}
    - {matchers: [team=~"db|web"], receiver: few, group_by: [team, "dotted.name"], continue: true}
    - {matchers: ['team="web"', 'env!~"prod.*"'], receiver: firing-only}
    - receiver: one-group
      group_by: []
      matchers: ['{env=~"prod.*",team!="db"}']
      routes:
        - {match: {severity: critical}, match_re: {env: prod-(a|b)}, receiver: deep}
receivers:
  - {name: default, webhook_configs: [{url: 'URL/default'}]}
  - {name: 'every.one+(x)', webhook_configs: [{url: 'URL/every'}]}
  - {name: few, webhook_configs: [{url: 'URL/few', max_alerts: 3}]}
  - {name: firing-only, webhook_configs: [{url: 'URL/firing', send_resolved: false}]}
  - {name: one-group, webhook_configs: [{url: 'URL/one'}]}
  - {name: deep, webhook_configs: [{url: 'URL/deep-{{ .Status }}-{{ len .Alerts }}'}]}
"#;

/// Bodies by side, hook and group, in order of arrival.
type Bodies = Arc<Mutex<BTreeMap<(String, String), Vec<String>>>>;

async fn listen() -> (String, Bodies) {
    let bodies: Bodies = Arc::default();
    let seen = Arc::clone(&bodies);
    let take = move |Path((side, hook)): Path<(String, String)>, body: String| async move {
        let group: Value = serde_json::from_str(&body).expect("a webhook body is JSON");
        let key = format!("{hook} {}", group["groupKey"]);
        seen.lock()
            .expect("not poisoned")
            .entry((side, key))
            .or_default()
            .push(body);
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let app = Router::new().route("/{side}/{hook}", post(take));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, bodies)
}

/// One alert of the script: labels, annotations, and times in ms relative to the post.
#[derive(Clone)]
struct Scripted {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    starts_ms: Option<i64>,
    ends_ms: Option<i64>,
}

/// Numbers that look random, the same for the same seed.
struct Lottery(u64);

impl Lottery {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn alert(&mut self, i: usize) -> Scripted {
        let mut labels = BTreeMap::from([("i".to_owned(), i.to_string())]);
        let choices: [(&str, &[&str]); 8] = [
            ("alertname", &["Down", "Slow <&>", "Größe \"x\"\\"]),
            ("team", &["", "db", "web", "\u{1f642}"]),
            ("env", &["", "prod-a", "prod-c", "test\n"]),
            ("severity", &["critical", "warning"]),
            ("all", &["", "", "yes"]),
            ("dotted.name", &["", "a b"]),
            ("job", &["", "one", "two"]),
            ("instance", &["", "x", "y"]),
        ];
        for (name, values) in choices {
            let value = values[self.below(values.len() as u64) as usize];
            if !value.is_empty() {
                labels.insert(name.to_owned(), value.to_owned());
            }
        }
        let texts = ["", "it's <b>bad</b>\u{2028}", "tab\t&\u{7f}"];
        let annotations = BTreeMap::from([
            ("summary".to_owned(), texts[self.below(3) as usize].to_owned()),
            (format!("note{}", self.below(2)), "same".to_owned()),
        ]);
        // Never older than group_wait: which alert makes a group is a race in the peer.
        let starts_ms = (self.below(4) > 0).then(|| -(self.below(100) as i64));
        Scripted {
            labels,
            annotations,
            starts_ms,
            ends_ms: Some(60_000),
        }
    }
}

/// The script: when (ms after the start), and what is posted.
fn script(seed: u64) -> Vec<(i64, Vec<Scripted>)> {
    let mut lottery = Lottery(seed);
    let first: Vec<Scripted> = (0..40).map(|i| lottery.alert(i)).collect();
    let ended = |alert: &Scripted, now_ms: i64| Scripted {
        starts_ms: alert.starts_ms.map(|start| start - now_ms),
        ends_ms: Some(0),
        ..alert.clone()
    };
    // A third ends; some are posted again unchanged, some without an end, some with another start.
    let second = first.iter().enumerate().filter_map(|(i, alert)| match i % 6 {
        0 | 3 => Some(ended(alert, 1200)),
        1 => Some(Scripted {
            starts_ms: Some(-1300),
            ..alert.clone()
        }),
        2 => Some(Scripted {
            starts_ms: Some(-1000),
            ends_ms: None,
            ..alert.clone()
        }),
        _ => None,
    });
    let fresh: Vec<Scripted> = (40..50).map(|i| lottery.alert(i)).collect();
    let second: Vec<Scripted> = second.chain(fresh.iter().cloned()).collect();
    let third = first
        .iter()
        .chain(&fresh)
        .map(|alert| ended(alert, 3200))
        .collect();
    vec![(0, first), (1200, second), (3200, third)]
}

async fn post_to_both(alerts: &[Scripted], peer: &Peer, router: &RouterHandle) -> Result<()> {
    let now_ms = now_ms();
    let at = |relative: Option<i64>| relative.map(|ms| now_ms + ms);
    let bodies: Vec<Value> = alerts
        .iter()
        .map(|alert| {
            let mut body = json!({
                "labels": alert.labels, "annotations": alert.annotations, "generatorURL": "http://p/g?a=1&b",
            });
            for (key, time) in [("startsAt", at(alert.starts_ms)), ("endsAt", at(alert.ends_ms))] {
                if let Some(ms) = time {
                    body[key] = json!(format_rfc3339_ms(ms));
                }
            }
            body
        })
        .collect();
    let posted = alerts.iter().map(|alert| PostedAlert {
        labels: Labels::from_pairs(&alert.labels),
        annotations: alert.annotations.clone(),
        starts_at_ms: at(alert.starts_ms),
        ends_at_ms: at(alert.ends_ms),
        generator_url: "http://p/g?a=1&b".to_owned(),
    });
    let send = reqwest::Client::new()
        .post(format!("{}/api/v2/alerts", peer.url))
        .header("content-type", "application/json")
        .body(Value::from(bodies).to_string())
        .send();
    let (answer, ours) = tokio::join!(send, router.post(posted.collect()));
    let answer = answer?;
    ensure!(answer.status().is_success(), "{}", answer.text().await?);
    ours?;
    Ok(())
}

/// A body with what may differ made equal: times that the receiving side chose (nanoseconds there,
/// milliseconds here), and fields that came with a later version than the peer's.
fn comparable(body: &str, keys: &[String]) -> String {
    let mut body: Value = serde_json::from_str(body).expect("JSON");
    body.as_object_mut()
        .expect("an object")
        .retain(|key, _| keys.contains(key));
    for alert in body["alerts"].as_array_mut().expect("a list") {
        for key in ["startsAt", "endsAt"] {
            let time = DateTime::parse_from_rfc3339(alert[key].as_str().expect("text")).expect("RFC 3339");
            if time.timestamp() > 0 {
                // Defaults come from two clock readings that lie milliseconds apart.
                alert[key] = json!((time.timestamp_millis() + 100) / 500);
            }
        }
    }
    body.to_string()
}

async fn webhooks_get_what_alertmanager_sends() -> Result<()> {
    let seed = now_ms().unsigned_abs();
    compare(seed).await.with_context(|| format!("seed {seed}"))
}

async fn compare(seed: u64) -> Result<()> {
    let (url, bodies) = listen().await;
    let options = RouterOptions {
        external_url: EXTERNAL_URL.to_owned(),
        ..RouterOptions::default()
    };
    let config = parse_config(&CONFIG.replace("URL", &format!("{url}/weir")), "am.yml")?;
    let router = AlertRouter::start(config, options).await?;
    let external_url = format!("--web.external-url={EXTERNAL_URL}");
    let flags = [external_url.as_str(), "--web.route-prefix=/"];
    let peer = peers::alertmanager(&CONFIG.replace("URL", &format!("{url}/peer")), &flags).await?;
    let started = tokio::time::Instant::now();
    for (after_ms, alerts) in script(seed) {
        tokio::time::sleep_until(started + Duration::from_millis(after_ms.unsigned_abs())).await;
        post_to_both(&alerts, &peer, &router).await?;
    }
    tokio::time::sleep_until(started + Duration::from_millis(7000)).await;
    let bodies = bodies.lock().expect("not poisoned");
    let side = |name: &str| -> BTreeMap<&str, &Vec<String>> {
        let of_side = bodies.iter().filter(|((side, _), _)| side == name);
        of_side.map(|((_, key), bodies)| (key.as_str(), bodies)).collect()
    };
    let (theirs, ours) = (side("peer"), side("weir"));
    ensure!(theirs.len() > 15, "the peer sent {} groups only", theirs.len());
    let first: Value = serde_json::from_str(&theirs.values().next().expect("over 15")[0])?;
    let keys: Vec<String> = first.as_object().expect("an object").keys().cloned().collect();
    for (here, there, side) in [(&theirs, &ours, "the peer"), (&ours, &theirs, "weir")] {
        let alone = here.keys().find(|key| !there.contains_key(*key));
        ensure!(alone.is_none(), "only {side} notifies {alone:?}");
    }
    for (key, their_bodies) in theirs {
        let our_bodies = ours[key];
        let (theirs, ours) = (their_bodies.len(), our_bodies.len());
        ensure!(
            theirs == ours,
            "{key}: {theirs} notifications of the peer, {ours} of ours"
        );
        for (their_body, our_body) in their_bodies.iter().zip(our_bodies) {
            let (theirs, ours) = (comparable(their_body, &keys), comparable(our_body, &keys));
            ensure!(
                theirs == ours,
                "{key}: the peer sent\n{theirs}\nand we sent\n{ours}"
            );
        }
    }
    Ok(())
}
