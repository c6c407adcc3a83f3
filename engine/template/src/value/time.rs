//! `time.Time` and `time.Duration`: an instant with a zone, nanoseconds with Go's notation.

use chrono::{DateTime, FixedOffset, Offset, TimeZone, Utc};
use chrono_tz::{OffsetName, Tz};

use crate::format::pad_number;

/// An instant and the zone it is shown in.
#[derive(Debug, Clone, Copy)]
pub struct Time {
    /// The instant.
    pub instant: DateTime<Utc>,
    /// The zone it is shown in.
    pub zone: Zone,
}

/// A time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// UTC.
    Utc,
    /// A zone of the IANA database.
    Named(Tz),
    /// A fixed offset east of UTC, in seconds.
    Fixed(i32),
}

impl Time {
    /// A time in UTC from milliseconds since the epoch; `None` beyond the year 262,000.
    pub fn from_unix_ms(unix_ms: i64) -> Option<Self> {
        Some(Self {
            instant: DateTime::from_timestamp_millis(unix_ms)?,
            zone: Zone::Utc,
        })
    }

    /// Go's zero time, which `IsZero` recognises.
    pub fn zero() -> Self {
        let instant = Utc
            .with_ymd_and_hms(1, 1, 1, 0, 0, 0)
            .single()
            .expect("a valid date");
        Self {
            instant,
            zone: Zone::Utc,
        }
    }

    /// Milliseconds since the epoch.
    pub fn unix_ms(&self) -> i64 {
        self.instant.timestamp_millis()
    }

    /// The clock on the wall in the zone, with its offset.
    pub(crate) fn local(&self) -> DateTime<FixedOffset> {
        let offset = match self.zone {
            Zone::Utc => Utc.fix(),
            Zone::Named(zone) => zone.offset_from_utc_datetime(&self.instant.naive_utc()).fix(),
            Zone::Fixed(seconds) => FixedOffset::east_opt(seconds).unwrap_or_else(|| Utc.fix()),
        };
        self.instant.with_timezone(&offset)
    }

    /// The zone's abbreviation at the instant (`CEST`), or its offset where it has none.
    pub(crate) fn zone_name(&self) -> String {
        match self.zone {
            Zone::Utc => "UTC".to_owned(),
            Zone::Named(zone) => {
                let offset = zone.offset_from_utc_datetime(&self.instant.naive_utc());
                offset
                    .abbreviation()
                    .map_or_else(|| self.offset_text(""), str::to_owned)
            }
            Zone::Fixed(_) => self.offset_text(""),
        }
    }

    /// The offset as `+0200` or, with a separator, `+02:00`.
    pub(crate) fn offset_text(&self, separator: &str) -> String {
        let seconds = self.local().offset().local_minus_utc();
        let sign = if seconds < 0 { '-' } else { '+' };
        let minutes = seconds.abs() / 60;
        format!("{sign}{:02}{separator}{:02}", minutes / 60, minutes % 60)
    }
}

/// Appends a duration as Go prints it: `1h2m3.5s`, `1.5ms`, `0s`.
pub(crate) fn write_duration(out: &mut String, nanoseconds: i64) {
    let total = nanoseconds.unsigned_abs();
    if nanoseconds < 0 {
        out.push('-');
    }
    match total {
        0 => out.push_str("0s"),
        1..1_000 => out.push_str(&format!("{total}ns")),
        1_000..1_000_000 => write_fraction(out, total, 1_000, "µs"),
        1_000_000..1_000_000_000 => write_fraction(out, total, 1_000_000, "ms"),
        _ => {
            let seconds = total / 1_000_000_000;
            let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
            if hours > 0 {
                out.push_str(&format!("{hours}h"));
            }
            if seconds >= 60 {
                out.push_str(&format!("{minutes}m"));
            }
            write_fraction(out, total % 60_000_000_000, 1_000_000_000, "s");
        }
    }
}

/// Appends `value / unit` with as many decimals as it needs.
fn write_fraction(out: &mut String, value: u64, unit: u64, name: &str) {
    out.push_str(&(value / unit).to_string());
    let digits = pad_number(value % unit, unit.ilog10() as usize);
    let digits = digits.trim_end_matches('0');
    if !digits.is_empty() {
        out.push('.');
        out.push_str(digits);
    }
    out.push_str(name);
}
