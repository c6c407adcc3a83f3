//! What is read, and what is refused with which words at which place.

use super::*;

#[test]
fn the_built_in_configuration_is_sound() {
    let config = default_config();
    assert_eq!(config.resolve_timeout_ms, 300_000);
    assert_eq!(config.route.receiver.as_deref(), Some("log"));
    assert_eq!(config.receivers.len(), 1);
    assert!(config.warnings.is_empty());
}

/// Every key that is read.
const EVERYTHING: &str = r#"
global:
  resolve_timeout: 1m
  http_config: {follow_redirects: false}
route:
  receiver: a
  group_by: ['...']
  routes:
    - match: {x: "1"}
      match_re: {y: "2|3"}
      matchers: ['z != "4"', '{a="b",c=~"d"}']
      group_wait: 0s
      continue: true
      receiver: b
receivers:
  - name: a
    webhook_configs:
      - url: http://user:pw@host/path
        send_resolved: false
        max_alerts: 5
        timeout: 10s
      - url_file: hook
        http_config: {authorization: {credentials: token}}
    log_configs: [{send_resolved: false}, ~]
  - name: b
    webhook_configs: [{url: 'http://h/{{ .GroupLabels.hidden }}'}]
templates: [t/*.tmpl, /etc/x.tmpl]
"#;

#[test]
fn reads_everything() {
    let config = parse_config(EVERYTHING, "/etc/weir/am.yml").unwrap();
    assert_eq!(config.resolve_timeout_ms, 60_000);
    assert_eq!(config.route.group_by, Some(GroupBy::All));
    let child = &config.route.routes[0];
    assert_eq!(
        crate::matchers::format_matchers(&child.matchers),
        r#"{a="b",c=~"d",x="1",y=~"^(?:2|3)$",z!="4"}"#
    );
    assert_eq!((child.group_wait_ms, child.goes_on), (Some(0), true));
    let kinds: Vec<(&str, bool)> = config.receivers[0]
        .integrations
        .iter()
        .map(|i| (i.kind(), i.send_resolved()))
        .collect();
    assert_eq!(
        kinds,
        [
            ("webhook", false),
            ("webhook", true),
            ("log", false),
            ("log", true)
        ]
    );
    let [
        IntegrationConfig::Webhook(first),
        IntegrationConfig::Webhook(second),
        ..,
    ] = config.receivers[0].integrations.as_slice()
    else {
        panic!("{:?}", config.receivers[0]);
    };
    assert_eq!((first.alerts_max, first.timeout_ms), (5, Some(10_000)));
    assert!(!first.http.follow_redirects && second.http.follow_redirects);
    assert_eq!(
        config.templates,
        [PathBuf::from("/etc/weir/t/*.tmpl"), PathBuf::from("/etc/x.tmpl")]
    );
    assert_eq!(second.url, UrlSource::File("/etc/weir/hook".into()));
    for text in [&*config.redacted, &format!("{config:?}")] {
        assert!(
            !text.contains("user:pw") && !text.contains("token") && !text.contains("hidden"),
            "{text}"
        );
    }
}

#[test]
fn warns() {
    let config = parse_config(
        "route:\n  receiver: a\n  repeat_interval: 1m\n  routes: [{matchers: ['a=']}]\nreceivers: [{name: a}]",
        "c.yml",
    )
    .unwrap();
    assert_eq!(
        config.warnings,
        [
            "c.yml:4:24: route.routes[0].matchers[0]: matchers \"a=\" are read by the classic grammar only; write a=\"\"",
            "c.yml:2:3: route: repeat_interval is shorter than group_interval in route {}, so notifications repeat every group_interval",
            "c.yml:2:3: route: repeat_interval is shorter than group_interval in route {}/{a=\"\"}, so notifications repeat every group_interval",
        ]
    );
}

/// A whole file around a route.
fn route(text: &str) -> String {
    format!("receivers: [{{name: a}}]\nroute:\n  receiver: a\n{text}")
}

#[test]
fn refuses_roots() {
    let cases = [
        (
            "{}".to_owned(),
            "c.yml:1:1: no route provided in config; add \"route: {receiver: NAME}\"",
        ),
        (
            "route: {group_wait: 1s}".to_owned(),
            "c.yml:1:8: route: root route must specify a default receiver; add \"receiver: NAME\"",
        ),
        (
            "route: {receiver: b}\nreceivers: [{name: a}]".to_owned(),
            "c.yml:1:19: route.receiver: undefined receiver \"b\" used in route; receivers are \"a\"",
        ),
        (
            route("  routes: [{receiver: x}]"),
            "c.yml:4:23: route.routes[0].receiver: undefined receiver \"x\" used in route; receivers are \"a\"",
        ),
        (
            route("  matchers: [a=b]"),
            "c.yml:4:3: route.matchers: root route must not have any matchers; move them into a child route",
        ),
        (
            route("  match: {a: b}"),
            "c.yml:4:3: route.match: root route must not have any matchers; move them into a child route",
        ),
        (
            route("  continue: true"),
            "c.yml:4:13: route.continue: cannot have continue in root route; remove it",
        ),
    ];
    check(&cases);
}

#[test]
fn refuses_routes() {
    let cases = [
        (
            route("  group_interval: 0s"),
            "c.yml:4:19: route.group_interval: group_interval cannot be zero",
        ),
        (
            route("  repeat_interval: 0s"),
            "c.yml:4:20: route.repeat_interval: repeat_interval cannot be zero",
        ),
        (
            route("  group_wait: 1x"),
            "c.yml:4:15: route.group_wait: not a valid duration string: \"1x\"; write it like 30s, 5m or 1h30m",
        ),
        (
            route("  group_by: [a, b, a]"),
            "c.yml:4:20: route.group_by[2]: duplicated label \"a\" in group_by; remove one",
        ),
        (
            route("  group_by: [a, '...']"),
            "c.yml:4:13: route.group_by: cannot have wildcard group_by (`...`) and other labels at the same time; keep one or the other",
        ),
        (
            route("  group_by: ['']"),
            "c.yml:4:14: route.group_by[0]: invalid label name \"\" in group_by list",
        ),
        (
            route("  gruop_by: [a]"),
            "c.yml:4:3: unknown key \"gruop_by\" in route; did you mean \"group_by\"?",
        ),
        (
            route("  mute_time_intervals: [x]"),
            "c.yml:4:3: \"mute_time_intervals\" in route is not supported by this version of weir; remove it",
        ),
        (
            route("  routes: [{matchers: ['a']}]"),
            "c.yml:4:24: route.routes[0].matchers[0]: bad matcher format: a",
        ),
        (
            route("  routes: [{match: {a-b: c}}]"),
            "c.yml:4:21: route.routes[0].match.a-b: invalid label name \"a-b\"",
        ),
        (
            route("  routes: [{match_re: {a: '('}}]"),
            "c.yml:4:27: route.routes[0].match_re.a: error parsing regexp: missing closing ): `^(?:()$`",
        ),
    ];
    check(&cases);
}

#[test]
fn refuses_sections() {
    let cases = [
        (
            route("inhibit_rules: [{equal: [a]}]\ntracing: {endpoint: x}"),
            "c.yml:4:1: \"inhibit_rules\" at the top level is not supported by this version of weir; remove it\nc.yml:5:1: \"tracing\" at the top level is not supported by this version of weir; remove it",
        ),
        (
            route("global:\n  smtp_from: me@x"),
            "c.yml:5:3: \"smtp_from\" in global is not supported by this version of weir; remove it",
        ),
        (
            "route: {receiver: a}\nreceivers:\n- name: a\n- name: a".to_owned(),
            "c.yml:4:3: receivers[1]: notification config name \"a\" is not unique; rename one of the receivers",
        ),
        (
            "route: {receiver: a}\nreceivers:\n- log_configs: [{}]".to_owned(),
            "c.yml:3:3: receivers[0]: missing name in receiver; add \"name: NAME\"",
        ),
        (
            "route: {receiver: a}\nreceivers:\n- name: a\n  slack_configs: [{}]".to_owned(),
            "c.yml:4:3: \"slack_configs\" in receivers[0] is not supported by this version of weir; remove it",
        ),
    ];
    check(&cases);
}

fn check(cases: &[(String, &str)]) {
    for (text, expected) in cases {
        let error = parse_config(text, "c.yml").unwrap_err();
        assert_eq!(error.to_string(), *expected, "{text}");
    }
}

#[test]
fn refuses_webhooks() {
    let cases = [
        (
            "{}",
            "c.yml:4:5: receivers[0].webhook_configs[0]: one of url or url_file must be configured; add one",
        ),
        (
            "~",
            "c.yml:4:5: receivers[0].webhook_configs[0]: missing webhook config; write its url",
        ),
        (
            "{url: http://x, url_file: y}",
            "c.yml:4:21: receivers[0].webhook_configs[0]: at most one of url & url_file must be configured; remove one",
        ),
        (
            "{url: 'http://{{ .Receiver '}",
            "c.yml:4:11: receivers[0].webhook_configs[0].url: template: :1: unclosed action",
        ),
        (
            "{url: http://x, max_alerts: -1}",
            "c.yml:4:33: receivers[0].webhook_configs[0].max_alerts: expected a whole number that is not negative, got \"-1\"",
        ),
        (
            "{url: http://x, payload: {}}",
            "c.yml:4:21: \"payload\" in receivers[0].webhook_configs[0] is not supported by this version of weir; remove it",
        ),
    ];
    for (text, expected) in cases {
        let text = format!("route: {{receiver: a}}\nreceivers:\n- webhook_configs:\n  - {text}\n  name: a");
        assert_eq!(
            parse_config(&text, "c.yml").unwrap_err().to_string(),
            expected,
            "{text}"
        );
    }
    let secret =
        "route: {receiver: a}\nreceivers: [{name: a, webhook_configs: [{url: 'ftp://user:hunter2@x'}]}]";
    let error = parse_config(secret, "c.yml").unwrap_err().to_string();
    assert!(error.contains("url") && !error.contains("hunter2"), "{error}");
}
