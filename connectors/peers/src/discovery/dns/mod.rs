//! `dns_sd_configs`: names whose records are targets, asked for at intervals; each keeps its last answer.

mod records;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use engine_settings::{Error, Field};
use futures::future::join_all;
use hickory_resolver::TokioResolver;

use super::config::refresh_interval_ms;
use super::discoverer::{Discoverer, Updates};
use super::group::TargetGroup;
pub use records::RecordKind;

/// How often the records are asked for, unless the file says otherwise.
const REFRESH_MS: i64 = 30_000;

/// One entry of `dns_sd_configs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsConfig {
    /// Names to ask for.
    pub names: Vec<String>,
    /// The records that are targets.
    pub kind: RecordKind,
    /// Port of the targets; SRV records have their own.
    pub port: u16,
    /// Time between two questions, ms.
    pub refresh_interval_ms: i64,
}

impl DnsConfig {
    pub(super) fn decode(field: Field<'_>) -> Result<Self, Error> {
        let mapping = field.mapping()?;
        let names = mapping.get_or("names", Field::strings, Vec::new())?;
        if names.is_empty() {
            return Err(mapping.error("DNS-SD config must contain at least one SRV record name"));
        }
        let kind = mapping.get_or("type", RecordKind::decode, RecordKind::Srv)?;
        let port = mapping.get_or("port", Field::u64, 0)?;
        if kind != RecordKind::Srv && port == 0 {
            return Err(mapping.error("a port is required in DNS-SD configs for all record types except SRV"));
        }
        let port = u16::try_from(port).map_err(|_| mapping.error("a port is at most 65535"))?;
        let config = Self {
            names,
            kind,
            port,
            refresh_interval_ms: refresh_interval_ms(&mapping, REFRESH_MS)?,
        };
        mapping.finish()?;
        Ok(config)
    }
}

/// Makes a resolver; the system's configuration is read anew each time, as it may change.
type MakeResolver = Arc<dyn Fn() -> Result<TokioResolver, String> + Send + Sync>;

/// Asks the name servers.
pub(super) struct DnsDiscoverer {
    config: DnsConfig,
    resolver: MakeResolver,
    /// The last answer for each name.
    known: BTreeMap<String, TargetGroup>,
}

impl DnsDiscoverer {
    pub(super) fn new(config: DnsConfig) -> Self {
        Self::with_resolver(config, Arc::new(records::system_resolver))
    }

    pub(super) fn with_resolver(config: DnsConfig, resolver: MakeResolver) -> Self {
        Self {
            config,
            resolver,
            known: BTreeMap::new(),
        }
    }

    async fn refresh(&mut self, updates: &Updates) {
        let resolver = match (self.resolver)() {
            Ok(resolver) => resolver,
            Err(error) => {
                tracing::error!(
                    error,
                    "the system's name servers are not known; the last targets stay"
                );
                return updates.failed();
            }
        };
        let (kind, port) = (self.config.kind, self.config.port);
        let questions = self
            .config
            .names
            .iter()
            .map(|name| records::targets(&resolver, name, kind, port));
        let answers = join_all(questions).await;
        let mut failed = false;
        for (name, answer) in self.config.names.iter().zip(answers) {
            updates.metrics().dns_lookups.add(1);
            match answer {
                Ok(targets) => {
                    let group = TargetGroup {
                        source: name.clone(),
                        targets,
                        labels: BTreeMap::new(),
                    };
                    self.known.insert(name.clone(), group);
                }
                Err(error) => {
                    failed = true;
                    updates.metrics().dns_lookup_failures.add(1);
                    tracing::error!(name, error, "a name cannot be looked up; its last targets stay");
                }
            }
        }
        if failed {
            updates.failed();
        }
        updates.publish(self.known.values().cloned().collect());
    }
}

#[async_trait]
impl Discoverer for DnsDiscoverer {
    async fn run(&mut self, updates: Updates) {
        let mut ticks = tokio::time::interval(Duration::from_millis(
            self.config.refresh_interval_ms.unsigned_abs(),
        ));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let looked = updates.clone();
            looked.timed(self.refresh(&updates)).await;
        }
    }
}
