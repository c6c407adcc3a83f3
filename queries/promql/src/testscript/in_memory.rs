//! The engine that scripts are run against: series in memory, queried by the real query engine.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use engine_model::Labels;
use queries_tables::{MemorySnapshot, Snapshot};
use tokio::runtime::Runtime;

use super::engine::{Engine, EvalOutcome, Evaluated, LoadedPoint, Sample, Value};
use crate::division::Division;
use crate::parser::ParseOptions;
use crate::{EngineConfig, QueryError, QueryOptions, QueryResult};

/// Runs scripts in memory. It blocks the calling thread, which must not belong to an async runtime.
#[derive(Debug)]
pub struct InMemoryEngine {
    series: MemorySnapshot,
    engine: crate::Engine,
    runtime: Runtime,
}

impl InMemoryEngine {
    /// An empty store and an engine with the settings that scripts expect.
    pub fn new() -> io::Result<Self> {
        Self::with_config(Self::script_config())
    }

    /// The settings that scripts expect.
    pub fn script_config() -> EngineConfig {
        EngineConfig {
            lookback: Duration::from_secs(300),
            timeout: Duration::from_secs(100),
            samples_max: 10_000,
            default_step: Duration::from_secs(60),
            parse: ParseOptions::ALL,
            delayed_name_removal: true,
            type_and_unit_labels: false,
        }
    }

    /// An empty store and an engine with other settings.
    pub fn with_config(config: EngineConfig) -> io::Result<Self> {
        let runtime = Runtime::new()?;
        Ok(Self {
            series: MemorySnapshot::default(),
            engine: crate::Engine::new(config, runtime.handle().clone()),
            runtime,
        })
    }

    /// The same, whose queries are divided into tasks.
    #[must_use]
    pub fn divided(self, division: Division) -> Self {
        Self {
            engine: self.engine.divided(division),
            ..self
        }
    }

    fn snapshot(&self) -> Arc<dyn Snapshot> {
        Arc::new(self.series.clone())
    }

    fn wait(&self, query: impl Future<Output = Result<QueryResult, QueryError>>) -> EvalOutcome {
        match self.runtime.block_on(query) {
            Ok(result) => Ok(Evaluated {
                value: of_engine(result.value),
                warnings: result.warnings,
                infos: result.infos,
            }),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Engine for InMemoryEngine {
    fn clear(&mut self) {
        self.series = MemorySnapshot::default();
    }

    fn load(&mut self, series: &[(Labels, Vec<LoadedPoint>)]) {
        for (labels, points) in series {
            let mut floats = Vec::new();
            let mut histograms = Vec::new();
            for point in points {
                match &point.sample {
                    Sample::Float(value) => floats.push((point.at_ms, *value)),
                    Sample::Histogram(histogram) => {
                        histograms.push((point.at_ms, Arc::new(histogram.to_histogram())));
                    }
                }
            }
            self.series.add(labels, &floats);
            self.series.add_histograms(labels, &histograms);
            let starts: Vec<(i64, i64)> = points
                .iter()
                .filter_map(|point| Some((point.at_ms, point.start_ms?)))
                .collect();
            if !starts.is_empty() {
                self.series.add_starts(labels, &starts);
            }
        }
    }

    fn instant(&mut self, expr: &str, at_ms: i64) -> EvalOutcome {
        let options = QueryOptions::default();
        self.wait(self.engine.instant(self.snapshot(), expr, at_ms, options))
    }

    fn range(&mut self, expr: &str, start_ms: i64, end_ms: i64, step_ms: i64) -> EvalOutcome {
        let options = QueryOptions::default();
        let query = self
            .engine
            .range(self.snapshot(), expr, start_ms, end_ms, step_ms, options);
        self.wait(query)
    }
}

impl From<crate::Value> for Value {
    fn from(value: crate::Value) -> Self {
        of_engine(value)
    }
}

fn of_engine(value: crate::Value) -> Value {
    match value {
        crate::Value::Scalar { value, .. } => Value::Scalar(value),
        crate::Value::String { value, .. } => Value::String(value),
        crate::Value::Vector(elements) => {
            let element = |e: crate::VectorElement| {
                let sample = e.histogram.map_or(Sample::Float(e.value), Sample::Histogram);
                (e.labels, sample)
            };
            Value::Vector(elements.into_iter().map(element).collect())
        }
        crate::Value::Matrix(series) => {
            let row = |s: crate::RangeSeries| {
                let floats = s
                    .samples
                    .into_iter()
                    .map(|(at_ms, value)| (at_ms, Sample::Float(value)));
                let histograms = s
                    .histograms
                    .into_iter()
                    .map(|(at_ms, h)| (at_ms, Sample::Histogram(h)));
                let mut points: Vec<(i64, Sample)> = floats.chain(histograms).collect();
                points.sort_by_key(|(at_ms, _)| *at_ms);
                (s.labels, points)
            };
            Value::Matrix(series.into_iter().map(row).collect())
        }
    }
}
