//! Fuzzes the parser of PromQL: what it prints it reads again, as the same.
#![no_main]

// Its allocator.
use connectors_formats_fuzz as _;
use queries_promql::parser::{
    DurationContext, ParseOptions, parse_expr, parse_metric, parse_metric_selector, pretty, resolve_durations,
};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Err(error) = parse_expr(text, &ParseOptions::default()) {
        drop(error.to_string());
    }
    drop(parse_metric_selector(text));
    drop(parse_metric(text));
    let Ok(mut expr) = parse_expr(text, &ParseOptions::ALL) else {
        return;
    };
    let printed = expr.to_string();
    for again in [&printed, &pretty(&expr)] {
        match parse_expr(again, &ParseOptions::ALL) {
            Ok(read) => assert_eq!(
                one_sign(read.to_string()),
                one_sign(printed.clone()),
                "printed as {again:?}"
            ),
            Err(error) => panic!("{text:?} is printed as {again:?}: {error}"),
        }
    }
    let context = DurationContext {
        step_ms: 15_000,
        range_ms: 3_600_000,
    };
    if let Err(error) = resolve_durations(&mut expr, context) {
        drop(error.to_string());
    }
});

/// Infinity is printed with its sign, as in Prometheus, and in `+Inf ^ 2` that is read as one of the power.
fn one_sign(mut printed: String) -> String {
    while printed.contains("++Inf") {
        printed = printed.replace("++Inf", "+Inf");
    }
    printed
}
