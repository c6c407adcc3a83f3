//! What is asked: each expression of the dashboard, over a day and over all the time that there is, as Grafana asks
//! for a panel some 720 pixels wide; expressions that Grafana asks for the end alone are asked so once.

use anyhow::{Context as _, Result};

use super::dashboard::Target;
use super::replace::{Chosen, replace};
use super::variables::{Lookup, Variables};

/// Questions over the same range.
#[derive(Debug)]
pub(super) struct Part {
    /// As the results name it.
    pub(super) title: String,
    /// Hours back from the end of the data, with the step in seconds; none is the end alone.
    pub(super) range: Option<(i64, i64)>,
    /// The questions, each another.
    pub(super) questions: Vec<Question>,
}

/// An expression, its variables replaced.
#[derive(Debug)]
pub(super) struct Question {
    /// The panel that asks it first, and its letter there.
    pub(super) name: String,
    /// The expression.
    pub(super) query: String,
    /// How often the dashboard asks it.
    pub(super) times: usize,
}

/// Time as built-in variables tell it, seconds.
#[derive(Debug, Clone, Copy)]
struct Window {
    end: i64,
    range: i64,
    step: i64,
    scrape: i64,
}

/// The questions of a dashboard to data of `days` days that end at `end` and have a sample in `scrape`, both in
/// seconds.
///
/// # Errors
/// When a variable has no value.
pub(super) fn parts(
    targets: &[Target],
    days: i64,
    end: i64,
    scrape: i64,
    variables: &mut Variables<'_>,
    lookup: &mut Lookup<'_>,
) -> Result<Vec<Part>> {
    // A point for each of 720 pixels.
    let day = (24, 24 * 3600 / 720);
    let all = (24 * days, days * 24 * 3600 / 720);
    let plans = [
        (format!("24 h at {}", duration(day.1)), Some(day), false),
        (format!("{days} d at {}", duration(all.1)), Some(all), false),
        ("the end alone".to_owned(), None, true),
    ];
    let mut parts = Vec::with_capacity(plans.len());
    for (title, range, instant) in plans {
        // Grafana tells instants of the range that the dashboard shows.
        let (hours, step) = range.unwrap_or(day);
        let window = Window {
            end,
            range: 3600 * hours,
            step,
            scrape,
        };
        let mut questions: Vec<Question> = Vec::new();
        for target in targets.iter().filter(|target| target.instant == instant) {
            let query = replace(&target.expression, &mut |name| match built_in(name, window) {
                Some(value) => Ok(Some(Chosen::verbatim(value))),
                None => variables.find(name, lookup).map(Some),
            });
            let query = query.with_context(|| target.name.clone())?;
            match questions.iter_mut().find(|question| question.query == query) {
                Some(known) => known.times += 1,
                None => questions.push(Question {
                    name: target.name.clone(),
                    query,
                    times: 1,
                }),
            }
        }
        if !questions.is_empty() {
            parts.push(Part {
                title,
                range,
                questions,
            });
        }
    }
    Ok(parts)
}

/// The value of one of Grafana's own variables.
fn built_in(name: &str, window: Window) -> Option<String> {
    let rate = (window.step + window.scrape).max(4 * window.scrape);
    Some(match name {
        "__interval" => duration(window.step),
        "__interval_ms" => (1000 * window.step).to_string(),
        "__rate_interval" => duration(rate),
        "__rate_interval_ms" => (1000 * rate).to_string(),
        "__range" => format!("{}s", window.range),
        "__range_s" => window.range.to_string(),
        "__range_ms" => (1000 * window.range).to_string(),
        "__from" => (1000 * (window.end - window.range)).to_string(),
        "__to" => (1000 * window.end).to_string(),
        _ => return None,
    })
}

/// Seconds as a duration of PromQL.
fn duration(seconds: i64) -> String {
    let parts = [
        (seconds / 3600, 'h'),
        (seconds / 60 % 60, 'm'),
        (seconds % 60, 's'),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    parts.map(|(count, unit)| format!("{count}{unit}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str, expression: &str, instant: bool) -> Target {
        Target {
            name: name.to_owned(),
            expression: expression.to_owned(),
            instant,
        }
    }

    #[test]
    fn each_range_has_its_own_intervals_and_each_question_is_asked_once() {
        let targets = [
            target("A", "rate(x{n=\"$node\"}[$__rate_interval])", false),
            target("B", "y[$__interval] + $__range_s", false),
            target("C", "rate(x{n=\"${node}\"}[${__rate_interval}])", false),
            target("D", "max_over_time(z[$__range])", true),
        ];
        let given = [("node".to_owned(), "a".to_owned())];
        let mut variables = Variables::new(&[], &given);
        let mut nobody = |_: Option<&str>, _: &str| anyhow::bail!("nothing to look up");
        let parts = parts(&targets, 30, 1_800_000_000, 120, &mut variables, &mut nobody).unwrap();
        let told: Vec<_> = parts
            .iter()
            .flat_map(|part| {
                part.questions
                    .iter()
                    .map(|q| (part.title.as_str(), q.query.as_str(), q.times))
            })
            .collect();
        let expected = [
            ("24 h at 2m", "rate(x{n=\"a\"}[8m])", 2),
            ("24 h at 2m", "y[2m] + 86400", 1),
            ("30 d at 1h", "rate(x{n=\"a\"}[1h2m])", 2),
            ("30 d at 1h", "y[1h] + 2592000", 1),
            ("the end alone", "max_over_time(z[86400s])", 1),
        ];
        assert_eq!(told, expected);
        assert_eq!(
            [parts[0].range, parts[1].range, parts[2].range],
            [Some((24, 120)), Some((720, 3600)), None]
        );
    }

    #[test]
    fn an_unknown_variable_names_the_panel() {
        let targets = [target("Disks, A", "x{d=~\"$disks\"}", false)];
        let mut nobody = |_: Option<&str>, _: &str| anyhow::bail!("nothing to look up");
        let error = parts(&targets, 30, 0, 120, &mut Variables::new(&[], &[]), &mut nobody).unwrap_err();
        assert!(
            format!("{error:#}").starts_with("Disks, A: no variable"),
            "{error:#}"
        );
    }
}
