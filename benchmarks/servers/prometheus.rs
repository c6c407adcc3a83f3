//! Prometheus with its receiver on and no target of its own.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::{Server, folder_bytes};

pub(super) fn arguments(address: SocketAddr, folder: &Path) -> Vec<String> {
    vec![
        format!("--config.file={}", folder.join("prometheus.yml").display()),
        format!("--storage.tsdb.path={}", folder.join("data").display()),
        format!("--web.listen-address={address}"),
        "--storage.tsdb.retention.time=10y".to_owned(),
        "--web.enable-remote-write-receiver".to_owned(),
        "--web.remote-write-receiver.accepted-protobuf-messages=prometheus.WriteRequest".to_owned(),
        "--web.remote-write-receiver.accepted-protobuf-messages=io.prometheus.write.v2.Request".to_owned(),
        "--web.enable-admin-api".to_owned(),
        "--log.level=warn".to_owned(),
    ]
}

/// Prometheus compacts its head by the clock alone; a snapshot writes the block that it would write.
pub(super) fn compacted_bytes(server: &Server, data: &Path) -> Result<u64> {
    let answer: serde_json::Value = serde_json::from_str(&server.post("/api/v1/admin/tsdb/snapshot")?)?;
    let name = answer["data"]["name"]
        .as_str()
        .context("a snapshot without a name")?;
    folder_bytes(&data.join("snapshots").join(name))
}
