//! The lines behind `eval` that say what must come out.

use std::sync::LazyLock;

use engine_model::number::parse_float;
use regex::Regex;

use super::parse::duration_ms;
use super::script::{Eval, Expected, Grid, TextMatch, When};
use super::series::{SeriesLine, parse_series_line};
use crate::parser::{parse_number, unquote_go};

static EXPECT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$"));
static RANGE_VECTOR: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^expect range vector\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+)$"));

/// A pattern of this module.
pub(super) fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is a constant")
}

/// What the caller does after a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// More lines may follow.
    More,
    /// The command ends with this line.
    Done,
}

/// Takes one line into the expectations of `eval`.
pub(super) fn expectation(eval: &mut Eval, line: &str) -> Result<After, String> {
    if eval.fail.is_some() {
        if let Some(text) = line.strip_prefix("expected_fail_message") {
            eval.fail = Some(TextMatch::Exact(text.trim().to_owned()));
            return Ok(After::Done);
        }
        if let Some(text) = line.strip_prefix("expected_fail_regexp") {
            eval.fail = Some(TextMatch::Pattern(user_pattern(text)?));
            return Ok(After::Done);
        }
    }
    if line.starts_with("expect range vector") {
        let grid = range_vector(line)?;
        if let When::Instant(at_ms) = &mut eval.when {
            *at_ms = grid.end_ms;
        }
        eval.range_vector = Some(grid);
        return Ok(After::More);
    }
    if let Some(text) = line.strip_prefix("expect string") {
        let text = unquote_go(text.trim_start()).ok_or("expect string needs a quoted string")?;
        eval.expected = Expected::String(text);
        return Ok(After::More);
    }
    if line.split(' ').next() == Some("expect") {
        return rule(eval, line).map(|()| After::More);
    }
    if let Some(value) = bare_number(line) {
        eval.expected = Expected::Scalar(value);
        return Ok(After::Done);
    }
    series(eval, line).map(|()| After::More)
}

fn series(eval: &mut Eval, line: &str) -> Result<(), String> {
    let (labels, values) = match parse_series_line(line)? {
        SeriesLine::Values(labels, values) => (labels, values),
        SeriesLine::StartTimestamps(..) => return Err("@st lines belong to load".to_owned()),
    };
    let instant = matches!(eval.when, When::Instant(_));
    if values.len() > 1 && instant && eval.range_vector.is_none() {
        return Err(
            "an instant evaluation has one value a series; say `expect range vector` for more".to_owned(),
        );
    }
    match &mut eval.expected {
        Expected::Series(series) => {
            series.retain(|(other, _)| *other != labels);
            series.push((labels, values));
        }
        other => *other = Expected::Series(vec![(labels, values)]),
    }
    Ok(())
}

fn rule(eval: &mut Eval, line: &str) -> Result<(), String> {
    let parts = EXPECT
        .captures(line)
        .ok_or("an expect line is `expect <type>` or `expect <type> msg:…` or `expect <type> regex:…`")?;
    let text = match (parts.get(2).map(|m| m.as_str()), parts.get(3)) {
        (Some("msg"), Some(text)) => TextMatch::Exact(text.as_str().trim().to_owned()),
        (Some(_), Some(text)) => TextMatch::Pattern(user_pattern(text.as_str())?),
        _ => TextMatch::Any,
    };
    match &parts[1] {
        "ordered" => eval.ordered = true,
        "fail" if eval.fail.is_some() => return Err("expect fail may be written once".to_owned()),
        "fail" => eval.fail = Some(text),
        "warn" => eval.warnings.each.push(text),
        "no_warn" => eval.warnings.none = true,
        "info" => eval.infos.each.push(text),
        _ => eval.infos.none = true,
    }
    for (name, rule) in [("warn", &eval.warnings), ("info", &eval.infos)] {
        if rule.none && !rule.each.is_empty() {
            return Err(format!(
                "expect {name} and expect no_{name} contradict each other"
            ));
        }
    }
    Ok(())
}

fn range_vector(line: &str) -> Result<Grid, String> {
    let parts = RANGE_VECTOR
        .captures(line)
        .ok_or("expected `expect range vector from <d> to <d> step <d>`")?;
    grid(&parts[1], &parts[2], &parts[3])
}

/// A grid from the texts of its durations.
pub(super) fn grid(from: &str, to: &str, step: &str) -> Result<Grid, String> {
    let grid = Grid {
        start_ms: duration_ms(from, "start")?,
        end_ms: duration_ms(to, "end")?,
        step_ms: duration_ms(step, "step")?,
    };
    if grid.end_ms < grid.start_ms {
        return Err(format!("end {to} is before start {from}"));
    }
    Ok(grid)
}

fn user_pattern(text: &str) -> Result<Regex, String> {
    Regex::new(text.trim()).map_err(|e| format!("invalid regular expression: {e}"))
}

/// A line that is nothing but a number.
fn bare_number(line: &str) -> Option<f64> {
    let unsigned = line.strip_prefix(['+', '-']).unwrap_or(line);
    let magnitude = match unsigned.starts_with(|c: char| c.is_ascii_digit()) {
        true => parse_number(unsigned).ok()?,
        false => parse_float(unsigned)?,
    };
    Some(if line.starts_with('-') {
        -magnitude
    } else {
        magnitude
    })
}
