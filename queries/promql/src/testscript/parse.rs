//! The file format: lines, commands and their bodies.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use engine_model::duration::parse_duration_ms;
use regex::Regex;

use super::expectations::{After, expectation, grid, pattern};
use super::script::{AnnotationRule, Command, Eval, Expected, Load, LoadedSeries, Script, TextMatch, When};
use super::series::{SeriesLine, parse_series_line};

static LOAD: LazyLock<Regex> = LazyLock::new(|| pattern(r"^load(?:_(with_nhcb))?\s+(.+?)$"));
static INSTANT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^eval(?:_(fail|warn|ordered|info))?\s+instant\s+at\s+(.+?)\s+(.+)$"));
static RANGE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$")
});

/// A script that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ScriptError {
    /// Line of the fault, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// Parses a script. Expressions are kept as text: what does not parse is judged when it is evaluated.
pub fn parse_script(text: &str) -> Result<Script, ScriptError> {
    let mut lines = Lines {
        // A comment stands for an empty line, so one inside a body ends the command.
        lines: text
            .split('\n')
            .map(str::trim)
            .map(|l| if l.starts_with('#') { "" } else { l })
            .collect(),
        next: 0,
    };
    let mut commands = Vec::new();
    while let Some(line) = lines.take() {
        let number = lines.next;
        let word = line
            .split([' ', '\t'])
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let command = match word.as_str() {
            "" => continue,
            "clear" => Ok(Command::Clear),
            word if word.starts_with("load") => load(line, &mut lines).map(Command::Load),
            word if word.starts_with("eval") => {
                eval(line, number, &mut lines).map(|e| Command::Eval(Box::new(e)))
            }
            _ => Err(format!("invalid command {line:?}: expected clear, load or eval")),
        };
        commands.push(command.map_err(|message| ScriptError {
            line: lines.next,
            message,
        })?);
    }
    Ok(Script { commands })
}

struct Lines<'a> {
    lines: Vec<&'a str>,
    next: usize,
}

impl<'a> Lines<'a> {
    fn take(&mut self) -> Option<&'a str> {
        let line = self.lines.get(self.next)?;
        self.next += 1;
        Some(line)
    }

    /// The next line of a command's body; an empty line ends it.
    fn take_body(&mut self) -> Option<&'a str> {
        let line = self.lines.get(self.next).filter(|l| !l.is_empty())?;
        self.next += 1;
        Some(line)
    }
}

/// Milliseconds of a duration in a script.
pub(super) fn duration_ms(text: &str, what: &str) -> Result<i64, String> {
    parse_duration_ms(text).map_err(|e| format!("invalid {what} {text:?}: {e}"))
}

fn load(line: &str, lines: &mut Lines<'_>) -> Result<Load, String> {
    let parts = LOAD
        .captures(line)
        .ok_or("a load command is `load <step>` or `load_with_nhcb <step>`")?;
    let mut load = Load {
        step_ms: duration_ms(&parts[2], "step")?,
        with_nhcb: parts.get(1).is_some(),
        series: BTreeMap::new(),
    };
    let mut pending = None;
    while let Some(line) = lines.take_body() {
        match (parse_series_line(line)?, pending.take()) {
            (SeriesLine::StartTimestamps(labels, offsets), None) => pending = Some((labels, offsets)),
            (SeriesLine::StartTimestamps(..), Some(_)) => {
                return Err("an @st line needs its series on the next line".to_owned());
            }
            (SeriesLine::Values(labels, values), starts) => {
                if let Some((started, offsets)) = &starts {
                    if *started != labels {
                        return Err("the series differs from that of the @st line before it".to_owned());
                    }
                    if offsets.len() != values.len() {
                        let (starts, values) = (offsets.len(), values.len());
                        return Err(format!("the @st line has {starts} values, its series {values}"));
                    }
                }
                let start_offsets_ms = starts.map(|(_, offsets)| offsets);
                load.series.insert(
                    labels,
                    LoadedSeries {
                        values,
                        start_offsets_ms,
                    },
                );
            }
        }
    }
    match pending {
        Some(_) => Err("an @st line needs its series on the next line".to_owned()),
        None => Ok(load),
    }
}

fn eval(line: &str, number: usize, lines: &mut Lines<'_>) -> Result<Eval, String> {
    let (mode, expr, when) = if let Some(parts) = INSTANT.captures(line) {
        let when = When::Instant(duration_ms(&parts[2], "time")?);
        (
            parts.get(1).map(|m| m.as_str().to_owned()),
            parts[3].to_owned(),
            when,
        )
    } else if let Some(parts) = RANGE.captures(line) {
        let when = When::Range(grid(&parts[2], &parts[3], &parts[4])?);
        (
            parts.get(1).map(|m| m.as_str().to_owned()),
            parts[5].to_owned(),
            when,
        )
    } else {
        return Err("an eval command is `eval instant at <time> <expression>` or \
                    `eval range from <time> to <time> step <duration> <expression>`"
            .to_owned());
    };
    let mode = mode.unwrap_or_default();
    let mut eval = Eval {
        line: number,
        expr,
        when,
        expected: Expected::Series(Vec::new()),
        range_vector: None,
        ordered: mode == "ordered",
        fail: (mode == "fail").then_some(TextMatch::Any),
        warnings: AnnotationRule {
            some: mode == "warn",
            ..AnnotationRule::default()
        },
        infos: AnnotationRule {
            some: mode == "info",
            ..AnnotationRule::default()
        },
    };
    while let Some(line) = lines.take_body() {
        if expectation(&mut eval, line)? == After::Done {
            break;
        }
    }
    Ok(eval)
}
