//! `${VAR}` and `$VAR` in external label values, with the rules of Go's `os.Expand`.

/// A text with its variables replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expansion {
    /// The text after expansion.
    pub text: String,
    /// Names that were unset or empty, which expand to nothing; callers warn about them.
    pub missing: Vec<String>,
}

/// Replaces variables by what `lookup` says; `$$` is one dollar, as Prometheus reads it.
pub fn expand_environment(text: &str, lookup: impl Fn(&str) -> Option<String>) -> Expansion {
    let mut expansion = Expansion {
        text: String::with_capacity(text.len()),
        missing: Vec::new(),
    };
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        expansion.text.push_str(&rest[..dollar]);
        let tail = &rest[dollar + 1..];
        if tail.is_empty() {
            rest = &rest[dollar..];
            break;
        }
        let (name, width) = variable_name(tail);
        match (name, width) {
            ("", 0) => expansion.text.push('$'),
            ("", _) => {}
            ("$", _) => expansion.text.push('$'),
            (name, _) => match lookup(name).filter(|value| !value.is_empty()) {
                Some(value) => expansion.text.push_str(&value),
                None => expansion.missing.push(name.to_owned()),
            },
        }
        rest = &tail[width..];
    }
    expansion.text.push_str(rest);
    expansion
}

/// The name after a dollar and how many bytes it takes; `("", n)` is bad syntax that Go swallows.
fn variable_name(tail: &str) -> (&str, usize) {
    let bytes = tail.as_bytes();
    if bytes[0] == b'{' {
        return match tail.find('}') {
            Some(1) => ("", 2),
            Some(end) => (&tail[1..end], end + 1),
            None => ("", 1),
        };
    }
    if is_special(bytes[0]) {
        return (&tail[..1], 1);
    }
    let len = bytes
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
        .count();
    (&tail[..len], len)
}

/// Single-character names of the shell: `$1`, `$?`, `$$` and so on.
fn is_special(byte: u8) -> bool {
    matches!(byte, b'*' | b'#' | b'$' | b'@' | b'!' | b'?' | b'-' | b'0'..=b'9')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expands() {
        let lookup = |name: &str| match name {
            "HOST" => Some("web-1".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let cases: [(&str, &str, &[&str]); 12] = [
            ("plain", "plain", &[]),
            ("$HOST", "web-1", &[]),
            ("a-${HOST}-b", "a-web-1-b", &[]),
            ("$HOST.local", "web-1.local", &[]),
            ("$HOST_2", "", &["HOST_2"]),
            ("${EMPTY}x", "x", &["EMPTY"]),
            ("50$", "50$", &[]),
            ("50$ off", "50$ off", &[]),
            ("$$HOST", "$HOST", &[]),
            ("${}x", "x", &[]),
            ("${HOST", "HOST", &[]),
            ("é$HOST é", "éweb-1 é", &[]),
        ];
        for (text, expected, missing) in cases {
            let expansion = expand_environment(text, lookup);
            assert_eq!(expansion.text, expected, "{text}");
            assert_eq!(expansion.missing, missing, "{text}");
        }
    }
}
