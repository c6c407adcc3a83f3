//! The methods of `time.Time` and `time.Duration` that templates use.

use chrono::{DateTime, Datelike, SubsecRound, TimeDelta, Timelike};

use super::time_layout::{MONTHS, WEEKDAYS};
use super::{Time, Value, Zone, write_duration};
use crate::error::FunctionError;

type Outcome = Option<Result<Value, FunctionError>>;

/// Calls a method of `time.Time`; `None` when there is none of that name.
pub(crate) fn time_method(time: &Time, name: &str, args: &[Value]) -> Outcome {
    let local = time.local();
    let usage = |want: &str| {
        let got: Vec<_> = args.iter().map(Value::type_name).collect();
        Some(Err(FunctionError::Usage(format!(
            "{name} takes ({want}), got ({})",
            got.join(", ")
        ))))
    };
    let value = match (name, args) {
        ("Format", [Value::String(layout)]) => time.format(layout).into(),
        ("Format", _) => return usage("string"),
        ("Add", [Value::Duration(ns)]) => shifted(time, *ns)?,
        ("Add", [Value::Int(ns)]) => shifted(time, *ns)?,
        ("Add" | "Truncate" | "Round", []) => return usage("time.Duration"),
        ("Sub", [Value::Time(other)]) => Value::Duration(difference_ns(time, other)),
        ("Before", [Value::Time(other)]) => Value::Bool(time.instant < other.instant),
        ("After", [Value::Time(other)]) => Value::Bool(time.instant > other.instant),
        ("Equal", [Value::Time(other)]) => Value::Bool(time.instant == other.instant),
        ("Sub" | "Before" | "After" | "Equal", _) => return usage("time.Time"),
        ("AddDate", [Value::Int(years), Value::Int(months), Value::Int(days)]) => {
            added_date(time, *years, *months, *days)?
        }
        ("AddDate", _) => return usage("int, int, int"),
        (_, [_, ..]) => return usage(""),
        ("Unix", _) => Value::Int(time.instant.timestamp()),
        ("UnixMilli", _) => Value::Int(time.instant.timestamp_millis()),
        ("UnixMicro", _) => Value::Int(time.instant.timestamp_micros()),
        ("UnixNano", _) => Value::Int(time.instant.timestamp_nanos_opt().unwrap_or(0)),
        ("Year", _) => Value::Int(local.year().into()),
        ("Month", _) => Value::string(MONTHS[local.month0() as usize]),
        ("Day", _) => Value::Int(local.day().into()),
        ("Hour", _) => Value::Int(local.hour().into()),
        ("Minute", _) => Value::Int(local.minute().into()),
        ("Second", _) => Value::Int(local.second().into()),
        ("Nanosecond", _) => Value::Int(time.instant.timestamp_subsec_nanos().into()),
        ("Weekday", _) => Value::string(WEEKDAYS[local.weekday().num_days_from_sunday() as usize]),
        ("YearDay", _) => Value::Int(local.ordinal().into()),
        ("IsZero", _) => Value::Bool(time.instant == Time::zero().instant),
        ("UTC" | "Local", _) => Value::Time(Time {
            instant: time.instant,
            zone: Zone::Utc,
        }),
        ("String", _) => time.to_go_string().into(),
        _ => return None,
    };
    Some(Ok(value))
}

/// Calls a method of `time.Duration`; `None` when there is none of that name.
pub(crate) fn duration_method(ns: i64, name: &str, args: &[Value]) -> Outcome {
    let rounding = match args {
        [Value::Duration(unit)] | [Value::Int(unit)] => Some(*unit),
        _ => None,
    };
    let value = match (name, rounding) {
        ("Hours", None) => Value::Float(ns as f64 / 3.6e12),
        ("Minutes", None) => Value::Float(ns as f64 / 6e10),
        ("Seconds", None) => Value::Float(ns as f64 / 1e9),
        ("Milliseconds", None) => Value::Int(ns / 1_000_000),
        ("Microseconds", None) => Value::Int(ns / 1_000),
        ("Nanoseconds", None) => Value::Int(ns),
        ("Abs", None) => Value::Duration(ns.saturating_abs()),
        ("Truncate", Some(unit)) => Value::Duration(if unit <= 0 { ns } else { ns - ns % unit }),
        ("Round", Some(unit)) => Value::Duration(rounded(ns, unit)),
        ("String", None) => {
            let mut out = String::new();
            write_duration(&mut out, ns);
            out.into()
        }
        _ => return None,
    };
    Some(Ok(value))
}

/// Nanoseconds from one time to another, held within 292 years as Go does.
pub(crate) fn difference_ns(later: &Time, earlier: &Time) -> i64 {
    let delta = later.instant - earlier.instant;
    let limit = if delta < TimeDelta::zero() {
        i64::MIN
    } else {
        i64::MAX
    };
    delta.num_nanoseconds().unwrap_or(limit)
}

fn shifted(time: &Time, ns: i64) -> Option<Value> {
    let instant = time.instant.checked_add_signed(TimeDelta::nanoseconds(ns))?;
    Some(Value::Time(Time { instant, ..*time }))
}

/// Years and months first, then days, each normalised as Go's `AddDate` does (31 April is 1 May).
fn added_date(time: &Time, years: i64, months: i64, days: i64) -> Option<Value> {
    let local = time.local();
    let month_index = i64::from(local.year()) * 12 + i64::from(local.month0()) + years.checked_mul(12)?;
    let month_index = month_index.checked_add(months)?;
    let year = i32::try_from(month_index.div_euclid(12)).ok()?;
    let month = u32::try_from(month_index.rem_euclid(12)).ok()? + 1;
    let first = chrono::NaiveDate::from_ymd_opt(year, month, 1)?;
    let days = days.checked_add(i64::from(local.day()) - 1)?;
    let date = first.checked_add_signed(TimeDelta::try_days(days)?)?;
    let naive = date.and_time(local.time().trunc_subsecs(9));
    let offset = TimeDelta::seconds(i64::from(local.offset().local_minus_utc()));
    let instant: DateTime<chrono::Utc> = naive.checked_sub_signed(offset)?.and_utc();
    Some(Value::Time(Time { instant, ..*time }))
}

/// To the nearest multiple, halves away from zero.
fn rounded(ns: i64, unit: i64) -> i64 {
    if unit <= 0 {
        return ns;
    }
    let rest = (ns % unit).abs();
    let down = ns - ns % unit;
    let away = if ns < 0 {
        down.saturating_sub(unit)
    } else {
        down.saturating_add(unit)
    };
    if rest.saturating_mul(2) < unit { down } else { away }
}
