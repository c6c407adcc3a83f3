//! Parameters of a request, from its URL and, in a POST, from its form: read as Prometheus reads them
//! and refused in its words.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use engine_model::duration::parse_duration_ms;
use engine_model::labels::Quoted;
use engine_model::time::{TIME_MAX_MS, TIME_MIN_MS, parse_time_ms};
use engine_model::{MatchOp, Matcher};
use queries_promql::parser::parse_metric_selector;
use url::form_urlencoded;

use crate::envelope::ApiError;

/// Largest form that is read: what Go's form parser takes, and far more than any query needs.
const FORM_BYTES_MAX: usize = 10 << 20;
/// How the ends of time are written by those who print Prometheus's bounds.
const TIME_MIN_TEXT: &str = "-292273086-05-16T16:47:06Z";
const TIME_MAX_TEXT: &str = "292277025-08-18T07:12:54.999999999Z";

/// The parameters of a request: those of the form before those of the URL.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parameters {
    pairs: Vec<(String, String)>,
}

/// Whether the body is a form whose fields are parameters.
fn has_form(request: &Request) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let is_form = content_type
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| {
            kind.trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        });
    request.method() == Method::POST && is_form
}

async fn form_of(body: Body) -> Result<Bytes, Response> {
    to_bytes(body, FORM_BYTES_MAX)
        .await
        .map_err(|error| ApiError::bad_data(format!("error parsing form values: {error}")).into_response())
}

/// The parameters of a request that somebody else reads after this.
///
/// # Errors
/// The answer to a form that cannot be read.
pub(crate) async fn peek(request: Request) -> Result<(Parameters, Request), Response> {
    let is_form = has_form(&request);
    let (parts, mut body) = request.into_parts();
    let mut parameters = Parameters::default();
    if is_form {
        let form = form_of(body).await?;
        parameters.extend(&form);
        body = Body::from(form);
    }
    parameters.extend(parts.uri.query().unwrap_or_default().as_bytes());
    Ok((parameters, Request::from_parts(parts, body)))
}

impl<S: Send + Sync> FromRequest<S> for Parameters {
    type Rejection = Response;

    async fn from_request(request: Request, _: &S) -> Result<Self, Response> {
        peek(request).await.map(|(parameters, _)| parameters)
    }
}

impl Parameters {
    fn extend(&mut self, encoded: &[u8]) {
        self.pairs.extend(form_urlencoded::parse(encoded).into_owned());
    }

    /// The first value of `name`; empty when there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        let found = self.pairs.iter().find(|(n, _)| n == name);
        found.map(|(_, v)| v.as_str()).unwrap_or_default()
    }

    /// All values of `name`.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.pairs
            .iter()
            .filter(move |(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    /// A time that must be there, in ms since the epoch.
    pub(crate) fn required_time_ms(&self, name: &str) -> Result<i64, ApiError> {
        time_ms(self.get(name)).map_err(|why| ApiError::bad_parameter(name, why))
    }

    /// A time in ms since the epoch; `absent_ms` when it is not there.
    pub(crate) fn time_ms(&self, name: &str, absent_ms: i64) -> Result<i64, ApiError> {
        self.time_or(name, absent_ms)
            .map_err(|why| ApiError::bad_parameter(name, why))
    }

    /// The same with an error that does not say that it is about a parameter, as searches word it.
    pub(crate) fn time_ms_plain(&self, name: &str, absent_ms: i64) -> Result<i64, ApiError> {
        self.time_or(name, absent_ms).map_err(ApiError::bad_data)
    }

    fn time_or(&self, name: &str, absent_ms: i64) -> Result<i64, String> {
        match self.get(name) {
            "" => Ok(absent_ms),
            text => time_ms(text).map_err(|why| format!("invalid time value for '{name}': {why}")),
        }
    }

    /// The time range of a read: `start` and `end` in ms, all of time where they are not there.
    pub(crate) fn time_range_ms(&self) -> Result<(i64, i64), ApiError> {
        Ok((
            self.time_ms("start", TIME_MIN_MS)?,
            self.time_ms("end", TIME_MAX_MS)?,
        ))
    }

    /// Most results that are wanted; 0 means all.
    pub(crate) fn limit(&self) -> Result<usize, ApiError> {
        let text = self.get("limit");
        if text.is_empty() {
            return Ok(0);
        }
        let limit = integer(text, "strconv.Atoi").map_err(|why| ApiError::bad_parameter("limit", why))?;
        usize::try_from(limit).map_err(|_| ApiError::bad_parameter("limit", "limit must be non-negative"))
    }

    /// The selectors of `match[]`: a series is meant when one of them fits.
    pub(crate) fn selectors(&self) -> Result<Vec<Vec<Matcher>>, String> {
        self.all("match[]")
            .map(|text| {
                let matchers = parse_metric_selector(text).map_err(|error| error.to_string())?;
                if matchers.iter().all(|matcher| matcher.matches("")) {
                    return Err("match[] must contain at least one non-empty matcher".to_owned());
                }
                Ok(matchers)
            })
            .collect()
    }
}

/// A whole number as Go reads it; `function` is named in the error, as Go does.
pub(crate) fn integer(text: &str, function: &str) -> Result<i64, String> {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    text.parse::<i64>().map_err(|error| {
        let why = match error.kind() {
            PosOverflow | NegOverflow => "value out of range",
            _ => "invalid syntax",
        };
        format!("{function}: parsing {}: {why}", Quoted(text))
    })
}

/// Go's `strconv.ParseBool`.
pub(crate) fn go_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// A number as Go's `strconv.ParseFloat` reads it: underscores may stand between digits, and what is too large for a
/// float is none.
fn go_float(text: &str) -> Option<f64> {
    let separates = |at: usize| {
        let digit = |at: Option<usize>| {
            at.and_then(|at| text.as_bytes().get(at))
                .is_some_and(u8::is_ascii_digit)
        };
        digit(at.checked_sub(1)) && digit(at.checked_add(1))
    };
    let number: f64 = match text.contains('_') {
        false => text.parse().ok()?,
        true if text.match_indices('_').all(|(at, _)| separates(at)) => text.replace('_', "").parse().ok()?,
        true => return None,
    };
    let is_word = text.contains(['n', 'N']);
    (number.is_finite() || is_word).then_some(number)
}

/// Float seconds, RFC 3339, or one of the ends of time.
fn time_ms(text: &str) -> Result<i64, String> {
    let ms = match text {
        TIME_MIN_TEXT => Some(TIME_MIN_MS),
        TIME_MAX_TEXT => Some(TIME_MAX_MS),
        _ => match go_float(text) {
            Some(seconds) => ms_of(seconds),
            // Letters as Go wants them, and no blank between date and time.
            None => parse_time_ms(text).filter(|_| text.contains('T') && !text.contains(['z', ' '])),
        },
    };
    ms.ok_or_else(|| format!("cannot parse {} to a valid timestamp", Quoted(text)))
}

/// Milliseconds, unless they are beyond the range of times.
fn ms_of(seconds: f64) -> Option<i64> {
    let ms = (seconds * 1000.0).round();
    (ms >= TIME_MIN_MS as f64 && ms <= TIME_MAX_MS as f64).then_some(ms as i64)
}

/// Float seconds or Prometheus's text, in nanoseconds; what is no number is less than all of them, as in Go.
pub(crate) fn duration_ns(text: &str) -> Result<i64, String> {
    if let Some(seconds) = go_float(text) {
        let ns = seconds * 1e9;
        if ns.is_nan() {
            return Ok(i64::MIN);
        }
        if ns > i64::MAX as f64 || ns < i64::MIN as f64 {
            return Err(format!(
                "cannot parse {} to a valid duration. It overflows int64",
                Quoted(text)
            ));
        }
        return Ok(ns as i64);
    }
    parse_duration_ms(text)
        .map(|ms| ms * 1_000_000)
        .map_err(|_| format!("cannot parse {} to a valid duration", Quoted(text)))
}

/// The label name of a path: names that do not fit a path come as `U__` and hexadecimal code points.
pub(crate) fn unescape_name(name: &str) -> String {
    name.strip_prefix("U__")
        .and_then(unescape)
        .unwrap_or_else(|| name.to_owned())
}

fn unescape(escaped: &str) -> Option<String> {
    let mut out = String::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some(at) = rest.find('_') {
        out.push_str(&rest[..at]);
        let code = &rest[at + 1..];
        let end = code.find('_')?;
        let digits = &code[..end];
        match digits.len() {
            0 => out.push('_'),
            1..=5 if digits.bytes().all(|b| b.is_ascii_hexdigit()) => {
                out.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
            }
            _ => return None,
        }
        rest = &code[end + 1..];
    }
    out.push_str(rest);
    Some(out)
}

/// A matcher for series that have the label at all.
pub(crate) fn has_label(name: &str) -> Matcher {
    Matcher::new(MatchOp::NotEqual, name, "").expect("only regular expressions can be malformed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_form_that_was_peeked_at_is_still_there() {
        let request = Request::post("/q?timeout=9&a=1")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from("timeout=3&query=up"))
            .unwrap();
        let (seen, request) = peek(request).await.unwrap();
        assert_eq!(seen.get("timeout"), "3");
        let again = Parameters::from_request(request, &()).await.unwrap();
        assert_eq!((again.get("query"), again.get("a")), ("up", "1"));
    }

    #[test]
    fn names_of_paths() {
        for (escaped, name) in [
            ("job", "job"),
            ("U__a_2e_b", "a.b"),
            ("U__a__b", "a_b"),
            ("U___1F600_", "😀"),
            ("U__a_2e", "U__a_2e"),
            ("U__a_zz_", "U__a_zz_"),
            ("U__a_10FFFF_", "U__a_10FFFF_"),
            ("U__a_d800_", "U__a_d800_"),
        ] {
            assert_eq!(unescape_name(escaped), name);
        }
    }

    #[test]
    fn durations() {
        for (text, expected) in [
            ("15", Ok(15_000_000_000)),
            ("0.5", Ok(500_000_000)),
            ("1m30s", Ok(90_000_000_000)),
            ("-1", Ok(-1_000_000_000)),
            ("", Err("cannot parse \"\" to a valid duration")),
            ("1x", Err("cannot parse \"1x\" to a valid duration")),
            (
                "1e300",
                Err("cannot parse \"1e300\" to a valid duration. It overflows int64"),
            ),
            ("1e400", Err("cannot parse \"1e400\" to a valid duration")),
            ("NaN", Ok(i64::MIN)),
            ("1_0", Ok(10_000_000_000)),
            ("1__0", Err("cannot parse \"1__0\" to a valid duration")),
            ("_1", Err("cannot parse \"_1\" to a valid duration")),
        ] {
            assert_eq!(duration_ns(text), expected.map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn times() {
        assert_eq!(time_ms(TIME_MIN_TEXT), Ok(TIME_MIN_MS));
        assert_eq!(time_ms(TIME_MAX_TEXT), Ok(TIME_MAX_MS));
        for (text, expected) in [
            ("1_000.5", Some(1_000_500)),
            ("-5", Some(-5000)),
            ("2026-01-01T00:00:00+02:00", Some(1_767_218_400_000)),
            ("2026-01-01 00:00:00Z", None),
            ("2026-01-01t00:00:00Z", None),
            ("2026-01-01T00:00:00z", None),
            ("Inf", None),
            ("NaN", None),
            ("1e400", None),
        ] {
            assert_eq!(time_ms(text).ok(), expected, "{text}");
        }
        assert_eq!(
            time_ms("x\"").unwrap_err(),
            r#"cannot parse "x\"" to a valid timestamp"#
        );
    }

    #[test]
    fn integers_fail_as_in_go() {
        assert_eq!(integer("7", "strconv.Atoi"), Ok(7));
        assert_eq!(
            integer("x", "strconv.Atoi").unwrap_err(),
            "strconv.Atoi: parsing \"x\": invalid syntax"
        );
        assert_eq!(
            integer("99999999999999999999", "strconv.ParseInt").unwrap_err(),
            "strconv.ParseInt: parsing \"99999999999999999999\": value out of range"
        );
    }
}
