//! Go's `%q`: strings and characters in double or single quotes with escapes.

/// A string in double quotes.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        write_escaped(&mut out, c, '"', false);
    }
    out.push('"');
    out
}

/// A string with every character beyond ASCII escaped (`%+q`).
pub(super) fn quoted_ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        write_escaped(&mut out, c, '"', true);
    }
    out.push('"');
    out
}

/// A character in single quotes.
pub(super) fn quoted_char(c: char, ascii: bool) -> String {
    let mut out = "'".to_owned();
    write_escaped(&mut out, c, '\'', ascii);
    out.push('\'');
    out
}

fn write_escaped(out: &mut String, c: char, quote: char, ascii: bool) {
    match c {
        c if c == quote || c == '\\' => out.extend(['\\', c]),
        '\x07' => out.push_str("\\a"),
        '\x08' => out.push_str("\\b"),
        '\x0c' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\x0b' => out.push_str("\\v"),
        c if u32::from(c) < 0x20 || c == '\x7f' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
        c if is_printable(c) && (c.is_ascii() || !ascii) => out.push(c),
        c if u32::from(c) < 0x10000 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
        c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
    }
}

/// Go's `IsPrint`, without the unassigned code points.
fn is_printable(c: char) -> bool {
    let invisible = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{f0000}'..);
    !c.is_control() && !invisible && (c == ' ' || !c.is_whitespace())
}
