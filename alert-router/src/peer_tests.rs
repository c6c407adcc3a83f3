//! The same alerts to a real Alertmanager and to this router: the same bodies must reach the same
//! webhooks. Needs `prometheus-alertmanager` in the folder of peers, so it runs only when asked for.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::routing::post;
use chrono::DateTime;
use engine_model::Labels;
use engine_model::time::{format_rfc3339_ms, now_ms};
use serde_json::{Value, json};

use crate::{AlertRouter, PostedAlert, RouterHandle, RouterOptions, parse_config};

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
        let group: Value = serde_json::from_str(&body).unwrap();
        let key = format!("{hook} {}", group["groupKey"]);
        seen.lock().unwrap().entry((side, key)).or_default().push(body);
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().route("/{side}/{hook}", post(take));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, bodies)
}

/// A real Alertmanager, killed when dropped.
struct Peer {
    process: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Peer {
    async fn start(config: &str) -> Self {
        let variable = |name| std::env::var_os(name).map(PathBuf::from);
        let peers = variable("WEIR_PEERS").unwrap_or_else(|| {
            let cache = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
            cache.expect("a home folder").join("weir/peers")
        });
        let program = peers.join("bin/prometheus-alertmanager");
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("am.yml"), config).unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        // Debian's build reads its templates from /usr/share, which is not where they are unpacked.
        let unpacked = std::fs::read_dir(peers.join("unpacked")).expect("unpacked peers");
        let share = unpacked
            .map(|entry| entry.unwrap().path())
            .find(|path| {
                path.file_name()
                    .unwrap()
                    .to_string_lossy()
                    .starts_with("prometheus-alertmanager_")
            })
            .expect("an unpacked prometheus-alertmanager")
            .join("usr/share");
        let script = r#"mount --bind "$1" /usr/share && shift && exec "$@""#;
        let process = Command::new("unshare")
            .args(["--map-root-user", "--mount", "sh", "-c", script, "sh"])
            .args([&share, &program])
            .arg(format!(
                "--config.file={}",
                folder.path().join("am.yml").display()
            ))
            .arg(format!("--storage.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={free}"))
            .arg(format!("--web.external-url={EXTERNAL_URL}"))
            .args(["--web.route-prefix=/", "--cluster.listen-address="])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", program.display()));
        let url = format!("http://{free}");
        let client = reqwest::Client::new();
        for _ in 0..200 {
            if client.get(format!("{url}/-/ready")).send().await.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Self {
            process,
            url,
            _folder: folder,
        }
    }
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

async fn post_to_both(alerts: &[Scripted], peer: &Peer, router: &RouterHandle) {
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
    let answer = answer.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    ours.unwrap();
}

/// A body with what may differ made equal: times that the receiving side chose (nanoseconds there,
/// milliseconds here), and fields that came with a later version than the peer's.
fn comparable(body: &str, keys: &[String]) -> String {
    let mut body: Value = serde_json::from_str(body).unwrap();
    body.as_object_mut().unwrap().retain(|key, _| keys.contains(key));
    for alert in body["alerts"].as_array_mut().unwrap() {
        for key in ["startsAt", "endsAt"] {
            let time = DateTime::parse_from_rfc3339(alert[key].as_str().unwrap()).unwrap();
            if time.timestamp() > 0 {
                // Defaults come from two clock readings that lie milliseconds apart.
                alert[key] = json!((time.timestamp_millis() + 100) / 500);
            }
        }
    }
    body.to_string()
}

#[tokio::test]
#[ignore = "needs Alertmanager in the folder of peers (.ci/peers)"]
async fn webhooks_get_what_alertmanager_sends() {
    let seed = now_ms().unsigned_abs();
    println!("seed {seed}");
    let (url, bodies) = listen().await;
    let options = RouterOptions {
        external_url: EXTERNAL_URL.to_owned(),
        ..RouterOptions::default()
    };
    let config = parse_config(&CONFIG.replace("URL", &format!("{url}/weir")), "am.yml").unwrap();
    let router = AlertRouter::start(config, options).await.unwrap();
    // After the router, which sets up TLS for every client of the process.
    let peer = Peer::start(&CONFIG.replace("URL", &format!("{url}/peer"))).await;
    let started = tokio::time::Instant::now();
    for (after_ms, alerts) in script(seed) {
        tokio::time::sleep_until(started + Duration::from_millis(after_ms.unsigned_abs())).await;
        post_to_both(&alerts, &peer, &router).await;
    }
    tokio::time::sleep_until(started + Duration::from_millis(7000)).await;
    let bodies = bodies.lock().unwrap();
    let side = |name: &str| -> BTreeMap<&str, &Vec<String>> {
        let of_side = bodies.iter().filter(|((side, _), _)| side == name);
        of_side.map(|((_, key), bodies)| (key.as_str(), bodies)).collect()
    };
    let (theirs, ours) = (side("peer"), side("weir"));
    assert!(theirs.len() > 15, "the peer sent {} groups only", theirs.len());
    let first: Value = serde_json::from_str(&theirs.values().next().unwrap()[0]).unwrap();
    let keys: Vec<String> = first.as_object().unwrap().keys().cloned().collect();
    println!("fields of the peer: {keys:?}");
    for (here, there, side) in [(&theirs, &ours, "the peer"), (&ours, &theirs, "weir")] {
        let alone = here.keys().find(|key| !there.contains_key(*key));
        assert_eq!(alone, None, "a group that only {side} notifies");
    }
    let mut count = 0;
    for (key, their_bodies) in theirs {
        let our_bodies = ours[key];
        assert_eq!(their_bodies.len(), our_bodies.len(), "notifications to {key}");
        for (their_body, our_body) in their_bodies.iter().zip(our_bodies) {
            assert_eq!(
                comparable(their_body, &keys),
                comparable(our_body, &keys),
                "{key}"
            );
        }
        count += their_bodies.len();
    }
    println!("{count} notifications agree");
}
