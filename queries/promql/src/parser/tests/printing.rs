//! Trees printed as PromQL.

use super::*;

#[test]
fn canonical_text() {
    for (query, printed) in [
        ("a   +  b", "a + b"),
        ("SUM(a)BY(b,c)", "sum by (b, c) (a)"),
        ("sum without () (a)", "sum without () (a)"),
        ("sum by () (a)", "sum(a)"),
        ("topk by (\"x.y\") (5, a)", "topk by (\"x.y\") (5, a)"),
        ("a{c!='d',b=~`e|f`}", "a{b=~\"e|f\",c!=\"d\"}"),
        ("{'a.b', c='d'}", "{__name__=\"a.b\",c=\"d\"}"),
        (
            "a > bool ignoring (b) group_left c",
            "a > bool ignoring (b) group_left () c",
        ),
        ("a * on () b", "a * on () b"),
        ("a * ignoring () b", "a * b"),
        ("a + fill(0) b", "a + fill (0) b"),
        (
            "a + fill_right(-1) fill_left(2) b",
            "a + fill_left (2) fill_right (-1) b",
        ),
        ("a[300] offset -1h30m @ 1.5", "a[5m] @ 1.500 offset -1h30m"),
        ("a @ end() offset 90000s", "a @ end() offset 1d1h"),
        ("a[5m] offset 1h smoothed", "a[5m] smoothed offset 1h"),
        ("a[1h:] @ start()", "a[1h:] @ start()"),
        ("abs(a)[2w:30s] offset 8d", "abs(a)[2w:30s] offset 8d"),
        (
            "a[(5m + step()) * 2:max_of(1m, range()/10)]",
            "a[(5m + step()) * 2:max_of(1m, range() / 10)]",
        ),
        ("a offset -(5m*2)", "a offset -(5m * 2)"),
        ("0x1F + 1_000.5e1 + 010", "31 + 10005 + 8"),
        ("5m + +Inf - -NaN", "5m + +Inf - NaN"),
        ("-a ^ -2", "-a ^ -2"),
        (r#""\x41\u00e9\n" "#, r#""Aé\n""#),
        (r#""\xff""#, r#""\xff""#),
    ] {
        let expr = parse(query).expect(query);
        assert_eq!(expr.to_string(), printed, "{query}");
        let again = parse(printed).expect(printed);
        assert_eq!(again.to_string(), printed, "printing is stable");
    }
}

#[test]
fn metrics() {
    for (text, printed) in [
        ("a", "{__name__=\"a\"}"),
        ("sum{b=\"c\",}", "{__name__=\"sum\", b=\"c\"}"),
        ("{\"a.b\", \"c d\"='e'}", "{__name__=\"a.b\", \"c d\"=\"e\"}"),
        ("{}", "{}"),
    ] {
        assert_eq!(parse_metric(text).expect(text).to_string(), printed);
    }
    for (text, message) in [
        ("a{b}", "unexpected \"}\" in label set, expected \"=\""),
        ("a{b=1}", "unexpected character inside braces: '1'"),
        ("a{b=\"c\"} 1", "unexpected number \"1\""),
    ] {
        assert_eq!(parse_metric(text).expect_err(text).message, message);
    }
    let matchers = parse_metric_selector("up{job!=\"x\"}").unwrap();
    let texts: Vec<String> = matchers.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["job!=\"x\"", "__name__=\"up\""]);
    assert_eq!(parse_metric_selector("{}").unwrap(), []);
    assert!(parse_metric_selector("up offset 5m").is_err());
}
