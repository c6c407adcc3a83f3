//! Numbers for people: Prometheus's humanize family, with four significant digits.

use chrono::DateTime;

use crate::error::FunctionError;
use crate::format::{format_float, to_text};
use crate::value::{Time, Value, Zone};

const SMALL: [&str; 8] = ["m", "u", "n", "p", "f", "a", "z", "y"];
const LARGE: [&str; 8] = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
const LARGE_1024: [&str; 8] = ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];

/// `%.4g`
fn short(value: f64) -> String {
    format_float(value, 'g', Some(4))
}

/// Divides until the value is below `step`; the prefix that belongs to it.
fn scaled_down(mut value: f64, step: f64, prefixes: &[&'static str]) -> (f64, &'static str) {
    let mut chosen = "";
    for prefix in prefixes {
        if value.abs() < step {
            break;
        }
        chosen = prefix;
        value /= step;
    }
    (value, chosen)
}

/// Multiplies until the value is 1 or more; the prefix that belongs to it.
fn scaled_up(mut value: f64) -> (f64, &'static str) {
    let mut chosen = "";
    for prefix in SMALL {
        if value.abs() >= 1.0 {
            break;
        }
        chosen = prefix;
        value *= 1000.0;
    }
    (value, chosen)
}

/// `1234567` is `1.235M`.
pub(super) fn humanize(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return short(value);
    }
    let (value, prefix) = if value.abs() >= 1.0 {
        scaled_down(value, 1000.0, &LARGE)
    } else {
        scaled_up(value)
    };
    format!("{}{prefix}", short(value))
}

/// `1048576` is `1Mi`.
pub(super) fn humanize_1024(value: f64) -> String {
    if value.abs() <= 1.0 || !value.is_finite() {
        return short(value);
    }
    let (value, prefix) = scaled_down(value, 1024.0, &LARGE_1024);
    format!("{}{prefix}", short(value))
}

/// Seconds: `3661` is `1h 1m 1s`.
pub(super) fn humanize_duration(value: f64) -> String {
    if !value.is_finite() {
        return short(value);
    }
    if value == 0.0 {
        return format!("{}s", short(value));
    }
    if value.abs() < 1.0 {
        let (value, prefix) = scaled_up(value);
        return format!("{}{prefix}s", short(value));
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let value = value.abs();
    let whole = value as i64;
    let (days, hours, minutes, seconds) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60, whole % 60);
    if days != 0 {
        return format!("{sign}{days}d {hours}h {minutes}m {seconds}s");
    }
    if hours != 0 {
        return format!("{sign}{hours}h {minutes}m {seconds}s");
    }
    if minutes != 0 {
        return format!("{sign}{minutes}m {seconds}s");
    }
    format!("{sign}{}s", short(value))
}

/// `0.1234` is `12.34%`.
pub(super) fn humanize_percentage(value: f64) -> String {
    format!("{}%", short(value * 100.0))
}

/// Seconds since the epoch as a time in UTC, to the millisecond.
pub(super) fn to_time(value: f64) -> Result<Time, FunctionError> {
    if !value.is_finite() {
        return Err(FunctionError::failed("value is NaN or Inf"));
    }
    let nanoseconds = value * 1e9;
    // The bounds as Go compares them: as floats, where the upper one is 2^63 itself.
    if nanoseconds > i64::MAX as f64 || nanoseconds < i64::MIN as f64 {
        return Err(FunctionError::Failed(format!(
            "{} cannot be represented as a nanoseconds timestamp since it overflows int64",
            to_text(&Value::Float(value))
        )));
    }
    let milliseconds = nanoseconds as i64 / 1_000_000;
    let instant = DateTime::from_timestamp_millis(milliseconds);
    let instant = instant.ok_or_else(|| FunctionError::failed("time out of range"))?;
    Ok(Time {
        instant,
        zone: Zone::Utc,
    })
}

/// `1435065584.128` is `2015-06-23 13:19:44.128 +0000 UTC`.
pub(super) fn humanize_timestamp(value: f64) -> Result<String, FunctionError> {
    if !value.is_finite() {
        return Ok(short(value));
    }
    Ok(to_time(value)?.to_go_string())
}
