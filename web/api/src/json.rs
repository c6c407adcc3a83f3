//! JSON written straight into a string: results can be large, and trees of values would double them.

use engine_model::number::write_json_value;
use engine_model::{FloatHistogram, Labels};

/// Appends `text` as a JSON string that is also safe inside HTML, as Go's encoder writes all texts. Prometheus writes
/// only labels without this, with [`write_text`].
pub(crate) fn write_safe_text(out: &mut String, text: &str) {
    let start = out.len();
    write_text(out, text);
    if text.contains(UNSAFE) {
        let safe = make_safe(&out[start..]);
        out.truncate(start);
        out.push_str(&safe);
    }
}

/// Characters that Go's encoder escapes for HTML's and JavaScript's sake.
const UNSAFE: [char; 5] = ['<', '>', '&', '\u{2028}', '\u{2029}'];

/// JSON whose texts are safe inside HTML: elsewhere the characters do not occur.
pub(crate) fn make_safe(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if UNSAFE.contains(&c) {
            safe.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Appends `text` as a JSON string.
pub(crate) fn write_text(out: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push('"');
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..0x20 => "\\u00",
            _ => continue,
        };
        out.push_str(&text[plain_from..at]);
        out.push_str(escape);
        if escape == "\\u00" {
            out.push(HEX[usize::from(byte >> 4)].into());
            out.push(HEX[usize::from(byte & 15)].into());
        }
        plain_from = at + 1;
    }
    out.push_str(&text[plain_from..]);
    out.push('"');
}

/// Appends the items of a list, each by `write`, in brackets.
pub(crate) fn write_list<T>(
    out: &mut String,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut String, T),
) {
    out.push('[');
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}

/// Appends a label set as an object.
pub(crate) fn write_labels(out: &mut String, labels: &Labels) {
    out.push('{');
    for (i, (name, value)) in labels.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        write_text(out, name);
        out.push(':');
        write_text(out, value);
    }
    out.push('}');
}

/// Appends the time of a sample, seconds with three decimals or none.
pub(crate) fn write_timestamp(out: &mut String, at_ms: i64) {
    if at_ms < 0 {
        out.push('-');
    }
    let magnitude = at_ms.unsigned_abs();
    out.push_str(itoa::Buffer::new().format(magnitude / 1000));
    if !magnitude.is_multiple_of(1000) {
        // A thousand and the decimals, without the first digit.
        out.push('.');
        out.push_str(&itoa::Buffer::new().format(1000 + magnitude % 1000)[1..]);
    }
}

/// Appends a sample as `[seconds,"value"]`.
pub(crate) fn write_sample(out: &mut String, at_ms: i64, value: f64) {
    out.push('[');
    write_timestamp(out, at_ms);
    out.push_str(",\"");
    write_json_value(out, value);
    out.push_str("\"]");
}

/// Appends a native histogram: count, sum, and the buckets that are not empty, each as
/// `[rule,"lower","upper","count"]`. The rule says which bounds belong to it: 0 the upper, 1 the lower, 2 none, 3
/// both.
pub(crate) fn write_histogram(out: &mut String, histogram: &FloatHistogram) {
    out.push_str("{\"count\":");
    write_quoted(out, histogram.count);
    out.push_str(",\"sum\":");
    write_quoted(out, histogram.sum);
    let mut buckets = histogram
        .all_buckets()
        .filter(|bucket| bucket.count != 0.0)
        .peekable();
    if buckets.peek().is_some() {
        out.push_str(",\"buckets\":");
        write_list(out, buckets, |out, bucket| {
            let rule = match (bucket.lower_inclusive, bucket.upper_inclusive) {
                (false, true) => '0',
                (true, false) => '1',
                (false, false) => '2',
                (true, true) => '3',
            };
            out.push('[');
            out.push(rule);
            for value in [bucket.lower, bucket.upper, bucket.count] {
                out.push(',');
                write_quoted(out, value);
            }
            out.push(']');
        });
    }
    out.push('}');
}

fn write_quoted(out: &mut String, value: f64) {
    out.push('"');
    write_json_value(out, value);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use engine_model::Histogram;
    use engine_model::histogram::{Counts, ResetHint, Span};

    use super::*;

    #[test]
    fn writes_what_a_parser_reads_back() {
        for text in ["", "plain", "\"\\\n\r\t", "\u{0}\u{1f}\u{7f}", "é€😀", "a\"b"] {
            let mut out = String::new();
            write_text(&mut out, text);
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text, "{out}");
        }
        let mut out = String::new();
        write_labels(&mut out, &Labels::from_pairs([("b", "\""), ("a", "1")]));
        write_sample(&mut out, -1500, f64::NEG_INFINITY);
        assert_eq!(out, r#"{"a":"1","b":"\""}[-1.500,"-Inf"]"#);
        out.clear();
        write_safe_text(&mut out, "<a href=\"x\">&\u{2028}</a>");
        assert_eq!(out, r#""\u003ca href=\"x\"\u003e\u0026\u2028\u003c/a\u003e""#);
    }

    #[test]
    fn histograms_as_prometheus_writes_them() {
        let histogram = Histogram {
            schema: 0,
            reset_hint: ResetHint::Unknown,
            zero_threshold: 0.001,
            sum: 18.4,
            positive_spans: vec![Span { offset: 0, length: 3 }],
            negative_spans: vec![Span { offset: 1, length: 1 }],
            custom_values: Vec::new(),
            counts: Counts::Integer {
                count: 9,
                zero: 2,
                positive: vec![1, -1, 4],
                negative: vec![2],
            },
        };
        let mut out = String::new();
        write_histogram(&mut out, &FloatHistogram::from_histogram(&histogram));
        assert_eq!(
            out,
            r#"{"count":"9","sum":"18.4","buckets":[[1,"-2","-1","2"],[3,"-0.001","0.001","2"],[0,"0.5","1","1"],[0,"2","4","4"]]}"#
        );
        out.clear();
        write_histogram(&mut out, &FloatHistogram::default());
        assert_eq!(out, r#"{"count":"0","sum":"0"}"#);
    }
}
