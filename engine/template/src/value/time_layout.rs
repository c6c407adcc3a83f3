//! Go's time layouts, `Mon Jan 2 15:04:05 MST 2006`, cut into pieces and written out.

use chrono::{Datelike, Timelike};

use super::Time;
use crate::format::pad_number;

/// English month names; Go knows no others.
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Weekday names from Sunday, as Go counts them.
pub(super) const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// One piece of a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Literal(&'a str),
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperPm,
    LowerPm,
    ZoneName,
    /// `Z07:00` (`utc_z`) or `-07:00`; how many of hours, minutes, seconds.
    Offset {
        utc_z: bool,
        parts: u8,
        colons: bool,
    },
    /// `.000` (`trim` false) or `.999`: that many digits after the separator.
    Fraction {
        digits: usize,
        trim: bool,
        separator: char,
    },
}

/// Elements that need no look-ahead, longer ones before their beginnings.
const ELEMENTS: [(&str, Piece<'static>); 20] = [
    ("January", Piece::LongMonth),
    ("Monday", Piece::LongWeekday),
    ("MST", Piece::ZoneName),
    ("002", Piece::ZeroYearDay),
    ("01", Piece::ZeroMonth),
    ("02", Piece::ZeroDay),
    ("03", Piece::ZeroHour12),
    ("04", Piece::ZeroMinute),
    ("05", Piece::ZeroSecond),
    ("06", Piece::Year),
    ("15", Piece::Hour),
    ("1", Piece::NumMonth),
    ("2006", Piece::LongYear),
    ("2", Piece::Day),
    ("3", Piece::Hour12),
    ("4", Piece::Minute),
    ("5", Piece::Second),
    ("PM", Piece::UpperPm),
    ("pm", Piece::LowerPm),
    ("__2", Piece::UnderYearDay),
];

/// Zone offsets after their first character, `-` or `Z`.
const OFFSETS: [(&str, u8, bool); 5] = [
    ("07:00:00", 3, true),
    ("07:00", 2, true),
    ("070000", 3, false),
    ("0700", 2, false),
    ("07", 1, false),
];

/// The pieces of a layout.
pub(super) fn pieces(layout: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut literal_start = 0;
    let mut at = 0;
    while at < layout.len() {
        let Some((piece, len)) = element(&layout[at..]) else {
            at += layout[at..].chars().next().map_or(1, char::len_utf8);
            continue;
        };
        if literal_start < at {
            pieces.push(Piece::Literal(&layout[literal_start..at]));
        }
        pieces.push(piece);
        at += len;
        literal_start = at;
    }
    if literal_start < layout.len() {
        pieces.push(Piece::Literal(&layout[literal_start..]));
    }
    pieces
}

/// The element at the start of the text, and its length.
fn element(rest: &str) -> Option<(Piece<'_>, usize)> {
    if let Some((text, piece)) = ELEMENTS.iter().find(|(text, _)| rest.starts_with(text)) {
        return Some((*piece, text.len()));
    }
    let starts_word = |len: usize| rest[len..].starts_with(|c: char| c.is_ascii_lowercase());
    match rest.as_bytes() {
        [b'J', b'a', b'n', ..] if !starts_word(3) => Some((Piece::Month, 3)),
        [b'M', b'o', b'n', ..] if !starts_word(3) => Some((Piece::Weekday, 3)),
        // `_2006` is an underscore and a year.
        [b'_', b'2', b'0', b'0', b'6', ..] => None,
        [b'_', b'2', ..] => Some((Piece::UnderDay, 2)),
        [first @ (b'-' | b'Z'), ..] => {
            let (text, parts, colons) = OFFSETS.iter().find(|(text, ..)| rest[1..].starts_with(text))?;
            let piece = Piece::Offset {
                utc_z: *first == b'Z',
                parts: *parts,
                colons: *colons,
            };
            Some((piece, 1 + text.len()))
        }
        [separator @ (b'.' | b','), digit @ (b'0' | b'9'), ..] => {
            let digits = rest[1..].bytes().take_while(|b| b == digit).count();
            if rest[1 + digits..].starts_with(|c: char| c.is_ascii_digit()) {
                return None;
            }
            let separator = char::from(*separator);
            Some((
                Piece::Fraction {
                    digits,
                    trim: *digit == b'9',
                    separator,
                },
                1 + digits,
            ))
        }
        _ => None,
    }
}

impl Time {
    /// Go's `Time.Format`.
    pub fn format(&self, layout: &str) -> String {
        let mut out = String::new();
        for piece in pieces(layout) {
            self.write_piece(&mut out, piece);
        }
        out
    }

    /// Go's `Time.String`, without the monotonic clock: `2006-01-02 15:04:05.999999999 -0700 MST`.
    pub fn to_go_string(&self) -> String {
        self.format("2006-01-02 15:04:05.999999999 -0700 MST")
    }

    fn write_piece(&self, out: &mut String, piece: Piece<'_>) {
        let local = self.local();
        let hour12 = local.hour12().1;
        let month = MONTHS[local.month0() as usize];
        let weekday = WEEKDAYS[local.weekday().num_days_from_sunday() as usize];
        let zero2 = |number: u32| pad_number(u64::from(number), 2);
        let text = match piece {
            Piece::Literal(text) => text.to_owned(),
            Piece::LongMonth => month.to_owned(),
            Piece::Month => month[..3].to_owned(),
            Piece::NumMonth => local.month().to_string(),
            Piece::ZeroMonth => zero2(local.month()),
            Piece::LongWeekday => weekday.to_owned(),
            Piece::Weekday => weekday[..3].to_owned(),
            Piece::Day => local.day().to_string(),
            Piece::UnderDay => format!("{:>2}", local.day()),
            Piece::ZeroDay => zero2(local.day()),
            Piece::UnderYearDay => format!("{:>3}", local.ordinal()),
            Piece::ZeroYearDay => pad_number(u64::from(local.ordinal()), 3),
            Piece::Hour => zero2(local.hour()),
            Piece::Hour12 => hour12.to_string(),
            Piece::ZeroHour12 => zero2(hour12),
            Piece::Minute => local.minute().to_string(),
            Piece::ZeroMinute => zero2(local.minute()),
            Piece::Second => local.second().to_string(),
            Piece::ZeroSecond => zero2(local.second()),
            Piece::LongYear if local.year() < 0 => format!("-{:04}", local.year().unsigned_abs()),
            Piece::LongYear => format!("{:04}", local.year()),
            Piece::Year => zero2(local.year().rem_euclid(100).unsigned_abs()),
            Piece::UpperPm => (if local.hour() >= 12 { "PM" } else { "AM" }).to_owned(),
            Piece::LowerPm => (if local.hour() >= 12 { "pm" } else { "am" }).to_owned(),
            Piece::ZoneName => self.zone_name(),
            Piece::Offset { utc_z, parts, colons } => self.offset(utc_z, parts, colons),
            Piece::Fraction {
                digits,
                trim,
                separator,
            } => fraction(self.instant.timestamp_subsec_nanos(), digits, trim, separator),
        };
        out.push_str(&text);
    }

    fn offset(&self, utc_z: bool, parts: u8, colons: bool) -> String {
        let seconds = self.local().offset().local_minus_utc();
        if utc_z && seconds == 0 {
            return "Z".to_owned();
        }
        let text = self.offset_text(if colons { ":" } else { "" });
        match parts {
            1 => text[..3].to_owned(),
            2 => text,
            _ => format!("{text}{}{:02}", if colons { ":" } else { "" }, seconds.abs() % 60),
        }
    }
}

/// The digits after the second's separator; `trim` drops zeros at the end, and the separator with them.
fn fraction(nanoseconds: u32, digits: usize, trim: bool, separator: char) -> String {
    let all = pad_number(u64::from(nanoseconds % 1_000_000_000), 9);
    let shown: String = all.chars().chain(std::iter::repeat('0')).take(digits).collect();
    let shown = if trim { shown.trim_end_matches('0') } else { &shown };
    if shown.is_empty() {
        String::new()
    } else {
        format!("{separator}{shown}")
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::value::Zone;

    #[test]
    fn formats() {
        let instant = DateTime::from_timestamp(1_435_065_584, 128_000_000).expect("valid");
        let utc = Time {
            instant,
            zone: Zone::Utc,
        };
        let berlin = Time {
            instant,
            zone: Zone::Named(chrono_tz::Europe::Berlin),
        };
        let cases = [
            (
                "2006-01-02T15:04:05Z07:00",
                "2015-06-23T13:19:44Z",
                "2015-06-23T15:19:44+02:00",
            ),
            (
                "Mon, 02 Jan 2006 15:04:05 MST",
                "Tue, 23 Jun 2015 13:19:44 UTC",
                "Tue, 23 Jun 2015 15:19:44 CEST",
            ),
            (
                "Monday January 2 3:4:5 PM '06",
                "Tuesday June 23 1:19:44 PM '15",
                "Tuesday June 23 3:19:44 PM '15",
            ),
            (
                "15:04:05.000 .99 .0000",
                "13:19:44.128 .12 .1280",
                "15:19:44.128 .12 .1280",
            ),
            (
                "_2 002 __2 1/2 -0700 -07 Z0700",
                "23 174 174 6/23 +0000 +00 Z",
                "23 174 174 6/23 +0200 +02 +0200",
            ),
            ("Janet Month _2006", "Janet Month _2015", "Janet Month _2015"),
            ("", "", ""),
            ("at é 2006", "at é 2015", "at é 2015"),
        ];
        for (layout, in_utc, in_berlin) in cases {
            assert_eq!(utc.format(layout), in_utc, "{layout}");
            assert_eq!(berlin.format(layout), in_berlin, "{layout}");
        }
        assert_eq!(utc.to_go_string(), "2015-06-23 13:19:44.128 +0000 UTC");
        assert_eq!(Time::zero().to_go_string(), "0001-01-01 00:00:00 +0000 UTC");
    }
}
