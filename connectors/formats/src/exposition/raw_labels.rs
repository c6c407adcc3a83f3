//! A look at the labels of a series that nobody has decoded: names and values as they are written, nothing
//! checked, nothing allocated.

use memchr::memchr2;
use xxhash_rust::xxh3::xxh3_64;

use super::scan::{is_name, skip_name};

/// The parts of a series' bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawSeries<'s> {
    /// The metric name, escapes not resolved.
    pub(crate) name: &'s [u8],
    bytes: &'s [u8],
    /// The first byte inside the braces, or the end.
    labels_start: usize,
}

impl<'s> RawSeries<'s> {
    /// Takes bytes that a text parser handed out; `None` when there is no name.
    pub(crate) fn new(bytes: &'s [u8]) -> Option<Self> {
        let name_end = skip_name(bytes, 0);
        let brace = memchr::memchr(b'{', &bytes[name_end..]).map(|i| name_end + i);
        let mut out = Self {
            name: &bytes[..name_end],
            bytes,
            labels_start: brace.map_or(bytes.len(), |brace| brace + 1),
        };
        if name_end == 0 {
            let mut walk = RawLabels::new(bytes, out.labels_start);
            walk.by_ref().count();
            out.name = walk.metric_name?;
        }
        Some(out)
    }

    /// The labels.
    pub(crate) fn labels(&self) -> RawLabels<'s> {
        RawLabels::new(self.bytes, self.labels_start)
    }

    /// Stands for the labels but those named `left_out`, in any order.
    pub(crate) fn hash_without(&self, left_out: &[u8]) -> u64 {
        self.labels()
            .filter(|label| label.name != left_out)
            .fold(0, |sum: u64, label| {
                let hash = xxh3_64(label.name) ^ xxh3_64(label.value).rotate_left(17);
                sum.wrapping_add(xxh3_64(&hash.to_le_bytes()))
            })
    }
}

/// One label as it is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawLabel<'s> {
    pub(crate) name: &'s [u8],
    pub(crate) value: &'s [u8],
    /// Name and value, quotes included.
    pub(crate) written: &'s [u8],
}

/// Walks over labels until the brace closes or something is not a label.
#[derive(Debug, Clone)]
pub(crate) struct RawLabels<'s> {
    bytes: &'s [u8],
    at: usize,
    /// A quoted name without a value that was passed.
    metric_name: Option<&'s [u8]>,
}

impl<'s> RawLabels<'s> {
    fn new(bytes: &'s [u8], at: usize) -> Self {
        Self {
            bytes,
            at,
            metric_name: None,
        }
    }

    fn skip(&mut self, skipped: &[u8]) {
        while self.bytes.get(self.at).is_some_and(|byte| skipped.contains(byte)) {
            self.at += 1;
        }
    }

    /// The text inside the quotes that start here.
    fn quoted(&mut self) -> Option<&'s [u8]> {
        if self.bytes.get(self.at) != Some(&b'"') {
            return None;
        }
        let start = self.at + 1;
        let mut at = start;
        loop {
            let found = at + memchr2(b'"', b'\\', self.bytes.get(at..)?)?;
            if self.bytes[found] == b'"' {
                self.at = found + 1;
                return Some(&self.bytes[start..found]);
            }
            at = found + 2;
        }
    }
}

impl<'s> Iterator for RawLabels<'s> {
    type Item = RawLabel<'s>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.skip(b" \t,");
            let start = self.at;
            let name = if self.bytes.get(start) == Some(&b'"') {
                self.quoted()?
            } else {
                let rest = &self.bytes[start.min(self.bytes.len())..];
                self.at += rest.iter().take_while(|byte| is_name(**byte)).count();
                &self.bytes[start..self.at]
            };
            if self.at == start {
                return None;
            }
            self.skip(b" \t");
            if self.bytes.get(self.at) != Some(&b'=') {
                self.metric_name = Some(name);
                continue;
            }
            self.at += 1;
            self.skip(b" \t");
            let value = self.quoted()?;
            return Some(RawLabel {
                name,
                value,
                written: &self.bytes[start..self.at],
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(series: &str) -> Option<String> {
        let raw = RawSeries::new(series.as_bytes())?;
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let labels: Vec<_> = raw
            .labels()
            .map(|label| format!("{}={}", text(label.name), text(label.value)))
            .collect();
        Some(format!("{} {}", text(raw.name), labels.join(" ")))
    }

    #[test]
    fn parts_as_written() {
        for (series, expected) in [
            ("a", Some("a ")),
            ("a{}", Some("a ")),
            (r#"a { b = "c" , d="}\"" , }"#, Some(r#"a b=c d=}\""#)),
            (r#"{"x.y",a="b","c d"="e"}"#, Some("x.y a=b c d=e")),
            (r#"{a="b","x"}"#, Some("x a=b")),
            (r#"{a="b"}"#, None),
            (r#"a{b="c"#, Some("a ")),
            (r#"a{b="c\"#, Some("a ")),
        ] {
            assert_eq!(show(series).as_deref(), expected, "{series}");
        }
    }

    #[test]
    fn hashes_ignore_order_and_what_is_left_out() {
        let hash = |series: &'static str| RawSeries::new(series.as_bytes()).unwrap().hash_without(b"le");
        assert_eq!(hash(r#"a{b="1",c="2",le="3"}"#), hash(r#"a{c="2",le="4",b="1"}"#));
        assert_ne!(hash(r#"a{b="1",c="2"}"#), hash(r#"a{b="2",c="1"}"#));
        assert_ne!(hash(r#"a{b="1",c="1"}"#), hash("a"));
    }
}
