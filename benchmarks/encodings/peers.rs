//! The same samples in Prometheus and VictoriaMetrics, compacted as far as each can be asked to.

use std::path::Path;

use anyhow::Result;
use connectors_formats::remote_write::{compress, v1};

use super::data::DataSet;
use crate::load::{Protocol, deliver};
use crate::report::say;
use crate::servers::{Kind, Server};

/// Samples of a series in one request, and series of a request: some megabytes before compression.
const REQUEST_SAMPLES: usize = 60;
const REQUEST_SERIES: usize = 500;

/// Bytes on disk of each peer that is here.
pub(super) fn bytes(set: &DataSet, folder: &Path) -> Result<Vec<(String, u64)>> {
    let mut found = Vec::new();
    for kind in [Kind::Prometheus, Kind::VictoriaMetrics] {
        let program = kind.program();
        if !program.is_file() {
            say(&format!("SKIPPED {}: no {}", kind.name(), program.display()));
            continue;
        }
        let server = Server::start(kind, &program, &folder.join(kind.word()), "scrape_configs: []\n")?;
        push(set, &server)?;
        found.push((kind.version(&program)?, server.compacted_bytes()?));
    }
    Ok(found)
}

/// Pushes in order of time, some minutes of every series at once, as senders do.
fn push(set: &DataSet, server: &Server) -> Result<()> {
    let mut connection = server.connect()?;
    let mut done = vec![0; set.series.len()];
    let first = set
        .series
        .iter()
        .filter_map(|series| series.timestamps.first())
        .min();
    let last = set
        .series
        .iter()
        .filter_map(|series| series.timestamps.last())
        .max();
    let (Some(&first), Some(&last)) = (first, last) else {
        return Ok(());
    };
    let step = REQUEST_SAMPLES as i64 * 15_000;
    for until in (0..)
        .map(|n| first + n * step)
        .take_while(|until| *until < last + 2 * step)
    {
        let mut pending = Vec::new();
        for (series, done) in set.series.iter().zip(&mut done) {
            let end = series.timestamps.partition_point(|time| *time < until);
            let samples = series.timestamps[*done..end]
                .iter()
                .zip(&series.values[*done..end]);
            let samples = samples.map(|(&timestamp, &value)| v1::Sample { timestamp, value });
            let samples: Vec<_> = samples.collect();
            *done = end;
            if !samples.is_empty() {
                pending.push((&series.labels, samples));
            }
        }
        for part in pending.chunks(REQUEST_SERIES) {
            let message = v1::encode(part.iter().map(|(labels, samples)| (*labels, samples.as_slice())));
            deliver(
                &mut connection,
                server.kind.write_path(),
                Protocol::V1,
                &compress(&message)?,
            )?;
        }
    }
    Ok(())
}
