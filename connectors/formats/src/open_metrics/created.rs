//! When the series of a family started: what its `_created` lines say, collected once a family.

use crate::exposition::float::parse_value;
use crate::exposition::raw_labels::RawSeries;
use crate::exposition::scan::{line_end, skip_label_set, skip_name};

/// Ends the name of a series that tells when others started.
const SUFFIX: &[u8] = b"_created";

/// What ends the names of a counter's, histogram's or summary's series.
const SERIES_SUFFIXES: [&[u8]; 5] = [b"", b"_total", b"_bucket", b"_count", b"_sum"];

/// The starts of one family's series.
#[derive(Debug, Clone, Default)]
pub(super) struct CreatedLines {
    /// Hash of the labels and start in ms, ascending by hash.
    starts: Vec<(u64, i64)>,
    collected: bool,
}

impl CreatedLines {
    /// Forgets the family.
    pub(super) fn clear(&mut self) {
        self.starts.clear();
        self.collected = false;
    }

    /// The start of `series`, one of `family`, whose lines begin at `family_start`.
    pub(super) fn find(
        &mut self,
        input: &[u8],
        family: &[u8],
        family_start: usize,
        series: &[u8],
        bound: &[u8],
    ) -> Option<i64> {
        let series = RawSeries::new(series)?;
        let suffix = series.name.strip_prefix(family)?;
        if !SERIES_SUFFIXES.contains(&suffix) {
            return None;
        }
        if !self.collected {
            self.collected = true;
            self.collect(input, family, family_start);
        }
        if self.starts.is_empty() {
            return None;
        }
        let hash = series.hash_without(bound);
        let found = self.starts.binary_search_by_key(&hash, |(hash, _)| *hash).ok()?;
        Some(self.starts[found].1)
    }

    /// Reads ahead to the family's end: the next line that begins with `#`.
    fn collect(&mut self, input: &[u8], family: &[u8], family_start: usize) {
        let mut at = family_start;
        while at < input.len() && input[at] != b'#' {
            let end = line_end(input, at);
            if let Some(start) = created_line(&input[at..end], family) {
                self.starts.push(start);
            }
            at = end + 1;
        }
        self.starts.sort_unstable();
    }
}

/// Hash of the labels and start in ms, of a line that tells one.
fn created_line(line: &[u8], family: &[u8]) -> Option<(u64, i64)> {
    let name_end = skip_name(line, 0);
    let is_quoted = line.first() == Some(&b'{');
    if !is_quoted && line[..name_end].strip_suffix(SUFFIX) != Some(family) {
        return None;
    }
    let end = match line.get(name_end) {
        Some(b'{') => skip_label_set(line, name_end).ok()?,
        _ => name_end,
    };
    let series = RawSeries::new(&line[..end])?;
    if series.name.strip_suffix(SUFFIX) != Some(family) {
        return None;
    }
    let rest = line[end..].strip_prefix(b" ")?;
    let value = rest.split(|byte| *byte == b' ').next()?;
    let seconds = parse_value(value)?;
    Some((series.hash_without(b""), (seconds * 1000.0) as i64))
}
