//! Whether Prometheus agrees with itself: asked again, and asked step by step what it answered over a range.

use std::collections::BTreeMap;

use anyhow::Result;

use super::answer::{Answer, Data, Point, Series};
use super::compare::{Strictness, difference};
use super::question::{Question, seconds};
use super::server::Server;

/// How often it is asked again.
const ASKED_AGAIN: usize = 5;

/// Why an answer that Prometheus does not give twice need not be Weir's.
pub(super) async fn of_two_minds(
    reference: &Server,
    question: &Question,
    expected: &Answer,
    actual: &Answer,
) -> Result<Option<&'static str>> {
    let strictness = Strictness::of(question);
    for _ in 0..ASKED_AGAIN {
        let again = reference.ask(question).await?;
        if difference(expected, &again, strictness).is_some() {
            return Ok(Some("Prometheus answers otherwise when it is asked again"));
        }
    }
    let steps = step_by_step(reference, question).await?;
    let agrees = steps.is_some_and(|steps| difference(&steps, actual, strictness).is_none());
    Ok(agrees
        .then_some("Prometheus answers otherwise over a range than at its instants, which Weir does not"))
}

/// The answer to a question over a range, put together from the answers at its instants.
async fn step_by_step(server: &Server, question: &Question) -> Result<Option<Answer>> {
    let (Some(expression), true) = (question.expression(), question.is_range()) else {
        return Ok(None);
    };
    let field = |name: &str| {
        let mut fields = question.fields.iter();
        let text = fields.find(|field| field.0 == name).map(|field| field.1.as_str());
        // As they were written: seconds with three decimals.
        text.and_then(|text| text.replace('.', "").parse::<i64>().ok())
    };
    let (Some(start_ms), Some(end_ms), Some(step_ms)) = (field("start"), field("end"), field("step")) else {
        return Ok(None);
    };
    let mut whole = Data {
        kind: "matrix".to_owned(),
        series: Vec::new(),
        warnings: Vec::new(),
        infos: Vec::new(),
    };
    let mut rows: BTreeMap<BTreeMap<String, String>, Vec<Point>> = BTreeMap::new();
    let mut at_ms = start_ms;
    while at_ms <= end_ms {
        let instant = Question::new("query", &[("query", expression), ("time", &seconds(at_ms))]);
        match server.ask(&instant).await? {
            Answer::Data(data) if data.kind == "vector" => {
                for row in data.series {
                    rows.entry(row.labels).or_default().extend(row.points);
                }
                whole.warnings.extend(data.warnings);
                whole.infos.extend(data.infos);
            }
            _ => return Ok(None),
        }
        at_ms += step_ms;
    }
    let series = rows.into_iter().map(|(labels, points)| Series { labels, points });
    whole.series = series.collect();
    Ok(Some(Answer::Data(whole)))
}
