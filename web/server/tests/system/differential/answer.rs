//! An answer of the query API, read strictly: what is not in Prometheus's envelope is an error.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Map, Number, Value};

/// Longest text of an answer that a report shows.
const SHOWN_CHARS_MAX: usize = 1_500;

#[derive(Clone, Debug)]
pub(super) enum Answer {
    Data(Data),
    Refused { status: u16, kind: String, text: String },
}

#[derive(Clone, Debug)]
pub(super) struct Data {
    /// `vector`, `matrix`, `scalar`, `string`; `list` for metadata.
    pub(super) kind: String,
    pub(super) series: Vec<Series>,
    pub(super) warnings: Vec<String>,
    pub(super) infos: Vec<String>,
}

/// A row. Scalars and strings are one row without labels, an item of a list of texts is a point without a time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Series {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) points: Vec<Point>,
}

/// The time as it is written in JSON, so that `1` and `1.0` differ.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) time: Number,
    pub(super) value: String,
}

impl Answer {
    pub(super) fn parse(status: u16, body: &str) -> Result<Self> {
        let json: Value = serde_json::from_str(body).context("not JSON")?;
        let text = |key: &str| json[key].as_str().map(str::to_owned);
        match json["status"].as_str() {
            Some("error") => Ok(Self::Refused {
                status,
                kind: text("errorType").context("no errorType")?,
                text: text("error").context("no error")?,
            }),
            Some("success") => {
                ensure!(status == 200, "success with status {status}");
                let (kind, series) = rows(&json["data"])?;
                Ok(Self::Data(Data {
                    kind,
                    series,
                    warnings: texts(&json["warnings"])?,
                    infos: texts(&json["infos"])?,
                }))
            }
            _ => bail!("no status in the envelope"),
        }
    }
}

fn rows(data: &Value) -> Result<(String, Vec<Series>)> {
    if let Value::Array(items) = data {
        let rows: Result<_> = items.iter().map(item).collect();
        return Ok(("list".to_owned(), rows?));
    }
    let kind = data["resultType"].as_str().context("no resultType")?.to_owned();
    let result = &data["result"];
    let rows: Result<Vec<Series>> = match kind.as_str() {
        "scalar" | "string" => Ok(vec![Series {
            labels: BTreeMap::new(),
            points: vec![point(result)?],
        }]),
        "vector" | "matrix" => result
            .as_array()
            .context("result is no list")?
            .iter()
            .map(row)
            .collect(),
        other => bail!("unknown resultType {other:?}"),
    };
    Ok((kind, rows?))
}

fn row(row: &Value) -> Result<Series> {
    let fields = row.as_object().context("a row is no object")?;
    let known =
        |key: &String| ["metric", "value", "values", "histogram", "histograms"].contains(&key.as_str());
    ensure!(fields.keys().all(known), "a row with unknown fields: {row}");
    let one = |key: &str| row.get(key).into_iter();
    let many = |key: &str| row.get(key).and_then(Value::as_array).into_iter().flatten();
    let numbers = one("value").chain(many("values"));
    let histograms = one("histogram").chain(many("histograms"));
    let points: Vec<Point> = numbers
        .map(point)
        .chain(histograms.map(histogram_point))
        .collect::<Result<_>>()?;
    let kinds = ["value", "values", "histogram", "histograms"].map(|key| row.get(key).is_some());
    let instant = kinds[0] || kinds[2];
    ensure!(
        !points.is_empty() && instant != (kinds[1] || kinds[3]) && !(kinds[0] && kinds[2]),
        "a row with neither value nor values, or both: {row}"
    );
    Ok(Series {
        labels: labels(row["metric"].as_object().context("a row without metric")?)?,
        points,
    })
}

fn labels(metric: &Map<String, Value>) -> Result<BTreeMap<String, String>> {
    let pair = |(name, value): (&String, &Value)| {
        let value = value.as_str().context("a label that is no text")?;
        Ok((name.clone(), value.to_owned()))
    };
    metric.iter().map(pair).collect()
}

fn point(pair: &Value) -> Result<Point> {
    match pair.as_array().map(Vec::as_slice) {
        Some([Value::Number(time), Value::String(value)]) => Ok(Point {
            time: time.clone(),
            value: value.clone(),
        }),
        _ => bail!("not a point: {pair}"),
    }
}

/// A histogram as a point: its value is the object as text, keys in order.
fn histogram_point(pair: &Value) -> Result<Point> {
    match pair.as_array().map(Vec::as_slice) {
        Some([Value::Number(time), histogram @ Value::Object(_)]) => Ok(Point {
            time: time.clone(),
            value: histogram.to_string(),
        }),
        _ => bail!("not a histogram: {pair}"),
    }
}

/// A label set of `/series`, or a text of `/labels`.
fn item(item: &Value) -> Result<Series> {
    match item {
        Value::Object(metric) => Ok(Series {
            labels: labels(metric)?,
            points: Vec::new(),
        }),
        Value::String(text) => Ok(Series {
            labels: BTreeMap::new(),
            points: vec![Point {
                time: Number::from(0),
                value: text.clone(),
            }],
        }),
        _ => bail!("neither a text nor a label set: {item}"),
    }
}

fn texts(list: &Value) -> Result<Vec<String>> {
    match list {
        Value::Null => Ok(Vec::new()),
        Value::Array(texts) => texts
            .iter()
            .map(|text| Ok(text.as_str().context("an annotation that is no text")?.to_owned()))
            .collect(),
        _ => bail!("annotations are no list: {list}"),
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = match self {
            Self::Refused { status, kind, text } => format!("{status} {kind}: {text}"),
            Self::Data(data) => {
                let rows: Vec<String> = data.series.iter().map(Series::to_string).collect();
                let (rows, count) = (rows.join("\n      "), data.series.len());
                format!("{} of {count}: {rows}{}", data.kind, data.annotations())
            }
        };
        if let Some((at, _)) = text.char_indices().nth(SHOWN_CHARS_MAX) {
            text.truncate(at);
            text.push('…');
        }
        f.write_str(&text)
    }
}

impl Data {
    fn annotations(&self) -> String {
        let mut text = String::new();
        for (name, list) in [("warnings", &self.warnings), ("infos", &self.infos)] {
            if !list.is_empty() {
                text.push_str(&format!("\n      {name}: {}", list.join(" | ")));
            }
        }
        text
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.labels)?;
        for point in &self.points {
            write!(f, " {}@{}", point.value, point.time)?;
        }
        Ok(())
    }
}
