//! Reading times by Go's layouts: `time.Parse` for what `toDate` is given.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::time_layout::{MONTHS, Piece, WEEKDAYS, pieces};
use super::{Time, Zone};

/// What has been read so far; absent parts are those of the year 0, as in Go.
struct Parts {
    year: i32,
    month: u32,
    day: u32,
    year_day: Option<u32>,
    hour: u32,
    minute: u32,
    second: u32,
    nanosecond: u32,
    pm: Option<bool>,
    offset_seconds: Option<i32>,
}

impl Time {
    /// Go's `time.Parse`; the zone is the one that the text names by offset, else UTC.
    pub fn parse(layout: &str, text: &str) -> Result<Self, String> {
        let fault = |at: &str| format!("parsing time {text:?} as {layout:?}: cannot parse {at:?}");
        let mut parts = Parts {
            year: 0,
            month: 1,
            day: 1,
            year_day: None,
            hour: 0,
            minute: 0,
            second: 0,
            nanosecond: 0,
            pm: None,
            offset_seconds: None,
        };
        let mut rest = text;
        for piece in pieces(layout) {
            rest = parts.read(piece, rest).ok_or_else(|| fault(rest))?;
        }
        if !rest.is_empty() {
            return Err(format!("parsing time {text:?}: extra text: {rest:?}"));
        }
        parts
            .time()
            .ok_or_else(|| format!("parsing time {text:?}: out of range"))
    }
}

impl Parts {
    /// Reads one piece and gives back what follows it.
    fn read<'t>(&mut self, piece: Piece<'_>, text: &'t str) -> Option<&'t str> {
        let (target, digits_min, digits_max) = match piece {
            Piece::Literal(literal) => return text.strip_prefix(literal),
            Piece::LongMonth | Piece::Month => {
                let (index, rest) = name(&MONTHS, text, piece == Piece::LongMonth)?;
                self.month = index + 1;
                return Some(rest);
            }
            Piece::LongWeekday | Piece::Weekday => {
                return Some(name(&WEEKDAYS, text, piece == Piece::LongWeekday)?.1);
            }
            Piece::UpperPm | Piece::LowerPm => return self.read_pm(text),
            Piece::ZoneName => return self.read_zone_name(text),
            Piece::Offset { utc_z, parts, colons } => return self.read_offset(text, utc_z, parts, colons),
            Piece::Fraction { separator, .. } => return self.read_fraction(text, separator),
            Piece::LongYear => return self.read_year(text, 4),
            Piece::Year => return self.read_year(text, 2),
            Piece::UnderYearDay | Piece::ZeroYearDay => {
                let (value, rest) = number(text.trim_start_matches(' '), 1, 3)?;
                self.year_day = Some(value);
                return Some(rest);
            }
            Piece::NumMonth => (&mut self.month, 1, 2),
            Piece::ZeroMonth => (&mut self.month, 2, 2),
            Piece::Day | Piece::UnderDay => (&mut self.day, 1, 2),
            Piece::ZeroDay => (&mut self.day, 2, 2),
            Piece::Hour | Piece::ZeroHour12 => (&mut self.hour, 2, 2),
            Piece::Hour12 => (&mut self.hour, 1, 2),
            Piece::Minute => (&mut self.minute, 1, 2),
            Piece::ZeroMinute => (&mut self.minute, 2, 2),
            Piece::Second => (&mut self.second, 1, 2),
            Piece::ZeroSecond => (&mut self.second, 2, 2),
        };
        let text = if piece == Piece::UnderDay {
            text.trim_start_matches(' ')
        } else {
            text
        };
        let (value, mut rest) = number(text, digits_min, digits_max)?;
        *target = value;
        // A fraction after the seconds is accepted even where the layout has none.
        if matches!(piece, Piece::Second | Piece::ZeroSecond) && rest.starts_with(['.', ',']) {
            rest = self.read_fraction(rest, if rest.starts_with('.') { '.' } else { ',' })?;
        }
        Some(rest)
    }

    fn read_year<'t>(&mut self, text: &'t str, digits: usize) -> Option<&'t str> {
        let (value, rest) = number(text, digits, digits)?;
        let year = i32::try_from(value).ok()?;
        self.year = match (digits, year) {
            (2, 69..) => 1900 + year,
            (2, _) => 2000 + year,
            _ => year,
        };
        Some(rest)
    }

    fn read_pm<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let (word, rest) = text.split_at_checked(2)?;
        self.pm = Some(match word {
            "PM" | "pm" => true,
            "AM" | "am" => false,
            _ => return None,
        });
        Some(rest)
    }

    fn read_zone_name<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let len = text.bytes().take_while(u8::is_ascii_uppercase).count();
        (3..=5).contains(&len).then(|| &text[len..])
    }

    fn read_offset<'t>(&mut self, text: &'t str, utc_z: bool, parts: u8, colons: bool) -> Option<&'t str> {
        if utc_z && let Some(rest) = text.strip_prefix('Z') {
            self.offset_seconds = Some(0);
            return Some(rest);
        }
        let sign = match text.as_bytes().first()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let mut rest = &text[1..];
        let mut seconds = 0;
        for (i, unit) in [3600, 60, 1].into_iter().take(usize::from(parts)).enumerate() {
            if i > 0 && colons {
                rest = rest.strip_prefix(':')?;
            }
            let (value, tail) = number(rest, 2, 2)?;
            seconds += i32::try_from(value).ok()? * unit;
            rest = tail;
        }
        self.offset_seconds = Some(sign * seconds);
        Some(rest)
    }

    /// A fraction may be missing, as with Go's `.999`.
    fn read_fraction<'t>(&mut self, text: &'t str, separator: char) -> Option<&'t str> {
        let Some(tail) = text.strip_prefix(separator) else {
            return Some(text);
        };
        let len = tail.bytes().take_while(u8::is_ascii_digit).count();
        if len == 0 {
            return None;
        }
        let digits: String = tail[..len]
            .chars()
            .chain(std::iter::repeat('0'))
            .take(9)
            .collect();
        self.nanosecond = digits.parse().ok()?;
        Some(&tail[len..])
    }

    fn time(self) -> Option<Time> {
        let hour = match self.pm {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let date = match self.year_day {
            Some(day) => NaiveDate::from_yo_opt(self.year, day)?,
            None => NaiveDate::from_ymd_opt(self.year, self.month, self.day)?,
        };
        debug_assert_eq!(date.year(), self.year);
        let clock = NaiveTime::from_hms_nano_opt(hour, self.minute, self.second, self.nanosecond)?;
        let offset_seconds = self.offset_seconds.unwrap_or(0);
        let local = NaiveDateTime::new(date, clock);
        let instant = local
            .checked_sub_signed(TimeDelta::seconds(i64::from(offset_seconds)))?
            .and_utc();
        let zone = if offset_seconds == 0 {
            Zone::Utc
        } else {
            Zone::Fixed(offset_seconds)
        };
        Some(Time { instant, zone })
    }
}

/// A number of some digits, and what follows it.
fn number(text: &str, digits_min: usize, digits_max: usize) -> Option<(u32, &str)> {
    let len = text
        .bytes()
        .take(digits_max)
        .take_while(u8::is_ascii_digit)
        .count();
    if len < digits_min {
        return None;
    }
    Some((text[..len].parse().ok()?, &text[len..]))
}

/// The index of a name, or of its first three letters, in any case.
fn name<'t>(names: &[&str], text: &'t str, long: bool) -> Option<(u32, &'t str)> {
    names.iter().zip(0..).find_map(|(name, index)| {
        let len = if long { name.len() } else { 3 };
        let (head, rest) = text.split_at_checked(len)?;
        head.eq_ignore_ascii_case(&name[..len]).then_some((index, rest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses() {
        let cases = [
            (
                "2006-01-02T15:04:05Z07:00",
                "2015-06-23T13:19:44Z",
                "2015-06-23 13:19:44 +0000 UTC",
            ),
            (
                "2006-01-02T15:04:05Z07:00",
                "2015-06-23T13:19:44.5+02:00",
                "2015-06-23 13:19:44.5 +0200 +0200",
            ),
            ("2006-01-02", "2015-06-23", "2015-06-23 00:00:00 +0000 UTC"),
            (
                "Jan _2 2006 3:04PM",
                "Jun  3 2015 1:09PM",
                "2015-06-03 13:09:00 +0000 UTC",
            ),
            ("02/Jan/06", "23/jun/15", "2015-06-23 00:00:00 +0000 UTC"),
        ];
        for (layout, text, expected) in cases {
            assert_eq!(
                Time::parse(layout, text).map(|t| t.to_go_string()),
                Ok(expected.to_owned()),
                "{text}"
            );
        }
        for (layout, text) in [
            ("2006-01-02", "2015-6-23"),
            ("2006-01-02", "2015-02-30"),
            ("2006", "2015x"),
        ] {
            assert!(Time::parse(layout, text).is_err(), "{text}");
        }
    }
}
