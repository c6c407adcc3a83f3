//! Verbs, flags and mistakes, with the outputs of Go's fmt.

use super::*;
use crate::value::Time;

#[test]
fn floats() {
    let cases = [
        (1.0, "1"),
        (0.0, "0"),
        (-0.0, "-0"),
        (0.1, "0.1"),
        (123456.0, "123456"),
        (1234567.0, "1.234567e+06"),
        (8838815.0, "8.838815e+06"),
        (1e21, "1e+21"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (77.45077806845111, "77.45077806845111"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (f64::INFINITY, "+Inf"),
        (f64::NEG_INFINITY, "-Inf"),
        (f64::NAN, "NaN"),
    ];
    for (value, expected) in cases {
        assert_eq!(to_text(&Value::Float(value)), expected);
    }
}

/// Format, arguments, output.
type Case = (&'static str, Vec<Value>, &'static str);

fn check(cases: Vec<Case>) {
    for (format, args, expected) in cases {
        assert_eq!(sprintf(format, &args), expected, "{format}");
    }
}

#[test]
fn strings_and_integers() {
    let int = Value::Int;
    let text = |text: &str| Value::string(text);
    check(vec![
        ("plain", vec![], "plain"),
        ("100%%", vec![], "100%"),
        (
            "%s|%10s|%-10s|%.2s",
            vec![text("abc"), text("abc"), text("abc"), text("abc")],
            "abc|       abc|abc       |ab",
        ),
        (
            "%q %+q %#q",
            vec![text("a\"é\n"), text("é"), text("a\"b")],
            "\"a\\\"é\\n\" \"\\u00e9\" `a\"b`",
        ),
        (
            "%x %X % x %#x",
            vec![text("hi"), text("hi"), text("hi"), text("hi")],
            "6869 6869 68 69 0x6869",
        ),
        (
            "%d|%5d|%-5d|%05d|%+d|% d",
            vec![int(42), int(42), int(42), int(42), int(42), int(42)],
            "42|   42|42   |00042|+42| 42",
        ),
        (
            "%05d|%x|%X|%o|%#x|%b|%c|%q|%U",
            [-42, 255, 255, 8, 255, 5, 65, 65, 65].map(int).to_vec(),
            "-0042|ff|FF|10|0xff|101|A|'A'|U+0041",
        ),
        ("%.3d|%6.3d", vec![int(7), int(7)], "007|   007"),
    ]);
}

#[test]
fn floats_with_precision() {
    let float = Value::Float;
    check(vec![
        (
            "%f|%.2f|%5.1f|%08.3f|%+.1f|%.0f",
            [1.5, 1.005, 2.25, -3.25, 2.0, 2.5].map(float).to_vec(),
            "1.500000|1.00|  2.2|-003.250|+2.0|2",
        ),
        (
            "%e|%.2e|%E|%g|%G|%.3g|%v",
            [1234.5678, 1234.5678, 1.0, 1e-7, 1e-7, 1234.5678, 1e6]
                .map(float)
                .to_vec(),
            "1.234568e+03|1.23e+03|1.000000E+00|1e-07|1E-07|1.23e+03|1e+06",
        ),
        (
            "%.4g %.4g %.4g %.4g %.7g",
            [0.0, 1234567.0, 123.456, 0.00001234567, 100000.0]
                .map(float)
                .to_vec(),
            "0 1.235e+06 123.5 1.235e-05 100000",
        ),
        (
            "%f %+f % f %6.1f %06.1f %f",
            [
                f64::INFINITY,
                f64::INFINITY,
                f64::INFINITY,
                f64::NAN,
                f64::NEG_INFINITY,
                f64::NAN,
            ]
            .map(float)
            .to_vec(),
            "+Inf +Inf  Inf    NaN   -Inf NaN",
        ),
    ]);
}

#[test]
fn other_kinds() {
    let int = Value::Int;
    let float = Value::Float;
    let text = |text: &str| Value::string(text);
    let list = || Value::list(vec![Value::Int(1), Value::string("b")]);
    check(vec![
        (
            "%t %v %5t",
            vec![Value::Bool(true), Value::Bool(false), Value::Bool(true)],
            "true false  true",
        ),
        (
            "%v %s %q %d",
            vec![list(), list(), list(), list()],
            "[1 b] [%!s(int=1) b] ['\\x01' \"b\"] [1 %!d(string=b)]",
        ),
        (
            "%v",
            vec![Value::string_map([("b", "2"), ("a", "1")])],
            "map[a:1 b:2]",
        ),
        (
            "%T %T %T %T %T",
            vec![int(1), float(1.0), text(""), Value::Nil, list()],
            "int float64 string <nil> []interface {}",
        ),
    ]);
}

#[test]
fn mistakes_and_order() {
    let int = Value::Int;
    let float = Value::Float;
    let text = |text: &str| Value::string(text);
    check(vec![
        (
            "%d %s %f %5.1f",
            vec![text("x"), int(5), int(5), int(3)],
            "%!d(string=x) %!s(int=5) %!f(int=5) %!f(int=    3)",
        ),
        (
            "%v %s %d",
            vec![Value::Nil, Value::Nil, Value::Nil],
            "<nil> %!s(<nil>) %!d(<nil>)",
        ),
        ("%s %s", vec![text("a")], "a %!s(MISSING)"),
        (
            "%s",
            vec![text("a"), int(1), Value::Nil],
            "a%!(EXTRA int=1, <nil>)",
        ),
        ("%", vec![], "%!(NOVERB)"),
        ("%z", vec![int(1)], "%!z(int=1)"),
        ("%[2]s %[1]s", vec![text("a"), text("b")], "b a"),
        ("%[3]s", vec![text("a")], "%!s(BADINDEX)"),
        (
            "%*d|%-*d|%.*f",
            vec![int(4), int(7), int(4), int(7), int(2), float(1.2345)],
            "   7|7   |1.23",
        ),
        ("%*d", vec![text("x"), int(7)], "%!(BADWIDTH)7"),
        ("%99999999d", vec![int(7)], "%!(BADWIDTH)7"),
        (
            "%v %s %d",
            vec![
                Value::Duration(3_661_500_000_000),
                Value::Duration(1_500_000),
                Value::Duration(5),
            ],
            "1h1m1.5s 1.5ms 5",
        ),
        (
            "%v",
            vec![Value::Time(Time::zero())],
            "0001-01-01 00:00:00 +0000 UTC",
        ),
        ("é%sé", vec![text("ü")], "éüé"),
        ("%é", vec![int(1)], "%!é(int=1)"),
    ]);
}

#[test]
fn sprint_spaces() {
    let (int, text) = (Value::Int, |text: &str| Value::string(text));
    assert_eq!(
        sprint(&[int(1), int(2), text("a"), text("b"), int(3)]),
        "1 2a b3".replace("a b", "ab")
    );
    assert_eq!(sprintln(&[int(1), text("a")]), "1 a\n");
    assert_eq!(sprint(&[Value::Nil, Value::Nil]), "<nil> <nil>");
    assert_eq!(printed(&Value::Nil), "<no value>");
}

#[test]
fn durations() {
    let cases = [
        (0, "0s"),
        (1, "1ns"),
        (1_100, "1.1µs"),
        (-2_200_000, "-2.2ms"),
        (3_300_000_000, "3.3s"),
        (60_000_000_000, "1m0s"),
        (3_600_000_000_000, "1h0m0s"),
        (90_061_000_000_001, "25h1m1.000000001s"),
        (i64::MIN, "-2562047h47m16.854775808s"),
    ];
    for (nanoseconds, expected) in cases {
        assert_eq!(to_text(&Value::Duration(nanoseconds)), expected);
    }
}
