//! Patterns of times: PostgreSQL's (`YYYY-MM-DD HH24:MI:SS`) as those of the query engine (`%Y-%m-%d %H:%M:%S`), which may
//! be written as well.

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Value,
};

/// Functions whose second argument is a pattern.
const FUNCTIONS: [&str; 3] = ["to_char", "to_date", "to_timestamp"];

/// PostgreSQL's patterns, longer ones before those that they begin with, and the query engine's.
const PATTERNS: [(&str, &str); 27] = [
    ("IYYY", "%G"),
    ("YYYY", "%Y"),
    ("YY", "%y"),
    ("FMMonth", "%B"),
    ("FMDay", "%A"),
    ("Month", "%B"),
    ("MON", "%b"),
    ("MM", "%m"),
    ("MI", "%M"),
    ("MS", "%3f"),
    ("FF3", "%3f"),
    ("FF6", "%6f"),
    ("DDD", "%j"),
    ("DD", "%d"),
    ("Day", "%A"),
    ("DY", "%a"),
    ("HH24", "%H"),
    ("HH12", "%I"),
    ("HH", "%I"),
    ("SSSS", ""),
    ("SS", "%S"),
    ("US", "%6f"),
    ("IW", "%V"),
    ("ID", "%u"),
    ("AM", "%p"),
    ("PM", "%p"),
    ("TZ", "%Z"),
];

/// Turns the pattern of a call.
pub(super) fn time_format(function: &mut Function) {
    let name = function.name.to_string();
    let FunctionArguments::List(arguments) = &mut function.args else {
        return;
    };
    if let [
        _,
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(pattern))),
    ] = arguments.args.as_mut_slice()
        && FUNCTIONS.contains(&name.as_str())
        && let Value::SingleQuotedString(text) = &mut pattern.value
        && let Some(turned) = turned(text)
    {
        *text = turned;
    }
}

/// A pattern of PostgreSQL in the query engine's; `None` if it is one of these already, or has what neither of them has.
fn turned(pattern: &str) -> Option<String> {
    let (mut turned, mut rest) = (String::new(), pattern);
    while let Some(first) = rest.chars().next() {
        let begins = |known: &str| {
            rest.get(..known.len())
                .is_some_and(|begin| begin.eq_ignore_ascii_case(known))
        };
        if let Some((known, ours)) = PATTERNS.iter().find(|(known, _)| begins(known)) {
            if ours.is_empty() {
                return None;
            }
            turned.push_str(ours);
            rest = &rest[known.len()..];
        } else if let Some(literal) = rest.strip_prefix('"') {
            let (literal, after) = literal.split_once('"')?;
            turned.push_str(literal);
            rest = after;
        } else if first == '%' || first.is_alphabetic() && first != 'T' {
            return None;
        } else {
            turned.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    Some(turned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, expected) in [
            ("YYYY-MM-DD HH24:MI:SS.US", Some("%Y-%m-%d %H:%M:%S.%6f")),
            ("yyyy-mm-dd", Some("%Y-%m-%d")),
            (
                "YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"",
                Some("%Y-%m-%dT%H:%M:%S.%3fZ"),
            ),
            ("DD Mon YYYY, HH12:MI AM", Some("%d %b %Y, %I:%M %p")),
            ("IYYY-IW", Some("%G-%V")),
            ("%Y-%m", None),
            ("SSSS", None),
            ("Weekday", None),
            ("\"open", None),
            ("", Some("")),
        ] {
            assert_eq!(turned(pattern).as_deref(), expected, "{pattern}");
        }
    }
}
