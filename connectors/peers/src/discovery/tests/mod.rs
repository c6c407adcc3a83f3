//! Discoverers against real files and servers of this machine, and what jobs hear of them.

mod dns;
mod files;
mod listening;
mod servers;

use std::sync::Arc;
use std::time::Duration;

use engine_settings::{Document, Field};
use tokio::sync::watch;

use super::{Discoverer, DiscoveryConfig, DiscoveryMetrics, Groups, Updates};

/// What a running discoverer publishes.
struct Listener {
    groups: watch::Receiver<Option<Groups>>,
    metrics: Arc<DiscoveryMetrics>,
}

/// Runs a discoverer until its runtime ends.
fn run(mut discoverer: Box<dyn Discoverer>) -> Listener {
    let (sender, groups) = watch::channel(None);
    let metrics = Arc::<DiscoveryMetrics>::default();
    let updates = Updates::new(sender, Arc::clone(&metrics), "test", "job");
    tokio::spawn(async move { discoverer.run(updates).await });
    Listener { groups, metrics }
}

impl Listener {
    /// Waits until the targets are these: address and one meta label each.
    async fn expect(&mut self, label: &str, expected: &[(&str, &str)]) {
        let found = |groups: &Option<Groups>| -> Vec<(String, String)> {
            let groups = groups.iter().flat_map(|groups| groups.iter());
            let targets = groups.flat_map(|group| {
                group.targets.iter().map(|target| {
                    let value = target.get(label).or_else(|| group.labels.get(label));
                    (target["__address__"].clone(), value.cloned().unwrap_or_default())
                })
            });
            targets.collect()
        };
        let expected: Vec<_> = expected
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect();
        let waited = self
            .groups
            .wait_for(|groups| groups.is_some() && found(groups) == expected);
        let arrived = tokio::time::timeout(Duration::from_secs(20), waited)
            .await
            .is_ok();
        assert!(arrived, "{:?} are not {expected:?}", found(&self.groups.borrow()));
    }

    /// The sum of a counter's samples.
    fn count(&self, name: &str) -> f64 {
        let families = self.metrics.families();
        let family = families.iter().find(|family| family.name == name).unwrap();
        family.samples.iter().map(|(_, value)| value).sum()
    }
}

/// The configurations of a job, or what is wrong with them.
fn decode(yaml: &str) -> Result<Vec<DiscoveryConfig>, String> {
    let document = Document::parse("/etc/weir/w.yml", yaml).unwrap();
    let decoder = |root: Field<'_>| {
        let mapping = root.mapping()?;
        let configs = DiscoveryConfig::decode_all(&mapping)?;
        mapping.finish()?;
        Ok(configs)
    };
    document.decode(decoder).map_err(|error| error.to_string())
}

#[test]
fn what_cannot_be_right_is_refused_with_its_place() {
    let cases = [
        (
            "file_sd_configs: [{files: [a.txt]}]",
            "w.yml:1:28: file_sd_configs[0].files[0]: path name",
        ),
        (
            "file_sd_configs: [{files: ['*/a.json']}]",
            "not valid for file discovery",
        ),
        ("file_sd_configs: [{}]", "at least one path name"),
        ("http_sd_configs: [{url: 'ftp://x'}]", "unsupported scheme"),
        ("http_sd_configs: [{}]", "missing key \"url\""),
        ("dns_sd_configs: [{names: []}]", "at least one"),
        ("dns_sd_configs: [{names: [a], type: A}]", "a port is required"),
        (
            "dns_sd_configs: [{names: [a], type: TXT}]",
            "invalid DNS-SD records type TXT",
        ),
        (
            "kubernetes_sd_configs: [{role: pod}]",
            "not supported by this version",
        ),
    ];
    for (yaml, part) in cases {
        let error = decode(yaml).unwrap_err();
        assert!(error.contains(part), "{yaml}: {error}");
    }
    let all = "file_sd_configs: [{files: ['targets/*.json', /x.yml]}]\n\
               http_sd_configs: [{url: 'https://x/y', basic_auth: {username: a}}]\n\
               dns_sd_configs: [{names: [a.example], type: aaaa, port: 9100}]";
    let mechanisms: Vec<_> = decode(all)
        .unwrap()
        .iter()
        .map(DiscoveryConfig::mechanism)
        .collect();
    assert_eq!(mechanisms, ["file", "http", "dns"]);
}
