//! Parts of a date, in UTC, of seconds since the epoch.

use chrono::{DateTime, Datelike, Timelike, Utc};

/// The instant of whole seconds; none for times that no calendar has (NaN, infinities, far away).
fn date(seconds: f64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds as i64, 0)
}

fn part(seconds: f64, part: impl Fn(DateTime<Utc>) -> f64) -> f64 {
    date(seconds).map_or(f64::NAN, part)
}

pub(super) fn minute(seconds: f64) -> f64 {
    part(seconds, |date| f64::from(date.minute()))
}

pub(super) fn hour(seconds: f64) -> f64 {
    part(seconds, |date| f64::from(date.hour()))
}

pub(super) fn day_of_month(seconds: f64) -> f64 {
    part(seconds, |date| f64::from(date.day()))
}

/// Sunday is 0.
pub(super) fn day_of_week(seconds: f64) -> f64 {
    part(seconds, |date| f64::from(date.weekday().num_days_from_sunday()))
}

pub(super) fn day_of_year(seconds: f64) -> f64 {
    part(seconds, |date| f64::from(date.ordinal()))
}

pub(super) fn days_in_month(seconds: f64) -> f64 {
    part(seconds, |date| f64::from(date.num_days_in_month()))
}

pub(super) fn month(seconds: f64) -> f64 {
    part(seconds, |date| f64::from(date.month()))
}

pub(super) fn year(seconds: f64) -> f64 {
    part(seconds, |date| f64::from(date.year()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_leap_day() {
        let leap_day = 1_709_208_000.0 + 0.9;
        assert_eq!(
            (year(leap_day), month(leap_day), day_of_month(leap_day)),
            (2024.0, 2.0, 29.0)
        );
        assert_eq!(
            (
                day_of_week(leap_day),
                day_of_year(leap_day),
                days_in_month(leap_day)
            ),
            (4.0, 60.0, 29.0)
        );
        assert_eq!((hour(leap_day), minute(leap_day)), (12.0, 0.0));
    }
}
