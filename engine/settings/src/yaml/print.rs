//! The tree as YAML text again, with secrets hidden.

use std::collections::BTreeSet;

use super::node::{Node, Position, Scalar, Value};
use crate::secret::REDACTED;

/// Block style, two spaces a level; a scalar whose place is in `secrets` becomes `<secret>`.
pub(super) fn print(root: &Node, secrets: &BTreeSet<Position>) -> String {
    let mut printer = Printer {
        out: String::new(),
        secrets,
    };
    match &root.value {
        Value::Scalar(_) => printer.inline(root),
        _ => printer.block(root, 0),
    }
    printer.out
}

struct Printer<'a> {
    out: String,
    secrets: &'a BTreeSet<Position>,
}

impl Printer<'_> {
    /// Writes a collection that is not empty, line by line; the cursor is at the start of a line.
    fn block(&mut self, node: &Node, indent: usize) {
        match &node.value {
            Value::Mapping(entries) => {
                for (i, (key, value)) in entries.iter().enumerate() {
                    if i > 0 {
                        self.indent(indent);
                    }
                    let quoted = key.text.is_empty();
                    write_scalar(
                        &mut self.out,
                        &Scalar {
                            text: key.text.clone(),
                            quoted,
                        },
                    );
                    self.out.push(':');
                    self.after_key(value, indent);
                }
            }
            Value::List(items) => {
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        self.indent(indent);
                    }
                    self.out.push_str("- ");
                    if is_block(item) {
                        self.block(item, indent + 2)
                    } else {
                        self.inline(item)
                    }
                }
            }
            Value::Scalar(_) => self.inline(node),
        }
    }

    fn after_key(&mut self, value: &Node, indent: usize) {
        if !is_block(value) {
            self.out.push(' ');
            return self.inline(value);
        }
        // Lists stand under their key without indentation, as Prometheus prints them.
        let indent = if matches!(value.value, Value::List(_)) {
            indent
        } else {
            indent + 2
        };
        self.out.push('\n');
        self.indent(indent);
        self.block(value, indent);
    }

    /// Writes what fits on one line, and its line end.
    fn inline(&mut self, node: &Node) {
        match &node.value {
            Value::Mapping(_) => self.out.push_str("{}"),
            Value::List(_) => self.out.push_str("[]"),
            Value::Scalar(scalar) if self.secrets.contains(&node.position) && !scalar.is_null() => {
                self.out.push_str(REDACTED);
            }
            Value::Scalar(scalar) => write_scalar(&mut self.out, scalar),
        }
        self.out.push('\n');
    }

    fn indent(&mut self, indent: usize) {
        self.out.extend(std::iter::repeat_n(' ', indent));
    }
}

/// Whether a node needs lines of its own.
fn is_block(node: &Node) -> bool {
    match &node.value {
        Value::Mapping(entries) => !entries.is_empty(),
        Value::List(items) => !items.is_empty(),
        Value::Scalar(_) => false,
    }
}

fn write_scalar(out: &mut String, scalar: &Scalar) {
    let text = &scalar.text;
    if scalar.is_null() {
        out.push_str("null");
    } else if text.chars().any(char::is_control) {
        write_double_quoted(out, text);
    } else if scalar.quoted || !is_plain_safe(text) {
        out.push('\'');
        out.push_str(&text.replace('\'', "''"));
        out.push('\'');
    } else {
        out.push_str(text);
    }
}

/// Whether a text can stand without quotes in block style and be read back as itself.
fn is_plain_safe(text: &str) -> bool {
    let first_ok = match text.as_bytes() {
        [b'-' | b'?' | b':', next, ..] => *next != b' ',
        [first, ..] => !b"-?:,[]{}#&*!|>'\"%@` ".contains(first),
        [] => false,
    };
    first_ok
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([':', ' '])
        && !text.starts_with("---")
        && !text.starts_with("...")
}

fn write_double_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}
