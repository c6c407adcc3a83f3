//! Remote write requests, made before the clock starts: every round holds one sample of every series, cut into
//! requests of some thousand series. Labels take some 150 bytes a series.

use anyhow::Result;
use clap::ValueEnum;
use connectors_formats::remote_write::{Sample, compress, v1, v2};
use engine_model::Labels;

use super::shape::{SeriesShape, shapes};
use super::values::{Value, Values};

/// Series of one target.
const TARGET_SERIES: usize = 1000;

/// The message that requests carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    /// `prometheus.WriteRequest`, remote write 1.0.
    V1,
    /// `io.prometheus.write.v2.Request`, remote write 2.0.
    V2,
}

impl Protocol {
    /// The header lines that go with it.
    pub(super) fn headers(self) -> &'static str {
        match self {
            Self::V1 => {
                "Content-Type: application/x-protobuf\r\nContent-Encoding: snappy\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\n"
            }
            Self::V2 => {
                "Content-Type: application/x-protobuf;proto=io.prometheus.write.v2.Request\r\nContent-Encoding: snappy\r\nX-Prometheus-Remote-Write-Version: 2.0.0\r\n"
            }
        }
    }

    /// A request with one sample of each series, not yet compressed.
    fn encode(self, labels: &[Labels], samples: &[[Sample; 1]]) -> Vec<u8> {
        let series = labels.iter().zip(samples.iter().map(<[_; 1]>::as_slice));
        match self {
            Self::V1 => v1::encode(series),
            Self::V2 => v2::encode(series.map(|(labels, samples)| v2::Sent {
                labels,
                samples,
                start_timestamp: 0,
                histograms: &[],
                exemplars: &[],
                metadata: None,
            })),
        }
    }
}

/// What to write.
#[derive(Debug, Clone, Copy)]
pub struct WritePlan {
    /// Series in all.
    pub series: usize,
    /// Samples of each.
    pub rounds: usize,
    /// Series of a request.
    pub series_per_request: usize,
    /// Time from a sample to the next, in ms.
    pub step_ms: i64,
    /// Time of the first round, in ms since the epoch.
    pub start_ms: i64,
    /// The message.
    pub protocol: Protocol,
}

impl WritePlan {
    /// Time of the round with this number, in ms since the epoch.
    pub fn time_ms(&self, round: usize) -> i64 {
        self.start_ms + round as i64 * self.step_ms
    }
}

/// The compressed bodies of all rounds.
#[derive(Debug)]
pub struct WriteRequests {
    /// The plan they follow.
    pub plan: WritePlan,
    /// For each round its requests; the same place in each round holds the same series.
    pub rounds: Vec<Vec<Vec<u8>>>,
    /// Bytes of a series' label names and values on average.
    pub label_bytes: f64,
    /// Series of the metric that `CHECKED_METRIC` names.
    pub checked_series: usize,
}

impl WriteRequests {
    /// A metric that short checks of an answer ask for.
    pub const CHECKED_METRIC: &str = "node_cpu_seconds_total";

    /// Makes all requests. The same plan always gives the same bytes.
    ///
    /// # Errors
    /// When a request is larger than snappy can hold.
    pub fn prepare(plan: WritePlan) -> Result<Self> {
        let (labels, mut values) = series(plan.series);
        let label_bytes: usize = labels
            .iter()
            .flat_map(Labels::iter)
            .map(|(n, v)| n.len() + v.len())
            .sum();
        let checked = labels
            .iter()
            .filter(|labels| labels.metric_name() == Self::CHECKED_METRIC);
        let checked_series = checked.count();
        let mut rounds = Vec::with_capacity(plan.rounds);
        for round in 0..plan.rounds {
            values.iter_mut().for_each(Values::step);
            let timestamp = plan.time_ms(round);
            let samples = values.iter().flat_map(Values::iter).map(Value::to_f64);
            let samples = samples.map(|value| [Sample { timestamp, value }]);
            let samples: Vec<_> = samples.collect();
            let requests = labels
                .chunks(plan.series_per_request)
                .zip(samples.chunks(plan.series_per_request))
                .map(|(labels, samples)| Ok(compress(&plan.protocol.encode(labels, samples))?));
            rounds.push(requests.collect::<Result<_>>()?);
        }
        Ok(Self {
            plan,
            rounds,
            label_bytes: label_bytes as f64 / plan.series as f64,
            checked_series,
        })
    }
}

/// The label sets of `count` series, target by target, and the values of each target.
fn series(count: usize) -> (Vec<Labels>, Vec<Values>) {
    let mut labels = Vec::with_capacity(count);
    let mut values = Vec::new();
    for target in 0..count.div_ceil(TARGET_SERIES) {
        let shapes = shapes(TARGET_SERIES.min(count - labels.len()));
        labels.extend(shapes.iter().map(|shape| series_labels(shape, target)));
        values.push(Values::new(target as u64, &shapes));
    }
    (labels, values)
}

/// The whole label set of a target's series, as a scrape would have stored it, with some that name the place.
pub fn series_labels(shape: &SeriesShape, target: usize) -> Labels {
    let host = format!("host-{target}.example.org:9100");
    let rack = format!("rack-{}", target / 20);
    let own = shape.labels.iter().map(|(name, value)| (*name, value.as_str()));
    let added = [
        ("__name__", shape.name),
        ("cluster", "production-eu-west-1"),
        ("environment", "production"),
        ("instance", &host),
        ("job", "node"),
        ("rack", &rack),
    ];
    Labels::from_pairs(own.chain(added))
}

#[cfg(test)]
mod tests {
    use connectors_formats::remote_write::{Series, decompress};

    use super::*;

    #[test]
    fn every_series_has_one_sample_a_round() {
        for protocol in [Protocol::V1, Protocol::V2] {
            let plan = WritePlan {
                series: 2500,
                rounds: 3,
                series_per_request: 1000,
                step_ms: 15_000,
                start_ms: 1_700_000_000_000,
                protocol,
            };
            let requests = WriteRequests::prepare(plan).unwrap();
            assert_eq!(requests.rounds.len(), 3);
            assert!(
                (120.0..180.0).contains(&requests.label_bytes),
                "{}",
                requests.label_bytes
            );
            assert!(requests.checked_series > 300);
            for (round, bodies) in requests.rounds.iter().enumerate() {
                assert_eq!(
                    series_of(protocol, bodies, plan.time_ms(round)),
                    2500,
                    "{protocol:?}"
                );
            }
        }
    }

    /// Number of series, each of which has one sample of that time.
    fn series_of(protocol: Protocol, bodies: &[Vec<u8>], time_ms: i64) -> usize {
        let mut series = 0;
        for body in bodies {
            let message = decompress(body).unwrap();
            let visit = |decoded: &Series<'_>| {
                series += 1;
                assert_eq!(decoded.samples.len(), 1);
                assert_eq!(decoded.samples[0].timestamp, time_ms);
                Ok(())
            };
            match protocol {
                Protocol::V1 => v1::decode(&message, visit, |_| {}).unwrap(),
                Protocol::V2 => v2::decode(&message, visit).unwrap(),
            }
        }
        series
    }
}
