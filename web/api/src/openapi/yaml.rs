//! JSON as YAML in block style. Texts and unusual keys are written as JSON writes them, which YAML reads alike.

use serde_json::Value;

/// `value` as a YAML document.
pub(super) fn document(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, 0);
    out
}

/// Writes a value that begins a line of its own, at `depth`.
fn write(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                indent(out, depth);
                out.push_str(&shown_key(key));
                out.push(':');
                after(out, value, depth + 1);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                indent(out, depth);
                out.push('-');
                after(out, item, depth + 1);
            }
        }
        scalar => {
            indent(out, depth);
            out.push_str(&format!("{scalar}\n"));
        }
    }
}

/// Writes what follows a key or a dash: collections on lines of their own.
fn after(out: &mut String, value: &Value, depth: usize) {
    let on_lines = match value {
        Value::Object(entries) => !entries.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    if on_lines {
        out.push('\n');
        write(out, value, depth);
    } else {
        out.push_str(&format!(" {value}\n"));
    }
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n("  ", depth));
}

/// Plain where no reader of YAML can take it for anything else.
fn shown_key(key: &str) -> String {
    let plain = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '$')
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '.' | '-' | '$'))
        && !matches!(
            key,
            "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null"
        );
    match plain {
        true => key.to_owned(),
        false => Value::from(key).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn blocks() {
        let value = json!({
            "/path/{name}": {"c": null},
            "200": ["\n"],
            "a": [1, "x: y", [], {"b": {}, "on": true}],
        });
        let expected = "\"/path/{name}\":\n  c: null\n\"200\":\n  - \"\\n\"\na:\n  - 1\n  - \"x: y\"\n  - []\n  -\n    b: {}\n    \"on\": true\n";
        assert_eq!(document(&value), expected);
    }
}
