//! Parts of a date, in UTC, of seconds since the epoch. The calendar is Gregorian for all times, and times
//! that are no 64-bit number of seconds (NaN, infinities) read as the least such number, as in Prometheus.

/// Seconds from the first instant that Go's calendar can count from (in the year −292277022399) to the epoch.
const GO_CALENDAR: i128 = 9_223_372_028_715_321_600;

const DAY_SECONDS: i64 = 86_400;

/// A day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Date {
    year: i64,
    /// From 1.
    month: i64,
    /// Of the month, from 1.
    day: i64,
}

/// Days since the epoch, and seconds of the day.
fn split(seconds: f64) -> (i64, i64) {
    // The upper bound rounds up to 2^63 as a float.
    let whole = if (i64::MIN as f64..i64::MAX as f64).contains(&seconds) {
        seconds as i64
    } else {
        i64::MIN
    };
    // Go counts from the start of its calendar in 64 bits without a sign: the first times wrap to its end.
    let counted = (i128::from(whole) + GO_CALENDAR).rem_euclid(1 << 64) - GO_CALENDAR;
    let day = i128::from(DAY_SECONDS);
    (counted.div_euclid(day) as i64, counted.rem_euclid(day) as i64)
}

/// The date of a day since the epoch, by eras of 400 years that begin in March.
fn date(days: i64) -> Date {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let years = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * years + years / 4 - years / 100);
    let month = (5 * of_year + 2) / 153;
    let (month, day) = (
        if month < 10 { month + 3 } else { month - 9 },
        of_year - (153 * month + 2) / 5 + 1,
    );
    Date {
        year: years + era * 400 + i64::from(month <= 2),
        month,
        day,
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn month_length(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

pub(super) fn minute(seconds: f64) -> f64 {
    (split(seconds).1 / 60 % 60) as f64
}

pub(super) fn hour(seconds: f64) -> f64 {
    (split(seconds).1 / 3600) as f64
}

pub(super) fn day_of_month(seconds: f64) -> f64 {
    date(split(seconds).0).day as f64
}

/// Sunday is 0; the epoch was a Thursday.
pub(super) fn day_of_week(seconds: f64) -> f64 {
    (split(seconds).0 + 4).rem_euclid(7) as f64
}

pub(super) fn day_of_year(seconds: f64) -> f64 {
    let Date { year, month, day } = date(split(seconds).0);
    let before: i64 = (1..month).map(|month| month_length(year, month)).sum();
    (before + day) as f64
}

pub(super) fn days_in_month(seconds: f64) -> f64 {
    let Date { year, month, .. } = date(split(seconds).0);
    month_length(year, month) as f64
}

pub(super) fn month(seconds: f64) -> f64 {
    date(split(seconds).0).month as f64
}

pub(super) fn year(seconds: f64) -> f64 {
    date(split(seconds).0).year as f64
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

    #[test]
    fn of_far_times_and_no_times() {
        for (seconds, expected) in [
            (-1.0, 1969.0),
            (-62_135_596_800.0, 1.0),
            (253_402_300_800.0, 10_000.0),
            (1e12, 33_658.0),
            (-1e12, -29_719.0),
            (1e18, 31_688_740_476.0),
            (f64::NAN, 292_277_026_596.0),
            (f64::NEG_INFINITY, 292_277_026_596.0),
            (9.3e18, 292_277_026_596.0),
        ] {
            assert_eq!(year(seconds), expected, "{seconds}");
        }
        assert_eq!((month(-1.0), day_of_month(-1.0), hour(-1.0)), (12.0, 31.0, 23.0));
    }
}
