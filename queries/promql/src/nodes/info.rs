//! Info: labels of info series (`target_info` and the like) are added to the series of the same `instance`
//! and `job`. Of several info series of one identity the one with the newest sample counts.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use engine_model::{Labels, LabelsBuilder, METRIC_NAME, Matcher};
use futures::StreamExt;
use queries_tables::operation::{BatchStream, RunAt};
use queries_tables::{Operation, SampleBudget};

use super::output_rows::OutputRows;
use super::pace::Pace;
use super::step_vectors::{Gathered, StepBatch, collect, step_schema};
use crate::error::EvalError;

/// Labels by which an info series finds the series that it tells about.
const IDENTITY: [&str; 2] = ["instance", "job"];

/// Adds labels of info series. Inputs: the series, then the info series with the times of their samples.
#[derive(Debug)]
pub struct Info {
    /// Conditions on the name of an info series. Series that satisfy them themselves are left alone.
    pub names: Vec<Matcher>,
    /// Conditions on other labels of info series: only the labels that they name are added, all without any.
    pub data: Vec<Matcher>,
    /// Steps of the rows.
    pub steps: usize,
    /// Limit on what the query holds.
    pub budget: Arc<SampleBudget>,
}

impl Operation for Info {
    fn name(&self) -> &'static str {
        "Info"
    }

    fn describe(&self) -> String {
        let matchers: Vec<String> = self.names.iter().map(ToString::to_string).collect();
        matchers.join(", ")
    }

    fn schema(&self) -> SchemaRef {
        step_schema(self.steps)
    }

    fn run(self: Arc<Self>, inputs: Vec<SendableRecordBatchStream>, _at: RunAt<'_>) -> Result<BatchStream> {
        Ok(futures::stream::once(async move { self.evaluate(inputs).await }).boxed())
    }
}

/// A row of an input.
struct Row<'a> {
    batch: &'a StepBatch,
    row: usize,
    labels: Labels,
}

impl Row<'_> {
    fn value(&self, step: usize) -> Option<f64> {
        self.batch.value(self.row, step)
    }
}

/// Info series of one name and identity: no more than one of them counts at a step.
type Sources = Vec<usize>;

/// Sources by identity, one map a name of info metrics.
type SourcesByName = Vec<HashMap<Labels, Sources, foldhash::fast::RandomState>>;

impl Info {
    async fn evaluate(&self, inputs: Vec<SendableRecordBatchStream>) -> Result<RecordBatch> {
        let mut inputs = inputs.into_iter();
        let base = collect(inputs.next().expect("the series are an input"), &self.budget).await?;
        let infos = collect(inputs.next().expect("info series are an input"), &self.budget).await?;
        let base = rows(&base);
        let infos = rows(&infos);
        let enriched: Vec<bool> = base.iter().map(|row| !self.is_info(&row.labels)).collect();
        let sources = sources(&base, &enriched, &infos);
        let mut pace = Pace::new();
        check_sources(&base, &infos, &sources, self.steps, &mut pace).await?;
        let mut output = OutputRows::new(self.steps, &self.budget);
        for (i, row) in base.iter().enumerate() {
            pace.spend(self.steps * (1 + sources.len())).await;
            let mut chosen: Vec<&[usize]> = Vec::new();
            if enriched[i] {
                let identity = identity(&row.labels);
                let of_name = sources
                    .iter()
                    .filter_map(|by_identity| by_identity.get(&identity));
                chosen.extend(of_name.map(Vec::as_slice));
            }
            self.enrich(i, row, enriched[i], &chosen, &infos, &mut output)?;
        }
        output.finish(&mut pace).await
    }

    fn is_info(&self, labels: &Labels) -> bool {
        let name = labels.metric_name();
        self.names.iter().all(|matcher| matcher.matches(name))
    }

    fn enrich(
        &self,
        place: usize,
        row: &Row<'_>,
        enriched: bool,
        sources: &[&[usize]],
        infos: &[Row<'_>],
        output: &mut OutputRows,
    ) -> Result<()> {
        // Labels are built anew only when other info series count than at the step before.
        let mut last: Option<(Vec<usize>, Option<usize>)> = None;
        for step in 0..self.steps {
            let Some(cell) = row.batch.cell(row.row, step) else {
                continue;
            };
            let newest: Vec<usize> = sources
                .iter()
                .filter_map(|candidates| newest(candidates, infos, step))
                .collect();
            let target = match &last {
                Some((known, target)) if *known == newest => *target,
                _ => {
                    let labels = match enriched {
                        true => self.with_info(&row.labels, &newest, infos)?,
                        false => Some(row.labels.clone()),
                    };
                    let drop_name = row.batch.drops_name(row.row);
                    let target = labels.map(|labels| output.row(labels, drop_name, (0, place)));
                    let target = target.transpose()?;
                    last = Some((newest, target));
                    target
                }
            };
            if let Some(target) = target
                && !output.set_cell(target, step, cell)
            {
                return Err(EvalError::SameLabelset.into());
            }
        }
        Ok(())
    }

    /// The labels with those of info series, or nothing when the series must have an info series but has none.
    fn with_info(&self, labels: &Labels, newest: &[usize], infos: &[Row<'_>]) -> Result<Option<Labels>> {
        if newest.is_empty() {
            let optional = self.data.iter().all(Matcher::matches_empty);
            return Ok(optional.then(|| labels.clone()));
        }
        let mut added = LabelsBuilder::default();
        for &i in newest {
            for (name, value) in &infos[i].labels {
                let wanted = self.data.is_empty() || self.data.iter().any(|matcher| matcher.name == name);
                if name == METRIC_NAME || !wanted {
                    continue;
                }
                let other = added.value(name);
                if !other.is_empty() && other != value {
                    return Err(EvalError::Invalid(format!("conflicting label: {name}")).into());
                }
                if labels.get(name).is_none() {
                    added.set(name, value);
                }
            }
        }
        let mut builder = LabelsBuilder::from(labels);
        for (name, value) in added.iter() {
            builder.set(name, value);
        }
        Ok(Some(builder.build()))
    }
}

fn rows(gathered: &Gathered) -> Vec<Row<'_>> {
    let batches = gathered.batches.iter();
    let rows = batches.flat_map(|batch| (0..batch.len()).map(move |row| (batch, row)));
    rows.map(|(batch, row)| Row {
        batch,
        row,
        labels: batch.labels(row),
    })
    .collect()
}

fn identity(labels: &Labels) -> Labels {
    labels.only(&IDENTITY)
}

/// Info series by name and identity, those left out that can tell nothing about any of `base`.
fn sources(base: &[Row<'_>], enriched: &[bool], infos: &[Row<'_>]) -> SourcesByName {
    let wanted = IDENTITY.map(|label| {
        let rows = base.iter().zip(enriched).filter(|(_, enriched)| **enriched);
        let values = rows.filter_map(|(row, _)| row.labels.get(label));
        values.collect::<HashSet<&str>>()
    });
    let mut by_name: SourcesByName = Vec::new();
    if wanted.iter().all(HashSet::is_empty) {
        return by_name;
    }
    let mut numbers: HashMap<&str, usize, foldhash::fast::RandomState> = HashMap::default();
    for (i, info) in infos.iter().enumerate() {
        let fits = |(label, values): (&&str, &HashSet<&str>)| {
            values.is_empty() || values.contains(info.labels.value(label))
        };
        if !IDENTITY.iter().zip(&wanted).all(fits) {
            continue;
        }
        let number = *numbers.entry(info.labels.metric_name()).or_insert_with(|| {
            by_name.push(HashMap::default());
            by_name.len() - 1
        });
        let sources = by_name[number].entry(identity(&info.labels)).or_default();
        sources.push(i);
    }
    by_name
}

/// Two info series of one name and identity must not have samples of the same time.
async fn check_sources(
    base: &[Row<'_>],
    infos: &[Row<'_>],
    sources: &SourcesByName,
    steps: usize,
    pace: &mut Pace,
) -> Result<()> {
    let occupied: Vec<bool> = (0..steps)
        .map(|step| base.iter().any(|row| row.batch.cell(row.row, step).is_some()))
        .collect();
    let several = sources
        .iter()
        .flat_map(HashMap::values)
        .filter(|sources| sources.len() > 1);
    for sources in several {
        pace.spend(sources.len() * steps).await;
        for step in (0..steps).filter(|&step| occupied[step]) {
            let mut newest: Option<(f64, usize)> = None;
            for &i in sources {
                let Some(time) = infos[i].value(step) else {
                    continue;
                };
                match newest {
                    Some((known, other)) if known == time => {
                        let (existing, new) = (&infos[other].labels, &infos[i].labels);
                        let at_ms = (time * 1000.0).round();
                        return Err(EvalError::Invalid(format!(
                            "found duplicate series for info metric: existing {existing} @ {at_ms}, new {new} @ {at_ms}"
                        ))
                        .into());
                    }
                    Some((known, _)) if known > time => {}
                    _ => newest = Some((time, i)),
                }
            }
        }
    }
    Ok(())
}

/// The source with the newest sample.
fn newest(sources: &[usize], infos: &[Row<'_>], step: usize) -> Option<usize> {
    let times = sources.iter().filter_map(|&i| Some((infos[i].value(step)?, i)));
    let newest = times.reduce(|a, b| if b.0 > a.0 { b } else { a });
    newest.map(|(_, i)| i)
}
