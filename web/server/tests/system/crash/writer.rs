//! A sender of numbered samples that remembers what it sent and what was acknowledged.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use connectors_formats::remote_write::v1::Sample;
use engine_model::Labels;
use engine_model::time::now_ms;

use super::Chance;
use crate::push::{Samples, send};

/// Series of one writer; a request has samples of all.
const SERIES: usize = 4;
/// Samples of a series in one request.
const SAMPLES: u64 = 5;
/// Samples of a request.
pub(super) const REQUEST_SAMPLES: usize = SERIES * SAMPLES as usize;
/// Between two samples.
const STEP_MS: i64 = 10;
/// The first sample is so old: enough that none ever lies in the future, and less than the hour at which samples
/// are refused.
const AGE_MS: i64 = 1_800_000;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Acknowledged,
    /// Not acknowledged, but found after a restart: it may be relied upon as well.
    Present,
    /// The connection broke: it may be stored, then whole.
    Unknown,
    /// Found missing after a restart.
    Absent,
}

/// Sends requests one after another until the server is gone.
pub(super) struct Writer {
    number: usize,
    first_ms: i64,
    chance: Chance,
    requests: Vec<Fate>,
}

impl Writer {
    pub(super) fn new(number: usize, seed: u64) -> Self {
        Self {
            number,
            first_ms: now_ms() - AGE_MS,
            chance: Chance(seed),
            requests: Vec::new(),
        }
    }

    /// The selector of its series.
    pub(super) fn selector(&self) -> String {
        format!("crash_total{{writer=\"{}\"}}", self.number)
    }

    pub(super) fn acknowledged(&self) -> usize {
        self.requests
            .iter()
            .filter(|&&fate| fate == Fate::Acknowledged)
            .count()
    }

    /// Sends until a request fails. The one whose fate is unknown is sometimes sent again first, as senders do.
    pub(super) async fn run(mut self, url: Arc<str>) -> Result<Self> {
        let last = self.requests.last().copied();
        let again = last.filter(|&fate| fate != Fate::Acknowledged && self.chance.below(2) == 0);
        if again.is_some() {
            self.requests.pop();
        }
        let mut again = again;
        loop {
            let before = again.take();
            let request = self.requests.len() as u64;
            let Ok(answer) = send(&url, &self.series(request)).await else {
                self.requests.push(
                    before
                        .filter(|&fate| fate == Fate::Present)
                        .unwrap_or(Fate::Unknown),
                );
                return Ok(self);
            };
            match answer.status {
                // What is stored already may be out of order the second time.
                400 if before == Some(Fate::Present) => self.requests.push(Fate::Present),
                204 => self.requests.push(Fate::Acknowledged),
                // Not ready or stopping: not acknowledged.
                503 => self.requests.push(Fate::Unknown),
                _ => bail!("request {request} of {}: {answer:?}", self.selector()),
            }
        }
    }

    /// Acknowledged requests are there, others whole or not at all, and nothing else is.
    pub(super) fn check(&mut self, found: &BTreeMap<Labels, Samples>) -> Result<()> {
        let mut expected: BTreeMap<Labels, Samples> = BTreeMap::new();
        for request in 0..self.requests.len() {
            let series = self.series(request as u64);
            let present = |(labels, samples): &(Labels, Vec<Sample>)| {
                let of_series = found.get(labels);
                samples
                    .iter()
                    .filter(|sample| of_series.is_some_and(|all| all.contains_key(&sample.timestamp)))
                    .count()
            };
            let count: usize = series.iter().map(present).sum();
            let whole = REQUEST_SAMPLES;
            let fate = self.requests[request];
            let told = || {
                format!(
                    "request {request} of {} in {}: {count} of {whole} samples",
                    self.requests.len(),
                    self.selector()
                )
            };
            match (fate, count) {
                (Fate::Acknowledged | Fate::Present, n) if n == whole => {}
                (Fate::Acknowledged | Fate::Present, _) => bail!("{}, but it was {fate:?}", told()),
                (Fate::Absent, 0) => {}
                (Fate::Absent, _) => bail!("{}, but it was not there before", told()),
                (Fate::Unknown, 0) => self.requests[request] = Fate::Absent,
                (Fate::Unknown, n) if n == whole => self.requests[request] = Fate::Present,
                (Fate::Unknown, _) => bail!("{}: a part of a request", told()),
            }
            if count > 0 {
                for (labels, samples) in series {
                    let of_series = expected.entry(labels).or_default();
                    of_series.extend(samples.iter().map(|sample| (sample.timestamp, sample.value)));
                }
            }
        }
        for (labels, samples) in found {
            let wanted = expected
                .get(labels)
                .with_context(|| format!("{labels} was never sent"))?;
            let first_wrong = samples
                .iter()
                .find(|&(time_ms, value)| wanted.get(time_ms) != Some(value));
            ensure!(first_wrong.is_none(), "{labels}: {first_wrong:?} was never sent");
        }
        Ok(())
    }

    fn series(&self, request: u64) -> Vec<(Labels, Vec<Sample>)> {
        let of_part = |part: usize| {
            let labels = [
                ("__name__", "crash_total".to_owned()),
                ("part", part.to_string()),
                ("writer", self.number.to_string()),
            ];
            let samples = (0..SAMPLES).map(|place| {
                let number = request * SAMPLES + place;
                Sample {
                    timestamp: self.first_ms + number as i64 * STEP_MS,
                    // Whole numbers and fractions, so that both columns of a segment are used.
                    value: number as f64 + part as f64 / 3.0,
                }
            });
            (Labels::from_pairs(labels), samples.collect())
        };
        (0..SERIES).map(of_part).collect()
    }
}
