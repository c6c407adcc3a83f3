//! Fuzzes Go's template language with the functions of rules and of notifications. The first byte chooses which.
#![no_main]

// Its allocator.
use engine_storage_fuzz as _;

use std::sync::Arc;

use engine_model::Labels;
use engine_template::functions::prometheus::{Environment, QuerySample, alert_data, parse};
use engine_template::functions::{alertmanager, prometheus};
use engine_template::{Functions, Templates, Time, Value};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((choice, text)) = data.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    if choice % 2 == 0 {
        of_a_rule(text);
    } else {
        of_a_notification(text);
    }
});

fn of_a_rule(text: &str) {
    let functions = rule_functions();
    match parse("__alert_Fuzzed", text, &functions) {
        Ok(templates) => {
            let labels = Labels::from_pairs([("instance", "host:9100"), ("job", "node")]);
            let data = alert_data(&labels, &labels, "http://localhost:9090/p", 1.5e9);
            told(templates.execute("__alert_Fuzzed", &data, &functions));
        }
        Err(error) => drop(error.to_string()),
    }
}

fn of_a_notification(text: &str) {
    let functions = alertmanager::functions(1_435_065_584_128);
    let data = Value::map([
        ("Status", Value::string("firing")),
        (
            "Labels",
            Value::string_map([("alertname", "A"), ("instance", "b")]),
        ),
        (
            "List",
            Value::list(vec![Value::Int(1), Value::string("two"), Value::Float(3.5)]),
        ),
        (
            "Time",
            Time::from_unix_ms(1_435_065_584_128).map_or(Value::Int(0), Value::Time),
        ),
        ("Duration", Value::Duration(90_000_000_000)),
    ]);
    told(Templates::new().expand("fuzzed", text, &data, &functions));
}

fn told(outcome: Result<String, engine_template::TemplateError>) {
    match outcome {
        Ok(text) => assert!(text.len() <= 4 << 20, "the bound of the output"),
        Err(error) => drop(error.to_string()),
    }
}

fn rule_functions() -> Functions {
    prometheus::functions(Environment {
        now_ms: 1_435_065_584_128,
        external_url: "http://localhost:9090/p".to_owned(),
        path_prefix: "/p".to_owned(),
        query: Arc::new(|text| match text.len() % 3 {
            0 => Err("refused".to_owned()),
            count => Ok((0..count)
                .map(|number| QuerySample {
                    labels: Labels::from_pairs([("a", number.to_string())]),
                    value: number as f64,
                })
                .collect()),
        }),
    })
}
