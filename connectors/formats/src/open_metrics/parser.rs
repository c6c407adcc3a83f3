//! The walk over the bytes: one event a line, no allocation, label strings left alone.

use std::cell::RefCell;

use super::created::CreatedLines;
use crate::exposition::error::excerpt;
use crate::exposition::float::{parse_value, short_decimal};
use crate::exposition::scan::{excerpt_at, is_name_start, line_end, skip_label_set, skip_name, skip_quoted};
use crate::exposition::{MetricType, ParseError, Place, Reason};

/// One line's content.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Event<'a> {
    /// `series`, value, timestamp in ms, and whether the series is the one that was guessed.
    Sample {
        series: &'a [u8],
        value: f64,
        timestamp: Option<i64>,
        guessed: bool,
    },
    Type {
        name: &'a [u8],
        metric_type: MetricType,
    },
    /// Escapes not resolved.
    Help {
        name: &'a [u8],
        text: &'a str,
    },
    Unit {
        name: &'a [u8],
        unit: &'a [u8],
    },
}

/// An exemplar whose labels are not read yet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RawExemplar<'a> {
    /// Its label set, braces included.
    pub(crate) labels: &'a [u8],
    pub(crate) value: f64,
    /// Milliseconds since the epoch.
    pub(crate) timestamp: Option<i64>,
}

/// Walks OpenMetrics text. After an error or the end it only yields `None`.
#[derive(Debug, Clone)]
pub(crate) struct Parser<'a> {
    input: &'a [u8],
    at: usize,
    entry_start: usize,
    ended: bool,
    metric_type: MetricType,
    /// The unit of `family`, where it is said.
    unit: &'a str,
    family: &'a [u8],
    /// Where the lines after the latest metadata begin.
    family_start: usize,
    exemplar: Option<RawExemplar<'a>>,
    created: RefCell<CreatedLines>,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self {
            input,
            at: 0,
            entry_start: 0,
            ended: false,
            metric_type: MetricType::Untyped,
            unit: "",
            family: b"",
            family_start: 0,
            exemplar: None,
            created: RefCell::default(),
        }
    }

    pub(crate) fn metric_type(&self) -> MetricType {
        self.metric_type
    }

    /// The unit that was said of the latest family.
    pub(crate) fn unit(&self) -> &'a str {
        self.unit
    }

    /// The exemplar of the latest sample.
    pub(crate) fn exemplar(&self) -> Option<RawExemplar<'a>> {
        self.exemplar
    }

    pub(crate) fn place(&self) -> Place {
        Place::Line(1 + memchr::memchr_iter(b'\n', &self.input[..self.entry_start]).count())
    }

    /// Whether a series is one that tells when others started.
    pub(crate) fn is_created(&self, series: &[u8]) -> bool {
        let name = match crate::exposition::raw_labels::RawSeries::new(series) {
            Some(series) => series.name,
            None => return false,
        };
        self.metric_type.has_start() && name.ends_with(b"_created")
    }

    /// When what `series` counts started, in ms.
    pub(crate) fn start_timestamp_ms(&self, series: &[u8]) -> Option<i64> {
        let bound: &[u8] = match self.metric_type {
            MetricType::Histogram => b"le",
            MetricType::Summary => b"quantile",
            MetricType::Counter => b"",
            _ => return None,
        };
        let mut created = self.created.borrow_mut();
        created.find(self.input, self.family, self.family_start, series, bound)
    }

    /// The next line; `len` and `is_it` guess at its series (0 for no guess).
    #[inline]
    pub(crate) fn next_guessing(
        &mut self,
        len: usize,
        is_it: impl FnOnce(&[u8]) -> bool,
    ) -> Option<Result<Event<'a>, ParseError>> {
        if self.ended {
            return None;
        }
        self.entry_start = self.at;
        self.exemplar = None;
        let result = match self.guessed(len, is_it) {
            Some(end) => self.value_after(self.at, end, true).map(Some),
            None => self.entry(),
        };
        match result {
            Ok(Some(event)) => Some(Ok(event)),
            Ok(None) => {
                self.ended = true;
                None
            }
            Err(reason) => {
                self.ended = true;
                let place = self.place();
                Some(Err(ParseError { place, reason }))
            }
        }
    }

    /// Where the series ends if it is the one that was guessed.
    #[inline]
    fn guessed(&self, len: usize, is_it: impl FnOnce(&[u8]) -> bool) -> Option<usize> {
        let end = self.at + len;
        let complete = len > 0 && self.input.get(end) == Some(&b' ');
        // Known series are whole, and none of them can go on with a blank.
        (complete && is_it(&self.input[self.at..end])).then_some(end)
    }

    fn entry(&mut self) -> Result<Option<Event<'a>>, Reason> {
        let start = self.at;
        match self.input.get(start) {
            None => Err(Reason::NoEof),
            Some(b'#') => self.comment(),
            Some(b'{') => {
                let end = skip_label_set(self.input, start)?;
                self.value_after(start, end, false).map(Some)
            }
            Some(byte) if is_name_start(*byte) => {
                let name_end = skip_name(self.input, start);
                let end = match self.input.get(name_end) {
                    Some(b'{') => skip_label_set(self.input, name_end)?,
                    _ => name_end,
                };
                self.value_after(start, end, false).map(Some)
            }
            Some(_) => Err(Reason::LineStart(excerpt_at(self.input, start))),
        }
    }

    /// Reads value, timestamp and exemplar after the series `start..end`, and the line's end.
    #[inline]
    fn value_after(&mut self, start: usize, end: usize, guessed: bool) -> Result<Event<'a>, Reason> {
        let (value, mut at) = self.number(end)?.ok_or_else(|| {
            let found = excerpt_at(self.input, end);
            Reason::ValueMissing(found)
        })?;
        let mut timestamp = None;
        if self.input.get(at) == Some(&b' ') && !self.exemplar_starts(at) {
            let missing = || Reason::Timestamp(excerpt_at(self.input, at + 1));
            let (seconds, timestamp_end) = self.number(at).map_err(|_| missing())?.ok_or_else(missing)?;
            timestamp = Some(milliseconds(seconds).ok_or_else(missing)?);
            at = timestamp_end;
        }
        if self.exemplar_starts(at) {
            at = self.read_exemplar(at + 3)?;
        }
        match self.input.get(at) {
            Some(b'\n') => self.at = at + 1,
            None => return Err(Reason::NoEof),
            Some(_) => return Err(Reason::AfterTimestamp(excerpt_at(self.input, at))),
        }
        Ok(Event::Sample {
            series: &self.input[start..end],
            value,
            timestamp,
            guessed,
        })
    }

    #[inline]
    fn exemplar_starts(&self, at: usize) -> bool {
        self.input[at..].starts_with(b" # {")
    }

    /// Reads the exemplar whose brace is at `open`; returns where it ends.
    fn read_exemplar(&mut self, open: usize) -> Result<usize, Reason> {
        let invalid = || Reason::Exemplar(excerpt_at(self.input, open));
        let labels_end = skip_label_set(self.input, open)?;
        let labels = &self.input[open..labels_end];
        let (value, mut at) = self.number(labels_end)?.ok_or_else(invalid)?;
        let mut timestamp = None;
        if self.input.get(at) == Some(&b' ') {
            let (seconds, end) = self.number(at)?.ok_or_else(invalid)?;
            timestamp = Some(milliseconds(seconds).ok_or_else(invalid)?);
            at = end;
        }
        self.exemplar = Some(RawExemplar {
            labels,
            value,
            timestamp,
        });
        Ok(at)
    }

    /// The number after the single blank at `at`, and where it ends; `None` when there is no text.
    #[inline]
    fn number(&self, at: usize) -> Result<Option<(f64, usize)>, Reason> {
        if self.input.get(at) != Some(&b' ') {
            return Ok(None);
        }
        let start = at + 1;
        let rest = &self.input[start..];
        if let Some((value, len)) = short_decimal(rest)
            && rest[len] != b'\t'
        {
            return Ok(Some((value, start + len)));
        }
        let len = memchr::memchr2(b' ', b'\n', rest).unwrap_or(rest.len());
        if len == 0 {
            return Ok(None);
        }
        let text = &rest[..len];
        let value = parse_value(text).ok_or_else(|| Reason::Value(excerpt(text)))?;
        Ok(Some((value, start + len)))
    }

    fn comment(&mut self) -> Result<Option<Event<'a>>, Reason> {
        let rest = &self.input[self.at..];
        let keyword = match rest {
            _ if rest.starts_with(b"# HELP ") => "HELP",
            _ if rest.starts_with(b"# TYPE ") => "TYPE",
            _ if rest.starts_with(b"# UNIT ") => "UNIT",
            _ if rest.starts_with(b"# EOF") => {
                let after = &rest[5..];
                let after = after.strip_prefix(b"\n").unwrap_or(after);
                return match after.is_empty() {
                    true => Ok(None),
                    false => Err(Reason::AfterEof(excerpt(after))),
                };
            }
            _ => return Err(Reason::Comment(excerpt(rest))),
        };
        self.metadata(keyword, self.at + 7).map(Some)
    }

    fn metadata(&mut self, keyword: &'static str, start: usize) -> Result<Event<'a>, Reason> {
        let (name, name_end) = match self.input.get(start) {
            Some(b'"') => {
                let end = skip_quoted(self.input, start)?;
                (&self.input[start + 1..end - 1], end)
            }
            Some(&byte) if is_name_start(byte) => {
                let end = skip_name(self.input, start);
                (&self.input[start..end], end)
            }
            _ => {
                let got = excerpt_at(self.input, start);
                return Err(Reason::MetadataName { keyword, got });
            }
        };
        let end = line_end(self.input, name_end);
        if self.input.get(name_end) != Some(&b' ') || end == self.input.len() {
            return Err(Reason::MetadataText(keyword));
        }
        let text = &self.input[name_end + 1..end];
        self.at = end + 1;
        if self.family != name {
            self.unit = "";
        }
        self.family = name;
        self.family_start = self.at;
        self.created.get_mut().clear();
        match keyword {
            "TYPE" => {
                let invalid = || Reason::MetricType(excerpt(text));
                self.metric_type = MetricType::from_open_metrics_word(text).ok_or_else(invalid)?;
                Ok(Event::Type {
                    name,
                    metric_type: self.metric_type,
                })
            }
            "UNIT" => {
                let fits = name.strip_suffix(text).is_some_and(|rest| rest.ends_with(b"_"));
                match fits || text.is_empty() {
                    true => {
                        self.unit = std::str::from_utf8(text).unwrap_or_default();
                        Ok(Event::Unit { name, unit: text })
                    }
                    false => Err(Reason::Unit {
                        unit: excerpt(text),
                        name: excerpt(name),
                    }),
                }
            }
            _ => match std::str::from_utf8(text) {
                Ok(text) => Ok(Event::Help { name, text }),
                Err(_) => Err(Reason::Utf8 {
                    what: "help text",
                    got: excerpt(text),
                }),
            },
        }
    }
}

/// Seconds as whole milliseconds, cut as Prometheus cuts them.
fn milliseconds(seconds: f64) -> Option<i64> {
    seconds.is_finite().then_some((seconds * 1000.0) as i64)
}
