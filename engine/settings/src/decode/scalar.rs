//! Scalars become typed values here, by Go's YAML rules where Prometheus relies on them.

use std::path::PathBuf;

use engine_model::duration::parse_duration_ms;
use url::Url;

use super::Field;
use crate::byte_size::parse_byte_size;
use crate::diagnostics::Error;
use crate::secret::Secret;
use crate::yaml::{Scalar, Value};

impl<'a> Field<'a> {
    /// Any scalar's text as written: `5`, `yes` and `0755` are strings too. Nothing is "".
    pub fn string(self) -> Result<String, Error> {
        match &self.node.value {
            Value::Scalar(scalar) if scalar.is_null() => Ok(String::new()),
            Value::Scalar(scalar) => Ok(scalar.text.clone()),
            _ => Err(self.expected("a string")),
        }
    }

    /// A string that may not be empty.
    pub fn non_empty_string(self) -> Result<String, Error> {
        let text = self.clone().string()?;
        if text.is_empty() {
            Err(self.error("may not be empty; write a value or remove the key"))
        } else {
            Ok(text)
        }
    }

    /// A bool in YAML 1.1's words: true, yes, on, y and their opposites.
    pub fn bool(self) -> Result<bool, Error> {
        match self.plain("true or false")? {
            "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => Ok(true),
            "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => Ok(false),
            _ => Err(self.expected("true or false")),
        }
    }

    /// A whole number: decimal, `0x`, `0o`, `0b`, octal by a leading 0, `_` between digits.
    pub fn i64(self) -> Result<i64, Error> {
        let text = self.plain("a whole number")?;
        parse_integer(text).ok_or_else(|| self.expected("a whole number"))
    }

    /// A whole number from 0 up.
    pub fn u64(self) -> Result<u64, Error> {
        const WHAT: &str = "a whole number that is not negative";
        let value = parse_integer(self.plain(WHAT)?).and_then(|value| u64::try_from(value).ok());
        value.ok_or_else(|| self.expected(WHAT))
    }

    /// A number, `.inf`, `-.inf` and `.nan` included.
    pub fn f64(self) -> Result<f64, Error> {
        let text = self.plain("a number")?;
        parse_number(text).ok_or_else(|| self.expected("a number"))
    }

    /// A Prometheus duration such as `30s` or `1h30m`, in milliseconds.
    pub fn duration_ms(self) -> Result<i64, Error> {
        const ADVICE: &str = "write it like 30s, 5m or 1h30m";
        let scalar = self.scalar("a duration such as 30s or 1h30m")?;
        parse_duration_ms(&scalar.text).map_err(|error| self.error(format!("{error}; {ADVICE}")))
    }

    /// A size such as `15MB`, in bytes.
    pub fn byte_size(self) -> Result<u64, Error> {
        let scalar = self.scalar("a size such as 15MB")?;
        parse_byte_size(&scalar.text).map_err(|error| self.error(error.to_string()))
    }

    /// A text that is never shown: it prints as `<secret>`, also in [`crate::Document::to_yaml`].
    pub fn secret(self) -> Result<Secret, Error> {
        self.document.mark_secret(self.node.position);
        match &self.node.value {
            Value::Scalar(scalar) if scalar.is_null() => Ok(Secret::default()),
            Value::Scalar(scalar) => Ok(Secret::new(scalar.text.clone())),
            _ => Err(self.error("expected a string")),
        }
    }

    /// An http or https URL with a host.
    pub fn url(self) -> Result<Url, Error> {
        let text = self.clone().string()?;
        parse_url(&text).map_err(|fault| {
            self.error(format!(
                "{fault} in {text:?}; write it like http://host:port/path"
            ))
        })
    }

    /// A URL that may carry a token, hidden as a whole; its faults do not repeat it either.
    pub fn secret_url(self) -> Result<(Url, Secret), Error> {
        let secret = self.clone().secret()?;
        let url = parse_url(secret.reveal())
            .map_err(|fault| self.error(format!("{fault}; write it like http://host:port/path")))?;
        Ok((url, secret))
    }

    /// A file path; a relative one starts at the folder of the configuration file.
    pub fn path_of_file(self) -> Result<PathBuf, Error> {
        let document = self.document;
        Ok(document.resolve(&self.non_empty_string()?))
    }

    /// One of a few words: `field.one_of(&[("http", Scheme::Http), ("https", Scheme::Https)])`.
    pub fn one_of<T: Clone>(self, words: &[(&str, T)]) -> Result<T, Error> {
        let text = self.clone().string()?;
        match words.iter().find(|(word, _)| *word == text) {
            Some((_, value)) => Ok(value.clone()),
            None => {
                let list: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                Err(self.expected(&format!("one of {}", list.join(", "))))
            }
        }
    }

    fn scalar(&self, what: &str) -> Result<&'a Scalar, Error> {
        match &self.node.value {
            Value::Scalar(scalar) if !scalar.is_null() => Ok(scalar),
            _ => Err(self.expected(what)),
        }
    }

    /// The text of a scalar that is not a string by its quotes.
    fn plain(&self, what: &str) -> Result<&'a str, Error> {
        let scalar = self.scalar(what)?;
        if scalar.quoted {
            let got = self.node.describe();
            return Err(self.error(format!("expected {what}, got {got}; remove the quotes")));
        }
        Ok(&scalar.text)
    }
}

pub(super) fn parse_integer(text: &str) -> Option<i64> {
    let cleaned = text.replace('_', "");
    let (negative, digits) = match cleaned.as_bytes() {
        [b'-', ..] => (true, &cleaned[1..]),
        [b'+', ..] => (false, &cleaned[1..]),
        _ => (false, cleaned.as_str()),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', _, ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', _, ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    match i128::from_str_radix(digits, radix) {
        Ok(value) => i64::try_from(if negative { -value } else { value }).ok(),
        // `1e3` is a whole number too.
        Err(_) if radix == 10 => parse_number(text)
            .filter(|v| v.fract() == 0.0 && v.abs() < 9e15)
            .map(|v| v as i64),
        Err(_) => None,
    }
}

pub(super) fn parse_number(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    match unsigned {
        ".inf" | ".Inf" | ".INF" if text.starts_with('-') => return Some(f64::NEG_INFINITY),
        ".inf" | ".Inf" | ".INF" => return Some(f64::INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Some(f64::NAN),
        _ => {}
    }
    // Rust reads "inf" and "nan" as well, which YAML takes for strings.
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if matches!(
        unsigned.as_bytes(),
        [b'0', b'x' | b'X' | b'o' | b'O' | b'b' | b'B', ..]
    ) {
        return parse_integer(text).map(|value| value as f64);
    }
    text.replace('_', "").parse().ok()
}

fn parse_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("not a URL ({error})"))?;
    match url.scheme() {
        "http" | "https" => {}
        other => return Err(format!("unsupported scheme {other:?} for a URL")),
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err("missing host for a URL".to_owned());
    }
    Ok(url)
}
