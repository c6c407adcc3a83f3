//! The scenarios of Alertmanager's acceptance tests, with their times and more exact ones.

use super::simulation::{run, run_with_reasons};

/// A configuration with the given route settings and receivers `NAME[ no-resolved]`.
fn config(route: &str, receivers: &[&str]) -> String {
    let mut text = format!("route:\n  group_by: [alertname]\n  group_wait: 1s\n{route}\nreceivers:\n");
    for receiver in receivers {
        let (name, send_resolved) = match receiver.strip_suffix(" no-resolved") {
            Some(name) => (name, false),
            None => (*receiver, true),
        };
        text.push_str(&format!(
            "  - name: {name}\n    log_configs: [{{send_resolved: {send_resolved}}}]\n"
        ));
    }
    text
}

#[test]
fn merge_alerts() {
    let config = config(
        "  receiver: a\n  group_interval: 1s\n  repeat_interval: 1ms",
        &["a"],
    );
    let expected = [
        "2 a: test@1",
        "3 a: test@1'v1",
        "4 a: test@1'v2",
        "5 a: test@1-4.8'v3",
        "6.3 a: test@5",
    ];
    for with_end in [false, true] {
        let end = |start: f64| {
            if with_end {
                format!("end={}", start + 3.0)
            } else {
                String::new()
            }
        };
        let script = format!(
            "1   post test start=1.1 {}
             1.2 post test start=1 {}
             2.1 post test start=2 ann=v1 {}
             3.6 post test start=1.5 ann=v2 {}
             4.6 post test start=3 end=4.5 ann=v2
             4.8 post test start=2.9 end=4.8 ann=v3
             4.8 post test start=2.9 end=4.1 ann=v3
             5.3 post test start=5 {}",
            end(1.1),
            end(1.0),
            end(2.0),
            end(1.5),
            end(5.0)
        );
        assert_eq!(run(&config, 0.0, &script, 6.5), expected, "with end: {with_end}");
    }
}

#[test]
fn repeat() {
    let config = config(
        "  receiver: a\n  group_interval: 1s\n  repeat_interval: 1ms",
        &["a"],
    );
    let script = "1 post test start=1
                  3.5 post test start=1 end=3";
    assert_eq!(
        run_with_reasons(&config, script, 9.0),
        [
            "2 a: (first notification) test@1",
            "3 a: (repeat interval elapsed) test@1",
            "4 a: (all alerts resolved) test@1-3",
        ]
    );
}

#[test]
fn a_failing_receiver_does_not_repeat_for_a_healthy_one() {
    // Two receivers reached through `continue` are two groups …
    let two = config(
        "  receiver: ok\n  group_interval: 2s\n  repeat_interval: 3s\n  routes:
    - {receiver: ok, continue: true}
    - {receiver: flaky}",
        &["ok", "flaky"],
    );
    let script = "0 fail flaky until=4.5
                  1 post test start=1";
    let record = run(&two, 0.0, script, 7.0);
    // The flush that began at 2 may try for 10 s, so the first try after 4.5 succeeds.
    assert_eq!(record.len(), 3, "{record:?}");
    assert_eq!((&*record[0], &*record[2]), ("2 ok: test@1", "6 ok: test@1"));
    assert!(
        delivered_between(&record[1], 4.5, 6.0) && record[1].ends_with("flaky: test@1"),
        "{record:?}"
    );

    // … and two integrations of one receiver share one.
    let one = config(
        "  receiver: a\n  group_interval: 2s\n  repeat_interval: 1h",
        &["a"],
    )
    .replace("log_configs: [", "log_configs: [{}, ");
    let script = "0 fail a#1 until=20
                  1 post test start=1
                  15 post test start=1 end=15";
    let record = run(&one, 0.0, script, 40.0);
    assert_eq!(record[0], "2 a: test@1");
    // The flush at 12 tells what was true then, and the next one waits for it to end.
    let heard: Vec<&str> = record[1..]
        .iter()
        .map(|line| line.split_once(' ').unwrap().1)
        .collect();
    assert_eq!(heard, ["a#1: test@1", "a: test@1-15", "a#1: test@1-15"]);
    assert!(
        record[1..].iter().all(|line| delivered_between(line, 20.0, 22.0)),
        "{record:?}"
    );
}

fn delivered_between(line: &str, from: f64, to: f64) -> bool {
    let seconds: f64 = line.split(' ').next().unwrap().parse().unwrap();
    (from..to).contains(&seconds)
}

#[test]
fn batching() {
    let config = config(
        "  receiver: a\n  group_by: []\n  group_interval: 1s\n  repeat_interval: 4900ms",
        &["a"],
    )
    .replacen("  group_by: [alertname]\n", "", 1);
    let script = "1.1 post t1 start=1
                  1.7 post t5 start=1
                  3.3 post t2 start=1.5
                  3.3 post t3 start=1.5
                  3.3 post t4 start=1.6";
    assert_eq!(
        run(&config, 0.0, script, 13.0),
        [
            "2.1 a: t1@1 t5@1",
            "4.1 a: t1@1 t2@1.5 t3@1.5 t4@1.6 t5@1",
            // 5 s later and not 4.9: the repeat interval is looked at when the group is flushed.
            "9.1 a: t1@1 t2@1.5 t3@1.5 t4@1.6 t5@1",
        ]
    );
}

#[test]
fn resolved_by_timeout() {
    let text = config("  receiver: a\n  group_interval: 5s", &["a"]);
    let config = format!("global: {{resolve_timeout: 10s}}\n{text}");
    let script = "1 post test,lbl=v1
                  1 post test,lbl=v2
                  1 post test,lbl=v3";
    assert_eq!(
        run(&config, 0.0, script, 30.0),
        ["2 a: test@1", "12 a: test@1-11"]
    );
}

#[test]
fn resolved_filter() {
    let config = config(
        "  receiver: all\n  group_interval: 5s\n  routes:
    - {receiver: all, continue: true}
    - {receiver: firing}",
        &["all", "firing no-resolved"],
    )
    .replace("[alertname]", "[]");
    let script = "1 post v1 start=1
                  1 post v2 start=1
                  3 post v1 start=1 end=3
                  3 post v3 start=3
                  8 post v3 start=3
                  8 post v2 start=1 end=8";
    assert_eq!(
        run(&config, 0.0, script, 16.0),
        [
            "2 all: v1@1 v2@1",
            "2 firing: v1@1 v2@1",
            "7 all: v1@1-3 v2@1 v3@3",
            "7 firing: v2@1 v3@3",
            "12 all: v2@1-8 v3@3",
        ]
    );
}

#[test]
fn cold_start() {
    let config = config(
        "  receiver: a\n  group_interval: 6s\n  repeat_interval: 6s",
        &["a"],
    )
    .replace("[alertname]", "[]");
    let script = "1 post old start=-100
                  2 post new start=2
                  6 post t3 start=6
                  7 post t4 start=7";
    assert_eq!(
        run(&config, 5.0, script, 12.0),
        ["5 a: new@2 old@-100", "11 a: new@2 old@-100 t3@6 t4@7"]
    );
}

#[test]
fn reload_starts_timers_anew_and_tells_nobody_twice() {
    let config = config(
        "  receiver: a\n  group_interval: 6s\n  repeat_interval: 10m",
        &["a"],
    )
    .replace("[alertname]", "[]");
    let script = "1 post t1 start=1
                  3 reload
                  4 post t2 start=4";
    // The group is older than its wait at 3, so it is flushed at once: nothing new. Then 6 s later.
    assert_eq!(run(&config, 0.0, script, 12.0), ["2 a: t1@1", "9 a: t1@1 t2@4"]);
}

#[test]
fn restart_tells_nobody_twice_and_waits_for_senders() {
    let text = config("  receiver: a\n  group_interval: 1s", &["a"]);
    let config = format!("global: {{resolve_timeout: 10s}}\n{text}");
    let script = "1 post t1 start=1 end=4
                  1 post t2 start=1 end=1
                  3 restart
                  5 post t3 start=5 end=8
                  7 restart
                  7.5 post t3 start=5 end=7.5";
    assert_eq!(
        run(&config, 0.0, script, 30.0),
        [
            "2 a: t1@1",
            "6 a: t3@5",
            "8 a: t3@5-7.5",
            // Nobody posted t1 since the second restart: 10 s later it counts as ended.
            "17 a: t1@1-17",
        ]
    );
}

#[test]
fn a_slow_receiver_is_tried_again() {
    let config = config("  receiver: a\n  group_interval: 1m", &["a"]);
    let script = "0 fail a until=3 took=0.5
                  1 post test start=1";
    let record = run(&config, 0.0, script, 30.0);
    assert_eq!(record.len(), 1, "{record:?}");
    assert!(record[0].starts_with("3."), "{record:?}");
}

#[test]
fn ended_alerts_wait_until_everyone_was_told() {
    let config = config("  receiver: a\n  group_interval: 10s", &["a"]);
    // The resolve falls into an outage that outlasts a flush: it is told at the next.
    let script = "1 post test start=1
                  3 fail a until=25
                  4 post test start=1 end=4";
    let record = run(&config, 0.0, script, 60.0);
    assert_eq!(record.len(), 2, "{record:?}");
    assert_eq!(record[0], "2 a: test@1");
    assert!(
        record[1].starts_with("2") && record[1].ends_with("a: test@1-4"),
        "{record:?}"
    );

    // A final refusal is not retried within the flush.
    let script = "1 post test start=1
                  1 fail a until=5 for-good";
    assert_eq!(run(&config, 0.0, script, 60.0), ["12 a: test@1"]);
}

#[test]
fn an_alert_that_fires_again_while_its_end_is_told_stays() {
    let config = config(
        "  receiver: a\n  group_interval: 10s\n  repeat_interval: 1h",
        &["a"],
    );
    let script = "1 post test start=1
                  3 post test start=1 end=3
                  11 fail a until=14 took=1
                  13 post test start=13";
    let record = run_with_reasons(&config, script, 40.0);
    assert_eq!(record.len(), 3, "{record:?}");
    assert!(
        record[1].ends_with("(all alerts resolved) test@1-3"),
        "{record:?}"
    );
    assert_eq!(record[2], "22 a: (first notification) test@13");
}

#[test]
fn an_old_alert_makes_a_new_group_tell_at_once() {
    let config = config("  receiver: a\n  group_interval: 5s", &["a"]);
    let script = "10 post old start=1
                  10 post new start=9.5
                  10.2 post new,x=y start=1";
    assert_eq!(
        run(&config, 0.0, script, 20.0),
        // Only the alert that makes the group counts.
        ["10 a: old@1", "11 a: new@1 new@9.5"]
    );
}

#[test]
fn reasons() {
    let config = config(
        "  receiver: a\n  group_interval: 1s\n  repeat_interval: 5s",
        &["a"],
    )
    .replace("[alertname]", "[]");
    let script = "1 post t1 start=1
                  2.5 post t2 start=2
                  3.5 post t2 start=2 end=3.5
                  11.5 post t1 start=1 end=11.5";
    assert_eq!(
        run_with_reasons(&config, script, 20.0),
        [
            "2 a: (first notification) t1@1",
            "3 a: (new alerts added) t1@1 t2@2",
            "4 a: (some alerts resolved) t1@1 t2@2-3.5",
            // 4 + 5 is not yet later than 5 s ago.
            "10 a: (repeat interval elapsed) t1@1",
            "12 a: (all alerts resolved) t1@1-11.5",
        ]
    );
}
