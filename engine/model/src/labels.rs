//! A label set: sorted by name, one shared allocation, cheap to clone.
//!
//! Encoding: for each label `uvarint(len) name uvarint(len) value`, names strictly ascending, no
//! empty values (a missing label is the same as an empty one). The bytes are the identity: two
//! series are one exactly when their encodings are equal.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// The label that holds a series' metric name.
pub const METRIC_NAME: &str = "__name__";

/// A sorted, immutable label set.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Labels(Arc<[u8]>);

/// Why bytes are not a label set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed label set encoding at byte {offset}")]
pub struct DecodeError {
    /// Byte at which decoding stopped.
    pub offset: usize,
}

impl Labels {
    /// The label set without labels.
    pub fn empty() -> Self {
        Self(Arc::from([]))
    }

    /// Builds a set from pairs in any order. Empty values are left out; of a repeated name the last wins.
    pub fn from_pairs<N: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut builder = LabelsBuilder::default();
        for (name, value) in pairs {
            builder.set(name.as_ref(), value.as_ref());
        }
        builder.build()
    }

    /// Takes bytes of the module's encoding, checking all of it.
    pub fn from_encoded(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut offset = 0;
        let mut previous: Option<&str> = None;
        while offset < bytes.len() {
            let (name, after_name) = take_text(bytes, offset).ok_or(DecodeError { offset })?;
            let (value, end) = take_text(bytes, after_name).ok_or(DecodeError { offset: after_name })?;
            if previous.is_some_and(|p| p >= name) || name.is_empty() || value.is_empty() {
                return Err(DecodeError { offset });
            }
            previous = Some(name);
            offset = end;
        }
        Ok(Self(Arc::from(bytes)))
    }

    /// Builds a set from pairs in ascending order of their names, none of them twice and none with an empty
    /// value. Faster than [`from_pairs`](Self::from_pairs); panics in debug builds when the order is broken.
    pub fn from_ordered<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut bytes = Vec::with_capacity(256);
        for (name, value) in pairs {
            put_text(&mut bytes, name);
            put_text(&mut bytes, value);
        }
        debug_assert!(
            Self::from_encoded(&bytes).is_ok(),
            "names ascend and values are not empty"
        );
        Self(Arc::from(bytes))
    }

    /// The encoding; equal bytes mean equal label sets.
    #[inline]
    pub fn encoded(&self) -> &[u8] {
        &self.0
    }

    /// Number of labels.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether the set has no label.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Value of `name`, or `None` when the label is absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        for (n, v) in self {
            match n.cmp(name) {
                Ordering::Less => {}
                Ordering::Equal => return Some(v),
                Ordering::Greater => return None,
            }
        }
        None
    }

    /// Value of `name`, with a missing label read as empty.
    #[inline]
    pub fn value(&self, name: &str) -> &str {
        self.get(name).unwrap_or("")
    }

    /// The metric name, empty when there is none.
    #[inline]
    pub fn metric_name(&self) -> &str {
        self.value(METRIC_NAME)
    }

    /// Labels in ascending order of name.
    #[inline]
    pub fn iter(&self) -> LabelsIter<'_> {
        LabelsIter { rest: &self.0 }
    }

    /// The set without the named labels.
    pub fn without(&self, names: &[&str]) -> Self {
        self.filtered(|name| !names.contains(&name))
    }

    /// The set with only the named labels.
    pub fn only(&self, names: &[&str]) -> Self {
        self.filtered(|name| names.contains(&name))
    }

    /// The set with only the labels whose name satisfies `keep`.
    pub fn filtered(&self, mut keep: impl FnMut(&str) -> bool) -> Self {
        let mut bytes = Vec::with_capacity(self.0.len());
        let mut all = true;
        for (name, value) in self {
            if keep(name) {
                put_text(&mut bytes, name);
                put_text(&mut bytes, value);
            } else {
                all = false;
            }
        }
        if all { self.clone() } else { Self(Arc::from(bytes)) }
    }

    /// The set with `name` set to `value`; an empty value removes the label.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut builder = LabelsBuilder::from(self);
        builder.set(name, value);
        builder.build()
    }

    /// 128-bit fingerprint (XXH3 of the encoding), stable on disk. It only speeds up comparison.
    pub fn fingerprint(&self) -> u128 {
        xxhash_rust::xxh3::xxh3_128(&self.0)
    }

    /// The 64-bit hash that Prometheus's default build computes for a label set: XXH64 over names and
    /// values, each after its length (one byte below 255, else 255 and three bytes, little endian).
    pub fn prometheus_hash(&self) -> u64 {
        let mut bytes = Vec::with_capacity(self.0.len());
        for text in self.iter().flat_map(|(name, value)| [name, value]) {
            match u8::try_from(text.len()) {
                Ok(length) if length < 255 => bytes.push(length),
                _ => {
                    bytes.push(255);
                    bytes.extend_from_slice(&(text.len() as u32).to_le_bytes()[..3]);
                }
            }
            bytes.extend_from_slice(text.as_bytes());
        }
        xxhash_rust::xxh64::xxh64(&bytes, 0)
    }

    /// Order of series on disk: by metric name, then as [`Ord`] orders them.
    pub fn storage_cmp(&self, other: &Self) -> Ordering {
        self.metric_name()
            .cmp(other.metric_name())
            .then_with(|| self.cmp(other))
    }
}

impl Default for Labels {
    fn default() -> Self {
        Self::empty()
    }
}

/// Prometheus's order: pairs are compared one by one, a prefix sorts first.
impl Ord for Labels {
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other.iter())
    }
}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Prometheus's text of a label set: `{__name__="up", job="node"}`.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (i, (name, value)) in self.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            if is_legacy_label_name(name) {
                f.write_str(name)?;
            } else {
                write!(f, "{}", Quoted(name))?;
            }
            write!(f, "={}", Quoted(value))?;
        }
        f.write_str("}")
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<'a> IntoIterator for &'a Labels {
    type Item = (&'a str, &'a str);
    type IntoIter = LabelsIter<'a>;

    fn into_iter(self) -> LabelsIter<'a> {
        self.iter()
    }
}

/// Iterates over the `(name, value)` pairs of a set.
#[derive(Debug, Clone)]
pub struct LabelsIter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for LabelsIter<'a> {
    type Item = (&'a str, &'a str);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let (name, rest) = split_text(self.rest);
        let (value, rest) = split_text(rest);
        self.rest = rest;
        Some((name, value))
    }
}

/// Collects labels in any order and builds a [`Labels`].
#[derive(Debug, Clone, Default)]
pub struct LabelsBuilder {
    pairs: Vec<(String, String)>,
}

impl LabelsBuilder {
    /// Sets `name`, replacing an earlier value. An empty value removes the label.
    pub fn set(&mut self, name: &str, value: &str) -> &mut Self {
        match self.pairs.binary_search_by(|(n, _)| n.as_str().cmp(name)) {
            Ok(i) if value.is_empty() => drop(self.pairs.remove(i)),
            Ok(i) => value.clone_into(&mut self.pairs[i].1),
            Err(_) if value.is_empty() => {}
            Err(i) => self.pairs.insert(i, (name.to_owned(), value.to_owned())),
        }
        self
    }

    /// Removes `name`.
    pub fn remove(&mut self, name: &str) -> &mut Self {
        self.set(name, "")
    }

    /// Value of `name`, empty when absent.
    pub fn value(&self, name: &str) -> &str {
        match self.pairs.binary_search_by(|(n, _)| n.as_str().cmp(name)) {
            Ok(i) => &self.pairs[i].1,
            Err(_) => "",
        }
    }

    /// Keeps the labels whose name satisfies `keep`.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.pairs.retain(|(name, _)| keep(name));
    }

    /// The labels so far, ascending by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// The finished set.
    pub fn build(&self) -> Labels {
        let mut bytes = Vec::with_capacity(self.pairs.iter().map(|(n, v)| n.len() + v.len() + 4).sum());
        for (name, value) in &self.pairs {
            put_text(&mut bytes, name);
            put_text(&mut bytes, value);
        }
        Labels(Arc::from(bytes))
    }
}

impl From<&Labels> for LabelsBuilder {
    fn from(labels: &Labels) -> Self {
        Self {
            pairs: labels.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect(),
        }
    }
}

/// Whether `name` fits `[a-zA-Z_][a-zA-Z0-9_]*`, so that it needs no quotes.
pub fn is_legacy_label_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether `name` fits `[a-zA-Z_:][a-zA-Z0-9_:]*`, so that it needs no quotes.
pub fn is_legacy_metric_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_' || b == b':')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':')
}

/// Displays text in double quotes with the escapes of Go's `strconv.Quote`.
#[derive(Debug, Clone, Copy)]
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                '\u{7}' => f.write_str("\\a")?,
                '\u{8}' => f.write_str("\\b")?,
                '\u{b}' => f.write_str("\\v")?,
                '\u{c}' => f.write_str("\\f")?,
                c if (c as u32) < 0x20 || c as u32 == 0x7f => write!(f, "\\x{:02x}", c as u32)?,
                c => write!(f, "{c}")?,
            }
        }
        f.write_str("\"")
    }
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    let mut length = text.len();
    while length >= 0x80 {
        bytes.push((length as u8) | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend_from_slice(text.as_bytes());
}

/// Splits one text off trusted bytes.
#[inline]
fn split_text(bytes: &[u8]) -> (&str, &[u8]) {
    let mut length = 0usize;
    let mut shift = 0;
    let mut at = 0;
    loop {
        let byte = bytes[at];
        at += 1;
        length |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
        shift += 7;
    }
    let (text, rest) = bytes[at..].split_at(length);
    // SAFETY: a `Labels` is only built from `&str` pieces or from bytes that `from_encoded` validated.
    (unsafe { std::str::from_utf8_unchecked(text) }, rest)
}

/// Appends to `out` those labels of `encoded` whose name satisfies `keep`. The text is not checked, which is most of
/// what [`Labels::from_encoded`] does: for encodings that this process made.
pub fn filter_encoded(
    encoded: &[u8],
    mut keep: impl FnMut(&[u8]) -> bool,
    out: &mut Vec<u8>,
) -> Result<(), DecodeError> {
    let mut offset = 0;
    while offset < encoded.len() {
        let (name, after_name) = take_bytes(encoded, offset).ok_or(DecodeError { offset })?;
        let (_, end) = take_bytes(encoded, after_name).ok_or(DecodeError { offset: after_name })?;
        if keep(name) {
            out.extend_from_slice(&encoded[offset..end]);
        }
        offset = end;
    }
    Ok(())
}

/// Takes one text from untrusted bytes, with the offset after it.
fn take_text(bytes: &[u8], offset: usize) -> Option<(&str, usize)> {
    let (text, end) = take_bytes(bytes, offset)?;
    Some((std::str::from_utf8(text).ok()?, end))
}

#[inline]
fn take_bytes(bytes: &[u8], offset: usize) -> Option<(&[u8], usize)> {
    let mut length = 0usize;
    let mut at = offset;
    // Four groups of seven bits: lengths to 256 MiB, and no overflow.
    for shift in [0, 7, 14, 21] {
        let byte = *bytes.get(at)?;
        at += 1;
        length |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            let end = at.checked_add(length)?;
            return Some((bytes.get(at..end)?, end));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_and_without_empty_values() {
        let labels = Labels::from_pairs([("job", "node"), ("__name__", "up"), ("gone", ""), ("a", "1")]);
        assert_eq!(labels.to_string(), r#"{__name__="up", a="1", job="node"}"#);
        assert_eq!(labels.len(), 3);
        assert_eq!(labels.get("gone"), None);
        assert_eq!(labels.metric_name(), "up");
        assert_eq!(
            labels.without(&["a"]).only(&["job"]).to_string(),
            r#"{job="node"}"#
        );
        assert_eq!(labels.with("a", ""), labels.without(&["a"]));
    }

    #[test]
    fn encodings_are_filtered_as_they_are() {
        let labels = Labels::from_pairs([("job", "node"), ("__name__", "up"), ("a", "1")]);
        let mut out = Vec::new();
        filter_encoded(labels.encoded(), |name| name != b"a", &mut out).unwrap();
        assert_eq!(out, labels.without(&["a"]).encoded());
        for encoded in (1..labels.encoded().len()).map(|cut| &labels.encoded()[..cut]) {
            let filtered = filter_encoded(encoded, |_| true, &mut out);
            assert_eq!(filtered.is_ok(), Labels::from_encoded(encoded).is_ok());
        }
    }

    #[test]
    fn encoding_round_trips_and_rejects_damage() {
        let long = "v".repeat(300);
        let labels = Labels::from_pairs([("b", long.as_str()), ("a", "é")]);
        assert_eq!(Labels::from_encoded(labels.encoded()).unwrap(), labels);
        for cut in 1..labels.encoded().len() {
            let truncated = &labels.encoded()[..cut];
            if let Ok(shorter) = Labels::from_encoded(truncated) {
                assert!(shorter.len() < labels.len());
            }
        }
        for bytes in [
            &b"\x01b\x01x\x01a\x01y"[..],
            b"\x01a\x01x\x01a\x01y",
            b"\x01a\x00",
            b"\x00\x01x",
            b"\x01\xff\x01x",
        ] {
            assert!(Labels::from_encoded(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn order_is_prometheus_order() {
        let of = |pairs: &[(&str, &str)]| Labels::from_pairs(pairs.iter().copied());
        assert!(of(&[("a", "1")]) < of(&[("a", "1"), ("b", "1")]));
        assert!(of(&[("a", "2")]) > of(&[("a", "1"), ("b", "1")]));
        assert!(of(&[("Z", "1"), ("__name__", "b")]) < of(&[("__name__", "a")]));
        let (first, second) = (
            of(&[("__name__", "a"), ("z", "1")]),
            of(&[("A", "1"), ("__name__", "b")]),
        );
        assert_eq!(first.storage_cmp(&second), Ordering::Less);
    }

    #[test]
    fn quoting_follows_go() {
        assert_eq!(Quoted("a\"b\\\n\u{1}é").to_string(), r#""a\"b\\\n\x01é""#);
        assert_eq!(Labels::from_pairs([("a.b", "1")]).to_string(), r#"{"a.b"="1"}"#);
    }
}
