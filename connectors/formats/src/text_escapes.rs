//! The escapes of the text format: help has backslash and line feed escaped, quoted text also the quote.

/// Appends help text.
pub fn write_help(out: &mut String, text: &str) {
    escape(out, text, false);
}

/// Appends a label's value, or a name that needs quotes, in quotes.
pub fn write_quoted(out: &mut String, text: &str) {
    out.push('"');
    escape(out, text, true);
    out.push('"');
}

fn escape(out: &mut String, text: &str, quoted: bool) {
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '"' if quoted => out.push_str("\\\""),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_quoted_text_has_its_quotes_escaped() {
        let text = "a\\b\n\"c\"";
        let (mut help, mut quoted) = (String::new(), String::new());
        write_help(&mut help, text);
        write_quoted(&mut quoted, text);
        assert_eq!(help, r#"a\\b\n"c""#);
        assert_eq!(quoted, r#""a\\b\n\"c\"""#);
    }
}
