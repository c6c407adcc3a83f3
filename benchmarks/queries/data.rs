//! The data that is asked: four sets of series, pushed to every server in the order of time, as if it had been there.

use anyhow::Context as _;
use connectors_formats::remote_write::{Sample, compress, v1};
use engine_model::Labels;

use crate::load::{Kind, Protocol, SeriesShape, Value, Values, send, series_labels, shapes};
use crate::servers::Server;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Pushed at a time: less than the hour by which servers let samples be late.
pub(crate) const SLICE_MS: i64 = 30 * MINUTE_MS;
/// Series of a request; with the samples of a slice it stays within some megabytes.
const REQUEST_SERIES: usize = 1000;

/// How the values of a set move.
pub(crate) trait Source: std::fmt::Debug {
    /// Moves a step on, to the samples of `time_ms`, and gives a value for each series, in the order of its labels.
    fn next(&mut self, time_ms: i64) -> Vec<f64>;
}

/// Targets of the same shape, one after the other.
#[derive(Debug)]
struct Targets(Vec<Values>);

impl Source for Targets {
    fn next(&mut self, _: i64) -> Vec<f64> {
        self.0.iter_mut().for_each(Values::step);
        let values = self.0.iter().flat_map(Values::iter);
        values.map(Value::to_f64).collect()
    }
}

/// Series that are sampled together.
#[derive(Debug)]
pub(crate) struct DataSet {
    labels: Vec<Labels>,
    source: Box<dyn Source>,
    step_ms: i64,
    next_ms: i64,
    end_ms: i64,
}

/// How large the sets are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    /// Hosts with eight CPU modes each, for a day at 15 s.
    pub(crate) hosts: usize,
    /// Histograms of ten buckets, for an hour at 15 s.
    pub(crate) histograms: usize,
    /// Containers, for ten minutes at 60 s.
    pub(crate) containers: usize,
    /// Series of one old host, for 30 days at 60 s.
    pub(crate) old: usize,
}

/// The sets that end at `end_ms`.
pub(crate) fn sets(scale: Scale, end_ms: i64) -> Vec<DataSet> {
    let modes = [
        "idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user",
    ];
    let cpu = modes.map(|mode| {
        shape(
            "node_cpu_seconds_total",
            vec![("cpu", "0".into()), ("mode", mode.into())],
            Kind::Cents,
        )
    });
    let bounds = [
        "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf",
    ];
    let buckets = bounds.map(|le| {
        shape(
            "http_request_duration_seconds_bucket",
            vec![("le", le.into())],
            Kind::Bucket,
        )
    });
    let containers: Vec<SeriesShape> = (0..100)
        .map(|pod| {
            let labels = vec![("container", "app".into()), ("pod", format!("pod-{pod}"))];
            shape("container_memory_working_set_bytes", labels, Kind::Pages)
        })
        .collect();
    vec![
        DataSet::new(scale.hosts, &cpu, "host", 15_000, end_ms - DAY_MS, end_ms),
        DataSet::new(
            scale.histograms,
            &buckets,
            "web",
            15_000,
            end_ms - HOUR_MS,
            end_ms,
        ),
        DataSet::new(
            scale.containers.div_ceil(100),
            &containers,
            "kube",
            MINUTE_MS,
            end_ms - 10 * MINUTE_MS,
            end_ms,
        ),
        DataSet::new(
            1,
            &shapes(scale.old),
            "old",
            MINUTE_MS,
            end_ms - 30 * DAY_MS,
            end_ms,
        ),
    ]
}

fn shape(name: &'static str, labels: Vec<(&'static str, String)>, kind: Kind) -> SeriesShape {
    let metric_type = match kind {
        Kind::Pages => "gauge",
        _ => "counter",
    };
    SeriesShape {
        name,
        metric_type,
        labels,
        kind,
    }
}

/// Pushes all that the sets have, the samples before `end_ms` in the order of time; the last slice comes after the
/// rest was written to files and merged, and stays in memory as it does in a server that scrapes.
pub(crate) fn load(server: &Server, mut sets: Vec<DataSet>, end_ms: i64) -> anyhow::Result<usize> {
    let first = sets.iter().map(DataSet::start_ms).min().context("no data")?;
    let (mut until, mut samples) = (first, 0);
    while until < end_ms {
        until += SLICE_MS;
        if until >= end_ms {
            server.compacted_bytes()?;
        }
        samples += push(server, &mut sets, until)?;
    }
    Ok(samples)
}

/// Pushes what the sets have before `until_ms`, all at once, and returns the number of samples.
pub(crate) fn push(server: &Server, sets: &mut [DataSet], until_ms: i64) -> anyhow::Result<usize> {
    let (mut bodies, mut samples) = (Vec::new(), 0);
    for set in sets {
        let (requests, count) = set.requests(until_ms)?;
        bodies.extend(requests);
        samples += count;
    }
    let path = server.kind.write_path();
    send(server.address, path, Protocol::V1, &[bodies], 2)?;
    Ok(samples)
}

impl DataSet {
    fn new(
        targets: usize,
        shapes: &[SeriesShape],
        role: &str,
        step_ms: i64,
        start_ms: i64,
        end_ms: i64,
    ) -> Self {
        let mut labels = Vec::with_capacity(targets * shapes.len());
        for target in 0..targets {
            labels.extend(shapes.iter().map(|shape| {
                let with_role = series_labels(shape, target);
                Labels::from_pairs(with_role.iter().chain([("role", role)]))
            }));
        }
        let values = (0..targets).map(|target| Values::new(target as u64, shapes));
        let source = Box::new(Targets(values.collect()));
        Self::of(labels, source, step_ms, start_ms, end_ms)
    }

    /// Series that move as `source` says, with samples from `start_ms` on, before `end_ms`.
    pub(crate) fn of(
        labels: Vec<Labels>,
        source: Box<dyn Source>,
        step_ms: i64,
        start_ms: i64,
        end_ms: i64,
    ) -> Self {
        Self {
            labels,
            source,
            step_ms,
            next_ms: start_ms,
            end_ms,
        }
    }

    /// Whether it has any series.
    pub(crate) fn has_series(&self) -> bool {
        !self.labels.is_empty()
    }

    /// Time of its first sample, ms since the epoch.
    pub(crate) fn start_ms(&self) -> i64 {
        self.next_ms
    }

    /// The requests for its samples before `until_ms`, and how many samples they hold.
    fn requests(&mut self, until_ms: i64) -> anyhow::Result<(Vec<Vec<u8>>, usize)> {
        let until_ms = until_ms.min(self.end_ms);
        let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); self.labels.len()];
        while self.next_ms < until_ms {
            let values = self.source.next(self.next_ms);
            for (series, value) in samples.iter_mut().zip(values) {
                let timestamp = self.next_ms;
                series.push(Sample { timestamp, value });
            }
            self.next_ms += self.step_ms;
        }
        let count = samples.iter().map(Vec::len).sum();
        if count == 0 {
            return Ok((Vec::new(), 0));
        }
        let chunks = self
            .labels
            .chunks(REQUEST_SERIES)
            .zip(samples.chunks(REQUEST_SERIES));
        let bodies = chunks.map(|(labels, samples)| {
            let series = labels.iter().zip(samples.iter().map(Vec::as_slice));
            Ok(compress(&v1::encode(series))?)
        });
        Ok((bodies.collect::<anyhow::Result<_>>()?, count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_gives_each_of_its_samples_once() {
        let scale = Scale {
            hosts: 2,
            histograms: 1,
            containers: 100,
            old: 10,
        };
        let end_ms = 100 * DAY_MS;
        let mut total = 0;
        for mut set in sets(scale, end_ms) {
            let mut until = set.start_ms();
            while until < end_ms {
                until += SLICE_MS;
                total += set.requests(until).unwrap().1;
            }
            assert_eq!(set.requests(i64::MAX).unwrap().1, 0);
        }
        assert_eq!(total, 16 * 5760 + 10 * 240 + 100 * 10 + 10 * 43_200);
    }
}
