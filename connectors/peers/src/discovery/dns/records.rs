//! Records as targets, with the labels that Prometheus gives them.

use std::collections::BTreeMap;

use engine_settings::{Error, Field};
use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::{RData, RecordType};

/// The records that are targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// Names with ports.
    Srv,
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Mail servers.
    Mx,
    /// Name servers.
    Ns,
}

impl RecordKind {
    pub(super) fn decode(field: Field<'_>) -> Result<Self, Error> {
        let upper = field.clone().string()?.to_ascii_uppercase();
        Ok(match upper.as_str() {
            "SRV" => Self::Srv,
            "A" => Self::A,
            "AAAA" => Self::Aaaa,
            "MX" => Self::Mx,
            "NS" => Self::Ns,
            other => {
                let message = format!("invalid DNS-SD records type {other}; use SRV, A, AAAA, MX or NS");
                return Err(field.error(message));
            }
        })
    }

    fn record_type(self) -> RecordType {
        match self {
            Self::Srv => RecordType::SRV,
            Self::A => RecordType::A,
            Self::Aaaa => RecordType::AAAA,
            Self::Mx => RecordType::MX,
            Self::Ns => RecordType::NS,
        }
    }
}

/// A resolver by `/etc/resolv.conf`.
pub(super) fn system_resolver() -> Result<TokioResolver, String> {
    let mut builder = TokioResolver::builder_tokio().map_err(|error| error.to_string())?;
    // Each question is a new one: the interval decides how old an answer may be.
    builder.options_mut().cache_size = 0;
    builder.build().map_err(|error| error.to_string())
}

/// The targets of a name. A name without such records has none; one that cannot be asked for is an error.
pub(super) async fn targets(
    resolver: &TokioResolver,
    name: &str,
    kind: RecordKind,
    port: u16,
) -> Result<Vec<BTreeMap<String, String>>, String> {
    let lookup = match resolver.lookup(name, kind.record_type()).await {
        Ok(lookup) => lookup,
        Err(error) if error.is_no_records_found() => return Ok(Vec::new()),
        Err(error) => return Err(error.to_string()),
    };
    let found = lookup
        .answers()
        .iter()
        .filter_map(|record| target(&record.data, name, port));
    Ok(found.collect())
}

/// One record as a target; `None` for one that only leads to others.
fn target(data: &RData, name: &str, port: u16) -> Option<BTreeMap<String, String>> {
    let mut labels = BTreeMap::from([("__meta_dns_name".to_owned(), name.to_owned())]);
    let address = match data {
        RData::SRV(record) => {
            let target = record.target.to_ascii();
            let own_port = record.port.to_string();
            let address = format!("{}:{own_port}", target.trim_end_matches('.'));
            labels.insert("__meta_dns_srv_record_target".to_owned(), target);
            labels.insert("__meta_dns_srv_record_port".to_owned(), own_port);
            address
        }
        RData::MX(record) => {
            let target = record.exchange.to_ascii();
            let address = format!("{}:{port}", target.trim_end_matches('.'));
            labels.insert("__meta_dns_mx_record_target".to_owned(), target);
            address
        }
        RData::NS(record) => {
            let target = record.0.to_ascii();
            let address = format!("{}:{port}", target.trim_end_matches('.'));
            labels.insert("__meta_dns_ns_record_target".to_owned(), target);
            address
        }
        RData::A(record) => format!("{}:{port}", record.0),
        RData::AAAA(record) => format!("[{}]:{port}", record.0),
        _ => return None,
    };
    labels.insert("__address__".to_owned(), address);
    Some(labels)
}
