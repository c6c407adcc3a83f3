//! The journal's records as they stand on disk, and what a sequence of them amounts to.

use std::collections::{BTreeMap, HashMap};

use engine_model::Labels;
use serde::{Deserialize, Serialize};

use crate::alert::Alert;
use crate::dispatch::{Change, Restored};
use crate::notification_log::{IntegrationId, LogEntry, LogKey};

/// The format written here.
pub(super) const VERSION: u64 = 1;

type LabelMap = BTreeMap<String, String>;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Record {
    Version(u64),
    Alert(AlertRecord),
    AlertGone(LabelMap),
    Notified(NotifiedRecord),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct AlertRecord {
    labels: LabelMap,
    annotations: LabelMap,
    starts_at_ms: i64,
    ends_at_ms: i64,
    updated_at_ms: i64,
    generator_url: String,
    timeout: bool,
    resolved: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct NotifiedRecord {
    group_key: String,
    receiver: String,
    kind: String,
    index: usize,
    firing: Vec<LabelMap>,
    resolved: Vec<LabelMap>,
    timestamp_ms: i64,
    expires_at_ms: i64,
}

impl Record {
    /// The first line.
    pub(super) fn version() -> Self {
        Self::Version(VERSION)
    }

    /// A state as records.
    pub(super) fn all(state: &Restored) -> impl Iterator<Item = Self> {
        let alerts = state
            .alerts
            .iter()
            .map(|(alert, resolved)| Self::alert(alert, *resolved));
        let notified = state
            .notified
            .iter()
            .map(|(key, entry)| Self::notified(key, entry));
        alerts.chain(notified)
    }

    fn alert(alert: &Alert, resolved: bool) -> Self {
        Self::Alert(AlertRecord {
            labels: label_map(&alert.labels),
            annotations: alert.annotations.clone(),
            starts_at_ms: alert.starts_at_ms,
            ends_at_ms: alert.ends_at_ms,
            updated_at_ms: alert.updated_at_ms,
            generator_url: alert.generator_url.clone(),
            timeout: alert.timeout,
            resolved,
        })
    }

    fn notified(key: &LogKey, entry: &LogEntry) -> Self {
        Self::Notified(NotifiedRecord {
            group_key: key.group_key.to_string(),
            receiver: key.integration.receiver.to_string(),
            kind: key.integration.kind.to_string(),
            index: key.integration.index,
            firing: entry.firing.iter().map(label_map).collect(),
            resolved: entry.resolved.iter().map(label_map).collect(),
            timestamp_ms: entry.timestamp_ms,
            expires_at_ms: entry.expires_at_ms,
        })
    }
}

impl From<&Change> for Record {
    fn from(change: &Change) -> Self {
        match change {
            Change::Alert { alert, resolved } => Self::alert(alert, *resolved),
            Change::AlertGone(labels) => Self::AlertGone(label_map(labels)),
            Change::Notified(key, entry) => Self::notified(key, entry),
        }
    }
}

/// Appends a record as a line.
pub(super) fn write_line(out: &mut Vec<u8>, record: &Record) {
    let json = serde_json::to_string(record).expect("a map with text keys is JSON");
    out.extend_from_slice(format!("{:08x} {json}\n", crc32fast::hash(json.as_bytes())).as_bytes());
}

fn read_line(line: &[u8]) -> Option<Record> {
    let (checksum, json) = line.strip_suffix(b"\n")?.split_at_checked(9)?;
    let checksum = std::str::from_utf8(checksum).ok()?.strip_suffix(' ')?;
    let matches = u32::from_str_radix(checksum, 16).ok()? == crc32fast::hash(json);
    if matches {
        serde_json::from_slice(json).ok()
    } else {
        None
    }
}

/// What the lines read so far amount to.
#[derive(Debug, Default)]
pub(super) struct Replay {
    pub(super) version: Option<u64>,
    pub(super) damaged_lines: usize,
    alerts: HashMap<Labels, (Alert, bool)>,
    notified: HashMap<LogKey, LogEntry>,
}

impl Replay {
    /// Takes the next line, its newline included.
    pub(super) fn line(&mut self, line: &[u8]) {
        match read_line(line) {
            None => self.damaged_lines += 1,
            Some(Record::Version(version)) => self.version = Some(version),
            Some(Record::Alert(record)) => {
                let labels = Labels::from_pairs(&record.labels);
                let alert = Alert {
                    labels: labels.clone(),
                    annotations: record.annotations,
                    starts_at_ms: record.starts_at_ms,
                    ends_at_ms: record.ends_at_ms,
                    updated_at_ms: record.updated_at_ms,
                    generator_url: record.generator_url,
                    timeout: record.timeout,
                };
                self.alerts.insert(labels, (alert, record.resolved));
            }
            Some(Record::AlertGone(labels)) => {
                self.alerts.remove(&Labels::from_pairs(&labels));
            }
            Some(Record::Notified(record)) => {
                let key = LogKey {
                    group_key: record.group_key.into(),
                    integration: IntegrationId {
                        receiver: record.receiver.into(),
                        kind: record.kind.into(),
                        index: record.index,
                    },
                };
                let entry = LogEntry {
                    firing: record.firing.iter().map(Labels::from_pairs).collect(),
                    resolved: record.resolved.iter().map(Labels::from_pairs).collect(),
                    timestamp_ms: record.timestamp_ms,
                    expires_at_ms: record.expires_at_ms,
                };
                self.notified.insert(key, entry);
            }
        }
    }

    /// The state after the last line.
    pub(super) fn finish(self) -> Restored {
        Restored {
            alerts: self.alerts.into_values().collect(),
            notified: self.notified.into_iter().collect(),
        }
    }
}

fn label_map(labels: &Labels) -> LabelMap {
    labels.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
}
