//! JSON written straight into a string: results can be large, and trees of values would double them.

use engine_model::Labels;
use engine_model::number::write_json_value;
use engine_model::time::write_seconds;

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

/// Appends a sample as `[seconds,"value"]`.
pub(crate) fn write_sample(out: &mut String, at_ms: i64, value: f64) {
    out.push('[');
    write_seconds(out, at_ms);
    out.push_str(",\"");
    write_json_value(out, value);
    out.push_str("\"]");
}

#[cfg(test)]
mod tests {
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
        assert_eq!(out, r#"{"a":"1","b":"\""}[-1.5,"-Inf"]"#);
    }
}
