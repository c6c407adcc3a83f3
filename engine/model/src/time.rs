//! Instants are milliseconds since the epoch (i64). RFC 3339 and Prometheus's float seconds, both ways.

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat, TimeZone, Utc};

/// Oldest instant that Prometheus's API accepts, in ms: what an absent `start` means.
pub const TIME_MIN_MS: i64 = -9_223_309_901_257_974_000;
/// Newest instant that Prometheus's API accepts, in ms: what an absent `end` means.
pub const TIME_MAX_MS: i64 = 9_223_309_901_257_974_000;

/// The wall clock, in ms since the epoch.
pub fn now_ms() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(elapsed) => elapsed.as_millis() as i64,
        Err(before) => -(before.duration().as_millis() as i64),
    }
}

/// Reads float unix seconds (rounded to ms) or RFC 3339.
pub fn parse_time_ms(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<f64>() {
        let ms = (seconds * 1000.0).round();
        return (ms.is_finite() && ms.abs() < 9.3e18).then_some(ms as i64);
    }
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|t| t.timestamp_millis())
}

/// `2026-01-02T03:04:05.678Z`; instants beyond year 262000 print as ms.
pub fn format_rfc3339_ms(ms: i64) -> String {
    match Utc.timestamp_millis_opt(ms).single() {
        Some(time) => time.to_rfc3339_opts(SecondsFormat::Millis, true),
        None => format!("{ms}ms"),
    }
}

/// Appends float seconds with at most three decimals and no trailing zeros: `1435781430.781`.
pub fn write_seconds(out: &mut String, ms: i64) {
    let magnitude = ms.unsigned_abs();
    if ms < 0 {
        out.push('-');
    }
    let (seconds, fraction) = (magnitude / 1000, magnitude % 1000);
    out.push_str(itoa::Buffer::new().format(seconds));
    let written = match fraction {
        0 => return,
        f if f % 100 == 0 => write!(out, ".{}", f / 100),
        f if f % 10 == 0 => write!(out, ".{:02}", f / 10),
        f => write!(out, ".{f:03}"),
    };
    written.expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms() {
        for (text, ms) in [
            ("1435781430.781", 1_435_781_430_781),
            ("0", 0),
            ("-1.5", -1500),
            ("2015-07-01T20:10:30.781Z", 1_435_781_430_781),
            ("2015-07-01T22:10:30+02:00", 1_435_781_430_000),
        ] {
            assert_eq!(parse_time_ms(text), Some(ms), "{text}");
        }
        for text in ["", "now", "2015-07-01", "NaN", "Inf"] {
            assert_eq!(parse_time_ms(text), None, "{text}");
        }
    }

    #[test]
    fn prints_seconds() {
        for (ms, text) in [
            (0, "0"),
            (1000, "1"),
            (1100, "1.1"),
            (1120, "1.12"),
            (1123, "1.123"),
            (1003, "1.003"),
            (-1500, "-1.5"),
        ] {
            let mut out = String::new();
            write_seconds(&mut out, ms);
            assert_eq!(out, text);
        }
        assert_eq!(format_rfc3339_ms(1_435_781_430_781), "2015-07-01T20:10:30.781Z");
    }
}
