//! The `*_sd_configs` keys: which mechanisms there are, and which are refused by name.

use engine_settings::{Error, Field, Mapping};

use super::discoverer::Discoverer;
use super::dns::{DnsConfig, DnsDiscoverer};
use super::file::{FileConfig, FileDiscoverer};
use super::http::{HttpConfig, HttpDiscoverer};

/// Mechanisms of Prometheus that this version does not have.
const NOT_SUPPORTED: [&str; 33] = [
    "aws_sd_configs",
    "azure_sd_configs",
    "consul_sd_configs",
    "digitalocean_sd_configs",
    "docker_sd_configs",
    "dockerswarm_sd_configs",
    "ec2_sd_configs",
    "ecs_sd_configs",
    "elasticache_sd_configs",
    "eureka_sd_configs",
    "gce_sd_configs",
    "hetzner_sd_configs",
    "ionos_sd_configs",
    "kubernetes_sd_configs",
    "kuma_sd_configs",
    "lightsail_sd_configs",
    "linode_sd_configs",
    "marathon_sd_configs",
    "msk_sd_configs",
    "nerve_sd_configs",
    "nomad_sd_configs",
    "oci_sd_configs",
    "openstack_sd_configs",
    "outscale_sd_configs",
    "ovhcloud_sd_configs",
    "puppetdb_sd_configs",
    "rds_sd_configs",
    "scaleway_sd_configs",
    "serverset_sd_configs",
    "stackit_sd_configs",
    "triton_sd_configs",
    "uyuni_sd_configs",
    "vultr_sd_configs",
];

/// Mechanisms that find targets, by the names of their keys before `_sd_configs`.
pub const MECHANISMS: [&str; 3] = ["dns", "file", "http"];

/// One discoverer's configuration. Equal configurations share a discoverer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiscoveryConfig {
    /// `file_sd_configs`
    File(FileConfig),
    /// `http_sd_configs`
    Http(Box<HttpConfig>),
    /// `dns_sd_configs`
    Dns(DnsConfig),
}

impl DiscoveryConfig {
    /// Reads all `*_sd_configs` among the keys of a mapping (a scrape config); the caller finishes it.
    pub fn decode_all(mapping: &Mapping<'_>) -> Result<Vec<Self>, Error> {
        mapping.not_supported(&NOT_SUPPORTED);
        let files = list(mapping, "file_sd_configs", FileConfig::decode)?;
        let servers = list(mapping, "http_sd_configs", HttpConfig::decode)?;
        let names = list(mapping, "dns_sd_configs", DnsConfig::decode)?;
        let files = files.into_iter().map(Self::File);
        let servers = servers.into_iter().map(|config| Self::Http(Box::new(config)));
        Ok(files
            .chain(servers)
            .chain(names.into_iter().map(Self::Dns))
            .collect())
    }

    /// The mechanism's name in metrics and logs.
    pub fn mechanism(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Http(_) => "http",
            Self::Dns(_) => "dns",
        }
    }

    /// What finds the targets, not running yet; the error says what is in its way now.
    pub(super) fn discoverer(&self, user_agent: &str) -> Result<Box<dyn Discoverer>, String> {
        Ok(match self {
            Self::File(config) => Box::new(FileDiscoverer::new(config.clone())),
            Self::Http(config) => Box::new(HttpDiscoverer::new(config, user_agent)?),
            Self::Dns(config) => Box::new(DnsDiscoverer::new(config.clone())),
        })
    }
}

fn list<'a, T>(
    mapping: &Mapping<'a>,
    key: &str,
    mut decode: impl FnMut(Field<'a>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    mapping.get_or(key, |field| field.list(&mut decode), Vec::new())
}

/// A refresh interval, which is not 0.
pub(super) fn refresh_interval_ms(mapping: &Mapping<'_>, default_ms: i64) -> Result<i64, Error> {
    let written = mapping.get("refresh_interval", Field::duration_ms)?;
    Ok(written.filter(|ms| *ms != 0).unwrap_or(default_ms))
}
