//! Typed values, faults with their places, and whole files as people write them.

use std::fmt::Debug;

use super::*;
use crate::yaml::Document;

/// `v: …` decoded, or the errors without the file name.
fn value<T: Debug>(text: &str, decoder: impl FnOnce(Field<'static>) -> Result<T, Error>) -> String {
    let source = format!("v: {text}");
    let document: &'static Document = Box::leak(Box::new(Document::parse("f", &source).expect("valid YAML")));
    let decoded = document.decode(|root| {
        let mapping = root.mapping()?;
        let value = mapping.written("v").map(decoder).transpose()?;
        mapping.finish()?;
        Ok(value.expect("v is written"))
    });
    match decoded {
        Ok(value) => format!("{value:?}"),
        Err(errors) => errors.to_string(),
    }
}

#[test]
fn strings_and_bools() {
    for (text, expected) in [
        ("x", "x"),
        ("5", "5"),
        ("0755", "0755"),
        ("yes", "yes"),
        ("'~'", "~"),
        ("~", ""),
        ("1h", "1h"),
        ("|\n  a\n", "a\n"),
    ] {
        assert_eq!(value(text, Field::string), format!("{expected:?}"), "{text}");
    }
    assert_eq!(
        value("[a]", Field::string),
        "f:1:4: v: expected a string, got a list"
    );
    assert_eq!(
        value("''", Field::non_empty_string),
        "f:1:4: v: may not be empty; write a value or remove the key"
    );
    for text in ["true", "True", "TRUE", "yes", "on", "On", "y"] {
        assert_eq!(value(text, Field::bool), "true", "{text}");
    }
    for text in ["false", "no", "NO", "off", "n"] {
        assert_eq!(value(text, Field::bool), "false", "{text}");
    }
    assert_eq!(
        value("1", Field::bool),
        "f:1:4: v: expected true or false, got \"1\""
    );
    assert_eq!(
        value("'true'", Field::bool),
        "f:1:4: v: expected true or false, got the string \"true\"; remove the quotes"
    );
    assert_eq!(
        value("~", Field::bool),
        "f:1:1: v: expected true or false, got nothing"
    );
}

#[test]
fn numbers() {
    let integers = [
        ("0", "0"),
        ("-7", "-7"),
        ("+7", "7"),
        ("1_000", "1000"),
        ("0x1F", "31"),
        ("0o17", "15"),
        ("017", "15"),
        ("0b101", "5"),
        ("1e3", "1000"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("1.5", "f:1:4: v: expected a whole number, got \"1.5\""),
        (
            "9223372036854775808",
            "f:1:4: v: expected a whole number, got \"9223372036854775808\"",
        ),
        ("0x-1", "f:1:4: v: expected a whole number, got \"0x-1\""),
        ("1h", "f:1:4: v: expected a whole number, got \"1h\""),
        (
            "'5'",
            "f:1:4: v: expected a whole number, got the string \"5\"; remove the quotes",
        ),
    ];
    for (text, expected) in integers {
        assert_eq!(value(text, Field::i64), expected, "{text}");
    }
    assert_eq!(
        value("-1", Field::u64),
        "f:1:4: v: expected a whole number that is not negative, got \"-1\""
    );
    assert_eq!(value("10", Field::u64), "10");
    let floats = [
        ("1", "1.0"),
        ("-1.5e-3", "-0.0015"),
        (".5", "0.5"),
        ("0x10", "16.0"),
        (".inf", "inf"),
        ("-.inf", "-inf"),
        (".nan", "NaN"),
        ("inf", "f:1:4: v: expected a number, got \"inf\""),
        ("NaN", "f:1:4: v: expected a number, got \"NaN\""),
        ("abc", "f:1:4: v: expected a number, got \"abc\""),
    ];
    for (text, expected) in floats {
        assert_eq!(value(text, Field::f64), expected, "{text}");
    }
}

#[test]
fn durations_sizes_urls_and_words() {
    assert_eq!(value("1h30m", Field::duration_ms), "5400000");
    assert_eq!(value("'15s'", Field::duration_ms), "15000");
    assert_eq!(value("0", Field::duration_ms), "0");
    assert_eq!(
        value("30", Field::duration_ms),
        "f:1:4: v: not a valid duration string: \"30\"; write it like 30s, 5m or 1h30m"
    );
    assert_eq!(value("15MB", Field::byte_size), "15728640");
    assert!(value("15", Field::byte_size).starts_with("f:1:4: v: not a size: \"15\"; write"));
    assert!(value("http://h:9/p", Field::url).contains("9"));
    let urls = [
        ("ftp://h", "unsupported scheme \"ftp\" for a URL in \"ftp://h\""),
        ("h:9090", "unsupported scheme \"h\" for a URL"),
        ("/x", "not a URL (relative URL without a base) in \"/x\""),
    ];
    for (text, expected) in urls {
        assert!(
            value(text, Field::url).contains(expected),
            "{}",
            value(text, Field::url)
        );
    }
    let hidden = value("ftp://hunter2", Field::secret_url);
    assert!(
        !hidden.contains("hunter2") && hidden.contains("unsupported scheme"),
        "{hidden}"
    );
    let scheme = |text| value(text, |field| field.one_of(&[("http", 80), ("https", 443)]));
    assert_eq!(scheme("https"), "443");
    assert_eq!(
        scheme("gopher"),
        "f:1:4: v: expected one of http, https, got \"gopher\""
    );
    assert_eq!(value("hunter2", Field::secret), "<secret>");
}

#[test]
fn collections() {
    assert_eq!(value("[a, 1, yes]", Field::strings), "[\"a\", \"1\", \"yes\"]");
    assert_eq!(value("~", Field::strings), "[]");
    assert_eq!(
        value("a", Field::strings),
        "f:1:4: v: expected a list (lines that begin with \"- \"), got \"a\""
    );
    assert_eq!(
        value("{b: 1, a: x}", Field::string_map),
        "{\"a\": \"x\", \"b\": \"1\"}"
    );
    assert_eq!(
        value("[1, x, 2, y]", |field| field.list(Field::i64)),
        "f:1:8: v[1]: expected a whole number, got \"x\"\nf:1:14: v[3]: expected a whole number, got \"y\""
    );
    assert_eq!(
        value("{a: 1, b: [x], c: {}}", Field::string_map),
        "f:1:14: v.b: expected a string, got a list\nf:1:22: v.c: expected a string, got a mapping"
    );
    let pairs = value("{b: 1, a: 2}", |field| {
        Ok(field
            .entries()?
            .into_iter()
            .map(|(key, field)| format!("{key}{}", field.path()))
            .collect::<Vec<_>>())
    });
    assert_eq!(pairs, "[\"bv.b\", \"av.a\"]");
}

/// A few keys of each part of a Prometheus configuration, read the way the real decoders do.
fn prometheus(root: Field<'_>) -> Result<Vec<String>, Error> {
    let mapping = root.mapping()?;
    if let Some(global) = mapping.optional("global") {
        let global = global.mapping()?;
        global.get("scrape_interval", Field::duration_ms)?;
        global.get("evaluation_interval", Field::duration_ms)?;
        global.get("external_labels", Field::string_map)?;
        global.finish()?;
    }
    mapping.get("rule_files", Field::strings)?;
    mapping.not_supported(&["tracing", "remote_read"]);
    let jobs = mapping.get_or("scrape_configs", |field| field.list(scrape_config), Vec::new())?;
    mapping.finish()?;
    Ok(jobs)
}

fn scrape_config(field: Field<'_>) -> Result<String, Error> {
    let mapping = field.mapping()?;
    let name = mapping.require("job_name", Field::non_empty_string)?;
    mapping.get("scrape_interval", Field::duration_ms)?;
    mapping.get("params", |field| field.map(Field::strings))?;
    mapping.get("static_configs", |field| {
        field.list(|item| {
            let item = item.mapping()?;
            item.get("targets", Field::strings)?;
            item.get("labels", Field::string_map)?;
            item.finish()
        })
    })?;
    mapping.not_supported(&["kubernetes_sd_configs"]);
    crate::HttpClientOptions::decode_inline(&mapping)?;
    mapping.finish()?;
    Ok(name)
}

#[test]
fn a_prometheus_file() {
    let text = r#"
# my global config
global:
  scrape_interval:     15s # Set the scrape interval to every 15 seconds.
  evaluation_interval: 15s
  external_labels: {region: eu-west, replica: "1"}

rule_files:
  # - "first_rules.yml"

scrape_configs:
  - job_name: 'prometheus'
    static_configs:
    - targets: ['localhost:9090']
  - job_name: &name node
    params:
      collect[]: [cpu, meminfo]
    basic_auth:
      username: prom
      password: hunter2
    static_configs:
      - targets:
          - a:9100
          - b:9100
        labels:
          env: prod
"#;
    let document = Document::parse("prometheus.yml", text).expect("valid");
    assert_eq!(
        document.decode(prometheus),
        Ok(vec!["prometheus".to_owned(), "node".to_owned()])
    );
    let shown = document.to_yaml();
    assert!(
        shown.contains("password: <secret>") && !shown.contains("hunter2"),
        "{shown}"
    );
}

#[test]
fn all_faults_of_a_file_at_once() {
    let text = "
global:
  scrape_interval: 15s
scrape_configs:
  - job_name: a
    scrape_intervall: 5s
    metrics_pth: /x
  - static_configs: []
  - job_name: c
    scrape_interval: fast
  - job_name: d
    kubernetes_sd_configs: [{role: pod}]
    tls_config:
      insecure_skip_verify: true
rule_file: [x]
tracing:
  endpoint: x
";
    let document = Document::parse("prometheus.yml", text).expect("valid");
    let expected = [
        "6:5: unknown key \"scrape_intervall\" in scrape_configs[0]; did you mean \"scrape_interval\"?",
        "7:5: unknown key \"metrics_pth\" in scrape_configs[0]; remove it",
        "8:5: missing key \"job_name\" in scrape_configs[1]; add it",
        "10:22: scrape_configs[2].scrape_interval: not a valid duration string: \"fast\"; write it like 30s, 5m or 1h30m",
        "12:5: \"kubernetes_sd_configs\" in scrape_configs[3] is not supported by this version of weir; remove it",
        "16:1: \"tracing\" at the top level is not supported by this version of weir; remove it",
    ];
    let errors = document.decode(prometheus).expect_err("faulty");
    let lines: Vec<String> = errors.errors().iter().map(ToString::to_string).collect();
    assert_eq!(lines, expected.map(|line| format!("prometheus.yml:{line}")));
    assert_eq!(errors.errors()[3].path, "scrape_configs[2].scrape_interval");
}

#[test]
fn an_alertmanager_file() {
    let text = r#"
global:
  resolve_timeout: 5m
templates: ['/etc/alertmanager/template/*.tmpl', local.tmpl]
route: &route
  receiver: team-X
  group_by: ['alertname', cluster]
  group_wait: 30s
  continue: off
  routes:
    - matchers: [ severity="page" , team =~ "a|b" ]
      receiver: pager
receivers:
  - name: team-X
    webhook_configs: [{url: 'http://127.0.0.1:5001/hook?token=hunter2', send_resolved: yes}]
  - name: pager
"#;
    fn route(field: Field<'_>) -> Result<usize, Error> {
        let mapping = field.mapping()?;
        mapping.get("receiver", Field::string)?;
        mapping.get("group_by", Field::strings)?;
        mapping.get("group_wait", Field::duration_ms)?;
        mapping.get("matchers", Field::strings)?;
        assert!(!mapping.get("continue", Field::bool)?.unwrap_or(false));
        let below = mapping.get_or("routes", |field| field.list(route), Vec::new())?;
        mapping.finish()?;
        Ok(1 + below.iter().sum::<usize>())
    }
    fn receiver(field: Field<'_>) -> Result<String, Error> {
        let mapping = field.mapping()?;
        let name = mapping.require("name", Field::string)?;
        mapping.get("webhook_configs", |field| {
            field.list(|item| {
                let item = item.mapping()?;
                item.require("url", Field::secret_url)?;
                assert!(item.get_or("send_resolved", Field::bool, true)?);
                item.finish()
            })
        })?;
        mapping.finish()?;
        Ok(name)
    }
    let document = Document::parse("/etc/am/alertmanager.yml", text).expect("valid");
    let decoded = document.decode(|root| {
        let mapping = root.mapping()?;
        mapping.get("global", |global| {
            let global = global.mapping()?;
            global.get("resolve_timeout", Field::duration_ms)?;
            global.finish()
        })?;
        let templates = mapping.get("templates", |field| field.list(Field::path_of_file))?;
        let routes = mapping.require("route", route)?;
        let receivers = mapping.require("receivers", |field| field.list(receiver))?;
        mapping.finish()?;
        Ok((templates.expect("written").len(), routes, receivers.len()))
    });
    assert_eq!(decoded, Ok((2, 2, 2)));
    assert!(
        document
            .to_yaml()
            .contains("- url: <secret>\n    send_resolved: yes\n"),
        "{}",
        document.to_yaml()
    );
}

#[test]
fn required_and_null() {
    let decode = |text: &str| {
        let document = Document::parse("f", text).expect("valid");
        let result = document.decode(|root| {
            let mapping = root.mapping()?;
            let name = mapping.require("name", Field::string)?;
            let flag = mapping.get_or("flag", Field::bool, true)?;
            mapping.finish()?;
            Ok((name, flag))
        });
        result.map_err(|errors| errors.to_string())
    };
    assert_eq!(decode("name: x\nflag: "), Ok(("x".to_owned(), true)));
    assert_eq!(
        decode("flag: no"),
        Err("f:1:1: missing key \"name\" at the top level; add it".to_owned())
    );
    assert_eq!(
        decode("flag: no\nname:"),
        Err("f:2:1: missing key \"name\" at the top level; add it".to_owned())
    );
    assert_eq!(
        decode(""),
        Err("f:1:1: missing key \"name\" at the top level; add it".to_owned())
    );
    assert_eq!(
        decode("[x]"),
        Err("f:1:1: expected a mapping of keys to values, got a list".to_owned())
    );
}
