//! Weir: pushed data is on disk before it is acknowledged, as it always is.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;

use super::{Server, folder_bytes};

pub(super) fn arguments(address: SocketAddr, folder: &Path) -> Vec<String> {
    vec![
        "run".to_owned(),
        format!("--config.file={}", folder.join("prometheus.yml").display()),
        format!("--storage.path={}", folder.join("data").display()),
        format!("--web.listen-address={address}"),
        "--storage.tsdb.retention.time=10y".to_owned(),
        "--web.enable-admin-api".to_owned(),
        "--log.level=warn".to_owned(),
    ]
}

/// Everything into segments, the segments merged; the bytes of the segments.
pub(super) fn compacted_bytes(server: &Server, data: &Path) -> Result<u64> {
    server.post("/api/v1/admin/storage/flush")?;
    server.post("/api/v1/admin/storage/compact")?;
    folder_bytes(&data.join("segments"))
}
