//! From a job's configuration to its targets: discovered labels, relabelling, URL, identity. Pure.

mod discovered;
mod url;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use engine_model::duration::parse_duration_ms;
use engine_model::{Labels, LabelsBuilder, relabel};

use crate::discovery::{Groups, TargetGroup};

use super::config::{HistogramOptions, ScrapeConfig, StaticGroup};
use super::schedule::fnv1a;
use discovered::discovered_labels;
pub use url::TargetUrl;

/// Label with the path of the Unix socket at which a target listens.
const SOCKET_LABEL: &str = "__unix_socket__";

/// One address that is scraped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Labels before relabelling.
    pub discovered: Labels,
    /// Labels that its series get; none starts with `__`.
    pub labels: Labels,
    /// What is fetched.
    pub url: TargetUrl,
    /// Time between scrapes, in ms; more than 0.
    pub interval_ms: i64,
    /// Time a scrape may take, in ms; more than 0 and at most the interval.
    pub timeout_ms: i64,
    /// The Unix socket at which it listens, in place of the URL's host.
    pub socket: Option<Arc<Path>>,
    /// What is done with its histograms.
    pub histograms: HistogramOptions,
    /// Hash of the labels after relabelling and the URL, as Prometheus computes it. It decides the
    /// phase, and two targets of a job are one when it is equal.
    pub hash: u64,
}

/// A discovered address that is not scraped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DroppedTarget {
    /// Labels before relabelling.
    pub discovered: Labels,
    /// What is wrong with it; `None` when a rule dropped it.
    pub fault: Option<String>,
}

/// What became of a job's discovered addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TargetSet {
    /// Targets to scrape, each once.
    pub active: Vec<Arc<Target>>,
    /// What was dropped, at most `keep_dropped_targets` of it where that is set.
    pub dropped: Vec<DroppedTarget>,
    /// How many were dropped.
    pub dropped_count: usize,
}

/// Makes the targets of a job: those that are written down, and those that its discoverers found.
pub fn targets_of(config: &ScrapeConfig, discovered: &[Groups]) -> TargetSet {
    let mut set = TargetSet::default();
    let mut seen = HashSet::new();
    let written: Vec<TargetGroup> = config.static_groups.iter().map(StaticGroup::to_targets).collect();
    for group in written
        .iter()
        .chain(discovered.iter().flat_map(|groups| groups.iter()))
    {
        for target in &group.targets {
            let discovered = discovered_labels(config, target, &group.labels);
            let fault = match target_of(config, &discovered) {
                Ok(Some(target)) => {
                    if seen.insert(target.hash) {
                        set.active.push(Arc::new(target));
                    }
                    continue;
                }
                Ok(None) => None,
                Err(fault) => Some(fault),
            };
            set.dropped_count += 1;
            let keep = config.keep_dropped_targets;
            if keep == 0 || (set.dropped.len() as u64) < keep {
                set.dropped.push(DroppedTarget { discovered, fault });
            }
        }
    }
    set
}

/// The target of discovered labels; `None` when a rule drops it, an error when it is not usable.
fn target_of(config: &ScrapeConfig, discovered: &Labels) -> Result<Option<Target>, String> {
    let mut builder = LabelsBuilder::from(discovered);
    if !relabel::apply(&config.relabel_rules, &mut builder) {
        return Ok(None);
    }
    let address = builder.value("__address__").to_owned();
    if address.is_empty() {
        return Err("no address".to_owned());
    }
    if address.contains('/') {
        return Err(format!("{address:?} is not a valid hostname"));
    }
    let interval_ms = positive_duration(&builder, "__scrape_interval__", "scrape interval")?;
    let timeout_ms = positive_duration(&builder, "__scrape_timeout__", "scrape timeout")?;
    if timeout_ms > interval_ms {
        return Err(format!(
            "scrape timeout cannot be greater than scrape interval ({:?} > {:?})",
            builder.value("__scrape_timeout__"),
            builder.value("__scrape_interval__"),
        ));
    }
    let histograms = histogram_options(&builder, config.histograms)?;
    builder.retain(|name| !name.starts_with("__meta_"));
    if builder.value("instance").is_empty() {
        builder.set("instance", &address);
    }
    let all = builder.build();
    let url = TargetUrl::new(&all, &config.params);
    let hash = fnv1a(format!("{:016}{}", all.prometheus_hash(), url.text()).as_bytes());
    Ok(Some(Target {
        discovered: discovered.clone(),
        labels: all.filtered(|name| !name.starts_with("__")),
        url,
        interval_ms,
        timeout_ms,
        socket: Some(all.value(SOCKET_LABEL))
            .filter(|path| !path.is_empty())
            .map(|path| Path::new(path).into()),
        histograms,
        hash,
    }))
}

fn positive_duration(labels: &LabelsBuilder, name: &str, what: &str) -> Result<i64, String> {
    match parse_duration_ms(labels.value(name)) {
        Ok(0) => Err(format!("{what} cannot be 0")),
        Ok(duration_ms) => Ok(duration_ms),
        Err(error) => Err(format!("error parsing {what}: {error}")),
    }
}

/// The job's histogram options as far as the target's labels do not say otherwise.
fn histogram_options(labels: &LabelsBuilder, job: HistogramOptions) -> Result<HistogramOptions, String> {
    let mut options = job;
    for (name, what, option) in options.labels() {
        match labels.value(name) {
            "" => {}
            // The words of Go's strconv.ParseBool.
            "1" | "t" | "T" | "true" | "TRUE" | "True" => *option = true,
            "0" | "f" | "F" | "false" | "FALSE" | "False" => *option = false,
            value => {
                return Err(format!(
                    "error parsing {what}: {value:?} is neither true nor false"
                ));
            }
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests;
