//! What the core saves, remembers, forgets and shows.

use std::sync::Arc;

use engine_model::Labels;

use crate::alert::{Alert, PostedAlert};
use crate::config::parse_config;
use crate::dispatch::{Action, Change, Dispatcher, Event, Outcome, Routing};

const CONFIG: &str = "
route:
  receiver: a
  group_by: [job]
  routes:
    - {matchers: [team=x], receiver: b, continue: true, group_by: ['...']}
    - {matchers: [team=x], receiver: c}
receivers: [{name: a, log_configs: [{}]}, {name: b, log_configs: [{}]}, {name: c}]
";

fn dispatcher() -> Dispatcher {
    let config = parse_config(CONFIG, "c.yml").unwrap();
    Dispatcher::new(Arc::new(Routing::new(&config)), 0, 0)
}

fn alert(pairs: &[(&str, &str)], end_ms: Option<i64>, now_ms: i64) -> Alert {
    let posted = PostedAlert {
        labels: Labels::from_pairs(pairs.iter().copied()),
        ends_at_ms: end_ms,
        starts_at_ms: Some(0),
        ..PostedAlert::default()
    };
    Alert::accept(posted, 300_000, now_ms).unwrap()
}

fn saved(actions: &[Action]) -> Vec<String> {
    let text = |action: &Action| match action {
        Action::Save(Change::Alert { alert, resolved }) => Some(format!(
            "{}{}",
            alert.name(),
            if *resolved { " ended" } else { "" }
        )),
        Action::Save(Change::AlertGone(labels)) => Some(format!("{} gone", labels.value("alertname"))),
        Action::Save(Change::Notified(key, entry)) => Some(format!(
            "{} told {}/{}",
            key.integration.receiver,
            entry.firing.len(),
            entry.resolved.len()
        )),
        Action::Notify(_) | Action::GiveUp { .. } => None,
    };
    actions.iter().filter_map(text).collect()
}

/// Handles an event and delivers everything that it asks for.
fn handle(dispatcher: &mut Dispatcher, event: Event, now_ms: i64) -> Vec<String> {
    let mut actions = dispatcher.handle(event, now_ms);
    let mut texts = saved(&actions);
    while !actions.is_empty() {
        let mut next = Vec::new();
        for action in actions {
            if let Action::Notify(attempt) = action {
                next.extend(dispatcher.handle(
                    Event::Attempted {
                        delivery: attempt.delivery,
                        outcome: Outcome::Delivered,
                    },
                    now_ms,
                ));
            }
        }
        texts.extend(saved(&next));
        actions = next;
    }
    texts
}

#[test]
fn saves_what_changes_and_nothing_else() {
    let mut core = dispatcher();
    let a = [("alertname", "a")];
    let post = |core: &mut Dispatcher, end_ms, now_ms| {
        handle(core, Event::Posted(vec![alert(&a, end_ms, now_ms)]), now_ms)
    };
    assert_eq!(post(&mut core, None, 1000), ["a"]);
    // Still firing: only the end moves.
    assert!(post(&mut core, None, 2000).is_empty());
    assert!(post(&mut core, Some(900_000), 3000).is_empty());
    assert_eq!(handle(&mut core, Event::Tick, 31_000), ["a told 1/0"]);
    assert_eq!(post(&mut core, Some(40_000), 40_000), ["a ended"]);
    assert_eq!(handle(&mut core, Event::Tick, 331_000), ["a told 0/1"]);
    assert_eq!(core.group_count(), 0);
    assert_eq!(core.alert_count(), 1);
    assert_eq!(handle(&mut core, Event::Tick, 1_800_000), ["a gone"]);
    assert_eq!(core.alert_count(), 0);
}

#[test]
fn saves_ends_that_nobody_posted() {
    let mut core = dispatcher();
    let a = [("alertname", "a")];
    handle(
        &mut core,
        Event::Posted(vec![alert(&a, Some(60_000), 1000)]),
        1000,
    );
    handle(&mut core, Event::Tick, 31_000);
    assert_eq!(handle(&mut core, Event::Tick, 331_000), ["a ended", "a told 0/1"]);
}

#[test]
fn ended_alerts_stay_known_while_someone_has_to_be_told() {
    let mut core = dispatcher();
    let a = [("alertname", "a")];
    handle(
        &mut core,
        Event::Posted(vec![alert(&a, Some(60_000), 1000)]),
        1000,
    );
    // Every delivery fails from now on.
    let mut now_ms = 1000;
    while now_ms < 4_000_000 {
        now_ms = core.next_due_ms().unwrap();
        let mut actions = core.handle(Event::Tick, now_ms);
        while let Some(action) = actions.pop() {
            if let Action::Notify(attempt) = action {
                let event = match now_ms < 60_000 {
                    true => Outcome::Delivered,
                    false => Outcome::Failed("no".to_owned()),
                };
                let delivery = attempt.delivery;
                actions.extend(core.handle(
                    Event::Attempted {
                        delivery,
                        outcome: event,
                    },
                    now_ms,
                ));
            }
        }
    }
    assert_eq!((core.alert_count(), core.group_count()), (1, 1));
}

#[test]
fn snapshots() {
    let mut core = dispatcher();
    let alerts = vec![
        alert(&[("alertname", "a"), ("job", "j")], None, 1000),
        alert(&[("alertname", "b"), ("job", "j"), ("team", "x")], None, 1000),
        alert(&[("alertname", "ended")], Some(500), 1000),
    ];
    handle(&mut core, Event::Posted(alerts), 1000);
    let mut shown: Vec<String> = core
        .alert_snapshots(1000)
        .iter()
        .map(|snapshot| format!("{} {:?}", snapshot.alert.name(), snapshot.receivers))
        .collect();
    shown.sort();
    assert_eq!(shown, [r#"a ["a"]"#, r#"b ["b", "c"]"#]);
    let groups: Vec<String> = core
        .group_snapshots(1000)
        .iter()
        .map(|group| format!("{} {} {}", group.receiver, group.key, group.next_flush_ms))
        .collect();
    assert_eq!(
        groups,
        [
            r#"a {}:{job="j"} 31000"#,
            r#"c {}/{team="x"}:{job="j"} 31000"#,
            r#"b {}/{team="x"}:{alertname="b", job="j", team="x"} 31000"#,
        ]
    );
}
