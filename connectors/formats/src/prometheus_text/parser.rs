//! The walk over the bytes: one event a line, no allocation, label strings left alone.

use super::event::{Event, Sample};
use crate::exposition::error::excerpt;
use crate::exposition::float::{parse_value, short_decimal};
use crate::exposition::scan::{excerpt_at, is_name_start, line_end, skip_label_set, skip_name, skip_quoted};
use crate::exposition::{MetricType, ParseError, Place, Reason};

/// Walks exposition text. After an error or the end it only yields `None`.
///
/// Label sets are only skipped here; their grammar is checked by
/// [`decode_series`](super::decode_series), which a caller runs on bytes that it has not seen yet.
#[derive(Debug, Clone)]
pub struct Parser<'a> {
    input: &'a [u8],
    /// Next byte to read.
    at: usize,
    /// First byte of the latest entry, for line numbers.
    entry_start: usize,
    metric_type: MetricType,
}

impl<'a> Parser<'a> {
    /// A parser at the start of `input`.
    pub fn new(input: &'a [u8]) -> Self {
        Self {
            input,
            at: 0,
            entry_start: 0,
            metric_type: MetricType::Untyped,
        }
    }

    /// The type of the latest `# TYPE` line; `decode_series` needs it to rewrite `le` and `quantile`.
    pub fn metric_type(&self) -> MetricType {
        self.metric_type
    }

    /// 1-based line of the latest entry. Counts from the start, so it is meant for errors.
    pub fn line(&self) -> usize {
        1 + memchr::memchr_iter(b'\n', &self.input[..self.entry_start]).count()
    }

    /// An error about the latest entry, such as one that `decode_series` found.
    pub fn error(&self, reason: Reason) -> ParseError {
        ParseError {
            place: Place::Line(self.line()),
            reason,
        }
    }

    /// As `next`, with a guess at the next sample's series bytes, such as the series that followed the
    /// latest one when the same target was last read. A right guess saves the search for the end of
    /// the label set; a wrong one costs a comparison. `guess` must be bytes that a parser handed out.
    #[inline]
    pub fn next_guessing(&mut self, guess: &[u8]) -> Option<Result<Event<'a>, ParseError>> {
        if self.input[self.at..].starts_with(guess)
            && let Some(last) = guess.last()
        {
            let end = self.at + guess.len();
            let after = self.skip_blanks(end);
            let complete = *last == b'}' || (after > end && self.input.get(after) != Some(&b'{'));
            if complete {
                self.entry_start = self.at;
                let result = self.value_after(self.at, end);
                return Some(self.settle(result));
            }
        }
        self.next()
    }

    /// As `next`, with a guess at the length of the next sample's series, which `is_it` confirms; 0 is no
    /// guess. Also says whether the guess was right.
    #[inline]
    pub fn next_expecting(
        &mut self,
        len: usize,
        is_it: impl FnOnce(&[u8]) -> bool,
    ) -> Option<Result<(Event<'a>, bool), ParseError>> {
        let end = self.at + len;
        if let Some(candidate) = self.input.get(self.at..end)
            && let Some(last) = candidate.last()
        {
            let after = self.skip_blanks(end);
            let complete = *last == b'}' || (after > end && self.input.get(after) != Some(&b'{'));
            if complete && is_it(candidate) {
                self.entry_start = self.at;
                let result = self.value_after(self.at, end);
                return Some(self.settle(result).map(|event| (event, true)));
            }
        }
        Some(self.next()?.map(|event| (event, false)))
    }

    fn settle(&mut self, result: Result<Event<'a>, Reason>) -> Result<Event<'a>, ParseError> {
        result.map_err(|reason| {
            self.at = self.input.len();
            self.error(reason)
        })
    }

    fn entry(&mut self) -> Result<Event<'a>, Reason> {
        match self.input[self.at] {
            b'#' => self.comment(),
            b'{' => {
                let start = self.at;
                let end = skip_label_set(self.input, start)?;
                self.value_after(start, end)
            }
            byte if is_name_start(byte) => {
                let start = self.at;
                let name_end = skip_name(self.input, start);
                let brace = self.skip_blanks(name_end);
                let end = match self.input.get(brace) {
                    Some(b'{') => skip_label_set(self.input, brace)?,
                    _ => name_end,
                };
                self.value_after(start, end)
            }
            _ => Err(Reason::LineStart(excerpt_at(self.input, self.at))),
        }
    }

    /// Reads the value and timestamp after the series `start..end`, and the line's end.
    #[inline]
    fn value_after(&mut self, start: usize, end: usize) -> Result<Event<'a>, Reason> {
        let value_start = self.skip_blanks(end);
        let (value, value_end) = match short_decimal(&self.input[value_start..]) {
            Some((value, len)) => (value, value_start + len),
            None => self.any_value(value_start)?,
        };
        let mut at = self.skip_blanks(value_end);
        let mut timestamp = None;
        if !self.at_line_end(at) {
            let digits_end = at + self.input[at..].iter().take_while(|b| b.is_ascii_digit()).count();
            let digits = std::str::from_utf8(&self.input[at..digits_end]).unwrap_or_default();
            timestamp = Some(
                digits
                    .parse()
                    .map_err(|_| Reason::Timestamp(excerpt_at(self.input, at)))?,
            );
            at = self.skip_blanks(digits_end);
            if !self.at_line_end(at) {
                return Err(Reason::AfterTimestamp(excerpt_at(self.input, at)));
            }
        }
        self.at = self.past(at);
        Ok(Event::Sample(Sample {
            series: &self.input[start..end],
            value,
            timestamp,
        }))
    }

    fn any_value(&self, start: usize) -> Result<(f64, usize), Reason> {
        let end = self.skip_word(start);
        if end == start {
            return Err(Reason::ValueMissing(excerpt_at(self.input, start)));
        }
        let text = &self.input[start..end];
        let value = parse_value(text).ok_or_else(|| Reason::Value(excerpt(text)))?;
        Ok((value, end))
    }

    fn comment(&mut self) -> Result<Event<'a>, Reason> {
        let start = self.at;
        let keyword_start = self.skip_blanks(start + 1);
        let rest = &self.input[keyword_start..];
        let blank_after = |keyword: &[u8]| {
            rest.starts_with(keyword) && matches!(rest.get(keyword.len()), Some(b' ' | b'\t'))
        };
        if keyword_start > start + 1 {
            if blank_after(b"HELP") {
                return self.metadata("HELP", keyword_start + 4);
            }
            if blank_after(b"TYPE") {
                return self.metadata("TYPE", keyword_start + 4);
            }
        }
        let end = line_end(self.input, start);
        self.at = self.past(end);
        Ok(Event::Comment(&self.input[start..end]))
    }

    fn metadata(&mut self, keyword: &'static str, at: usize) -> Result<Event<'a>, Reason> {
        let start = self.skip_blanks(at);
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
        let rest = &self.input[name_end..end];
        // One separator is dropped; more blanks belong to the text, unless there is nothing else.
        let blank = rest.iter().all(|b| matches!(b, b' ' | b'\t'));
        let text = if blank { &[] } else { &rest[1..] };
        self.at = self.past(end);
        if keyword == "TYPE" {
            let metric_type =
                MetricType::from_text_word(text).ok_or_else(|| Reason::MetricType(excerpt(text)))?;
            self.metric_type = metric_type;
            return Ok(Event::Type { name, metric_type });
        }
        match std::str::from_utf8(text) {
            Ok(text) => Ok(Event::Help { name, text }),
            Err(_) => Err(Reason::Utf8 {
                what: "help text",
                got: excerpt(text),
            }),
        }
    }

    /// Skips what a value may hold: anything but blanks, line ends and braces.
    #[inline]
    fn skip_word(&self, at: usize) -> usize {
        let ends = |b: &u8| matches!(b, b' ' | b'\t' | b'\n' | b'{');
        at + self.input[at..].iter().take_while(|b| !ends(b)).count()
    }

    #[inline]
    fn skip_blanks(&self, at: usize) -> usize {
        let rest = self.input.get(at..).unwrap_or_default();
        at + rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count()
    }

    #[inline]
    fn at_line_end(&self, at: usize) -> bool {
        matches!(self.input.get(at), None | Some(b'\n'))
    }

    /// The start of the next line, given where this one ends.
    #[inline]
    fn past(&self, line_end: usize) -> usize {
        (line_end + 1).min(self.input.len())
    }
}

impl<'a> Iterator for Parser<'a> {
    type Item = Result<Event<'a>, ParseError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let at = self.skip_blanks(self.at);
            self.at = at;
            self.entry_start = at;
            match self.input.get(at)? {
                b'\n' => self.at = at + 1,
                _ => {
                    let result = self.entry();
                    return Some(self.settle(result));
                }
            }
        }
    }
}
