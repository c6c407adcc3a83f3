//! Go's `Sprintf`: each verb for each kind of value, and Go's words for what does not fit.

use super::directive::{Cursor, Directive};
use super::float::format_float;
use super::quote::{quoted, quoted_ascii, quoted_char};
use super::{own_text, to_text, write_collection};
use crate::value::{Value, write_duration};

/// Formats; mistakes appear in the text (`%!d(string=x)`, `%!s(MISSING)`, `%!(EXTRA …)`), as in Go.
pub(crate) fn sprintf(format: &str, args: &[Value]) -> String {
    let mut out = String::with_capacity(format.len() + 16);
    let mut cursor = Cursor {
        args,
        next: 0,
        reordered: false,
    };
    let mut at = 0;
    while let Some(percent) = format[at..].find('%') {
        out.push_str(&format[at..at + percent]);
        let (directive, verb_at) = Directive::read(format, at + percent + 1, &mut cursor);
        if directive.bad_width {
            out.push_str("%!(BADWIDTH)");
        }
        if directive.bad_precision {
            out.push_str("%!(BADPREC)");
        }
        let Some(verb) = format[verb_at..].chars().next() else {
            out.push_str("%!(NOVERB)");
            at = format.len();
            break;
        };
        at = verb_at + verb.len_utf8();
        match cursor.args.get(cursor.next) {
            _ if verb == '%' => out.push('%'),
            _ if directive.bad_index => out.push_str(&format!("%!{verb}(BADINDEX)")),
            None => out.push_str(&format!("%!{verb}(MISSING)")),
            Some(value) => {
                cursor.next += 1;
                write_verb(&mut out, &directive, verb, value);
            }
        }
    }
    out.push_str(&format[at..]);
    write_extra(&mut out, &cursor);
    out
}

/// Arguments that no verb asked for.
fn write_extra(out: &mut String, cursor: &Cursor<'_>) {
    let extra = cursor.args.get(cursor.next..).unwrap_or_default();
    if cursor.reordered || extra.is_empty() {
        return;
    }
    let texts: Vec<String> = extra.iter().map(typed).collect();
    out.push_str(&format!("%!(EXTRA {})", texts.join(", ")));
}

/// `type=value`, the form in which Go shows a value that does not fit.
fn typed(value: &Value) -> String {
    match value {
        Value::Nil => "<nil>".to_owned(),
        value => format!("{}={}", value.type_name(), to_text(value)),
    }
}

fn write_verb(out: &mut String, directive: &Directive, verb: char, value: &Value) {
    if verb == 'T' {
        return directive.pad(out, value.type_name());
    }
    let mut text = String::new();
    let done = match value {
        Value::Nil if verb == 'v' => {
            directive.pad(&mut text, "<nil>");
            true
        }
        Value::Nil => false,
        Value::Bool(value) => write_bool(&mut text, directive, verb, *value),
        Value::Int(value) => write_integer(&mut text, directive, verb, *value),
        Value::Float(value) => write_float(&mut text, directive, verb, *value),
        Value::String(value) => write_string(&mut text, directive, verb, value),
        Value::Time(time) => write_string(&mut text, directive, verb, &time.to_go_string()),
        Value::Duration(nanoseconds) if matches!(verb, 'v' | 's' | 'q') => {
            let mut duration = String::new();
            write_duration(&mut duration, *nanoseconds);
            write_string(&mut text, directive, verb, &duration)
        }
        Value::Duration(nanoseconds) => write_integer(&mut text, directive, verb, *nanoseconds),
        Value::List(_) | Value::Map(_) => match own_text(value) {
            Some(own) if matches!(verb, 'v' | 's' | 'q' | 'x' | 'X') => {
                write_string(&mut text, directive, verb, &own)
            }
            _ => {
                write_collection(&mut text, value, &mut |out, item| {
                    write_verb(out, directive, verb, item)
                });
                true
            }
        },
    };
    if done {
        return out.push_str(&text);
    }
    // Go prints the misfit with the directive's own width and precision.
    out.push_str(&format!("%!{verb}("));
    if !matches!(value, Value::Nil) {
        out.push_str(value.type_name());
        out.push('=');
    }
    write_verb(
        out,
        &Directive {
            precision: None,
            ..directive.clone()
        },
        'v',
        value,
    );
    out.push(')');
}

fn write_bool(out: &mut String, directive: &Directive, verb: char, value: bool) -> bool {
    let fits = matches!(verb, 't' | 'v');
    if fits {
        let blank = Directive {
            zero: false,
            ..directive.clone()
        };
        blank.pad(out, if value { "true" } else { "false" });
    }
    fits
}

fn write_integer(out: &mut String, directive: &Directive, verb: char, value: i64) -> bool {
    let magnitude = value.unsigned_abs();
    let (prefix, digits) = match verb {
        'v' | 'd' => ("", magnitude.to_string()),
        'b' => (if directive.sharp { "0b" } else { "" }, format!("{magnitude:b}")),
        'o' => (if directive.sharp { "0" } else { "" }, format!("{magnitude:o}")),
        'O' => ("0o", format!("{magnitude:o}")),
        'x' => (if directive.sharp { "0x" } else { "" }, format!("{magnitude:x}")),
        'X' => (if directive.sharp { "0X" } else { "" }, format!("{magnitude:X}")),
        'c' => {
            directive.pad(out, &character(value).to_string());
            return true;
        }
        'q' => {
            directive.pad(out, &quoted_char(character(value), directive.plus));
            return true;
        }
        'U' => {
            directive.pad(out, &format!("U+{magnitude:04X}"));
            return true;
        }
        _ => return false,
    };
    let zeros = directive.precision.unwrap_or(0).saturating_sub(digits.len());
    let digits = if directive.precision == Some(0) && value == 0 {
        String::new()
    } else {
        digits
    };
    let sign = match (value < 0, directive.plus, directive.space) {
        (true, ..) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    };
    let text = format!("{sign}{prefix}{}{digits}", "0".repeat(zeros));
    // A precision switches the padding with zeros off.
    let padded = Directive {
        zero: directive.zero && directive.precision.is_none(),
        ..directive.clone()
    };
    padded.pad_number(out, &text);
    true
}

fn character(value: i64) -> char {
    u32::try_from(value)
        .ok()
        .and_then(char::from_u32)
        .unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn write_float(out: &mut String, directive: &Directive, verb: char, value: f64) -> bool {
    let precision = match verb {
        'e' | 'E' | 'f' | 'F' => Some(directive.precision.unwrap_or(6)),
        'g' | 'G' | 'v' => directive.precision,
        _ => return false,
    };
    let text = format_float(value, if verb == 'v' { 'g' } else { verb }, precision);
    let text = match (
        text.strip_prefix('+').unwrap_or(&text),
        directive.plus,
        directive.space,
    ) {
        (negative, ..) if negative.starts_with('-') => negative.to_owned(),
        (positive, true, _) => format!("+{positive}"),
        (positive, false, true) => format!(" {positive}"),
        // Positive infinity keeps its sign.
        _ => text,
    };
    // Infinity and NaN are never padded with zeros.
    let padded = Directive {
        zero: directive.zero && value.is_finite(),
        ..directive.clone()
    };
    padded.pad_number(out, &text);
    true
}

fn write_string(out: &mut String, directive: &Directive, verb: char, value: &str) -> bool {
    let cut: String = match directive.precision {
        Some(precision) if !matches!(verb, 'x' | 'X') => value.chars().take(precision).collect(),
        _ => value.to_owned(),
    };
    let text = match verb {
        'v' | 's' => cut,
        'q' if directive.sharp && !cut.contains('`') && !cut.chars().any(char::is_control) => {
            format!("`{cut}`")
        }
        'q' if directive.plus => quoted_ascii(&cut),
        'q' => quoted(&cut),
        'x' | 'X' => hexadecimal(directive, verb, cut.as_bytes()),
        _ => return false,
    };
    directive.pad(out, &text);
    true
}

fn hexadecimal(directive: &Directive, verb: char, bytes: &[u8]) -> String {
    let bytes = &bytes[..directive.precision.unwrap_or(usize::MAX).min(bytes.len())];
    let prefix = match (directive.sharp && !bytes.is_empty(), verb) {
        (true, 'x') => "0x",
        (true, _) => "0X",
        _ => "",
    };
    let pair = |byte: &u8| {
        if verb == 'x' {
            format!("{byte:02x}")
        } else {
            format!("{byte:02X}")
        }
    };
    let pairs: Vec<String> = bytes.iter().map(pair).collect();
    if directive.space {
        let pairs: Vec<String> = pairs.iter().map(|pair| format!("{prefix}{pair}")).collect();
        return pairs.join(" ");
    }
    format!("{prefix}{}", pairs.concat())
}
