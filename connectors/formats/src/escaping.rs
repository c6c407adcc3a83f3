//! Names of metrics and labels for peers that know only `[a-zA-Z_:][a-zA-Z0-9_:]*`: Prometheus's four schemes,
//! as they are negotiated with `escaping=`, and the way back.

use std::borrow::Cow;
use std::fmt::Write;

/// Begins a name whose odd characters are written by their code points.
const VALUES_PREFIX: &str = "U__";
/// Digits that the largest code point, 10FFFF, needs.
const CODE_POINT_DIGITS_MAX: usize = 6;

/// How names that are not legacy names are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EscapingScheme {
    /// As they are.
    #[default]
    AllowUtf8,
    /// Each odd character is an underscore. There is no way back.
    Underscores,
    /// `.` is `_dot_`, `_` is `__`, and so is everything else that is odd.
    Dots,
    /// `U__` before the name, `__` for `_`, and `_2e_` for what is odd.
    Values,
}

impl EscapingScheme {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::AllowUtf8, Self::Underscores, Self::Dots, Self::Values];

    /// The word of `Accept` and `Content-Type` headers and of configurations.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AllowUtf8 => "allow-utf-8",
            Self::Underscores => "underscores",
            Self::Dots => "dots",
            Self::Values => "values",
        }
    }

    /// The scheme of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.as_str() == word)
    }

    /// Writes `name` under the scheme.
    pub fn escape(self, name: &str) -> Cow<'_, str> {
        let is_legacy = name.char_indices().all(|(i, c)| is_legacy_char(c, i));
        match self {
            Self::AllowUtf8 => return Cow::Borrowed(name),
            Self::Underscores | Self::Values if is_legacy => return Cow::Borrowed(name),
            Self::Underscores | Self::Dots | Self::Values => {}
        }
        let mut out = String::with_capacity(name.len() + VALUES_PREFIX.len());
        if self == Self::Values {
            out.push_str(VALUES_PREFIX);
        }
        for (i, c) in name.char_indices() {
            match (self, c) {
                (Self::Dots | Self::Values, '_') => out.push_str("__"),
                (Self::Dots, '.') => out.push_str("_dot_"),
                (_, c) if is_legacy_char(c, i) => out.push(c),
                (Self::Dots, _) => out.push_str("__"),
                (Self::Values, c) => {
                    write!(out, "_{:x}_", c as u32).expect("writing to a string cannot fail")
                }
                (_, _) => out.push('_'),
            }
        }
        Cow::Owned(out)
    }

    /// The name that was written under the scheme; what does not follow it stays as it is.
    pub fn unescape(self, name: &str) -> Cow<'_, str> {
        match self {
            Self::AllowUtf8 | Self::Underscores => Cow::Borrowed(name),
            Self::Dots => Cow::Owned(name.replace("_dot_", ".").replace("__", "_")),
            Self::Values => match name.strip_prefix(VALUES_PREFIX).and_then(unescape_values) {
                Some(unescaped) => Cow::Owned(unescaped),
                None => Cow::Borrowed(name),
            },
        }
    }
}

/// Whether a character may stand at this place of a legacy name.
fn is_legacy_char(c: char, at: usize) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == ':' || (c.is_ascii_digit() && at > 0)
}

fn unescape_values(escaped: &str) -> Option<String> {
    let mut out = String::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some((before, after)) = rest.split_once('_') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('_') {
            out.push('_');
            rest = after;
            continue;
        }
        let (digits, after) = after.split_once('_')?;
        let is_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_hexadecimal || digits.len() > CODE_POINT_DIGITS_MAX {
            return None;
        }
        out.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::EscapingScheme::{AllowUtf8, Dots, Underscores, Values};
    use super::*;

    #[test]
    fn names_under_each_scheme() {
        for (name, underscores, dots, values) in [
            ("", "", "", ""),
            (
                "no:escaping_required",
                "no:escaping_required",
                "no:escaping__required",
                "no:escaping_required",
            ),
            (
                "mysystem.prod.west.cpu.load",
                "mysystem_prod_west_cpu_load",
                "mysystem_dot_prod_dot_west_dot_cpu_dot_load",
                "U__mysystem_2e_prod_2e_west_2e_cpu_2e_load",
            ),
            (
                "http.status:sum_total",
                "http_status:sum_total",
                "http_dot_status:sum__total",
                "U__http_2e_status:sum__total",
            ),
            ("0name", "_name", "__name", "U___30_name"),
            (
                "label with 😱",
                "label_with__",
                "label__with____",
                "U__label_20_with_20__1f631_",
            ),
            ("花火", "__", "____", "U___82b1__706b_"),
        ] {
            assert_eq!(AllowUtf8.escape(name), name);
            assert_eq!(Underscores.escape(name), underscores);
            assert_eq!(Dots.escape(name), dots);
            assert_eq!(Values.escape(name), values);
        }
    }

    #[test]
    fn what_does_not_follow_the_scheme_stays() {
        for (name, expected) in [
            ("U__my_2e_name", "my.name"),
            ("U__my_2E_name", "my.name"),
            ("U__a__b", "a_b"),
            ("U__a_", "U__a_"),
            ("U__a_2e", "U__a_2e"),
            ("U__a_xyz_", "U__a_xyz_"),
            ("U__a_d900_", "U__a_d900_"),
            ("U__a_1100000_", "U__a_1100000_"),
            ("a_2e_b", "a_2e_b"),
        ] {
            assert_eq!(Values.unescape(name), expected, "{name}");
        }
        assert_eq!(Dots.unescape("a_dot_b__c"), "a.b_c");
        assert_eq!(Underscores.unescape("a__b"), "a__b");
        assert_eq!(EscapingScheme::from_word("dots"), Some(Dots));
        assert_eq!(EscapingScheme::from_word("none"), None);
    }

    proptest! {
        #[test]
        fn values_come_back(name in "\\PC{0,20}") {
            prop_assume!(!name.starts_with(VALUES_PREFIX));
            let escaped = Values.escape(&name).into_owned();
            prop_assert_eq!(Values.unescape(&escaped), name);
        }
    }
}
