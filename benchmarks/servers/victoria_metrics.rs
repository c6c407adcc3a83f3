//! VictoriaMetrics, single node, with its defaults but for the retention and the offset that hides the newest
//! samples from queries.

use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::Result;

use super::{Server, folder_bytes};

pub(super) fn arguments(address: SocketAddr, folder: &Path) -> Vec<String> {
    vec![
        format!("-storageDataPath={}", folder.join("data").display()),
        format!("-httpListenAddr={address}"),
        "-retentionPeriod=10y".to_owned(),
        "-search.latencyOffset=0s".to_owned(),
        "-search.maxUniqueTimeseries=10000000".to_owned(),
        format!("-promscrape.config={}", folder.join("prometheus.yml").display()),
        "-loggerLevel=WARN".to_owned(),
    ]
}

/// A merge goes on behind its answer: it is over when the bytes have stayed the same for some seconds.
pub(super) fn compacted_bytes(server: &Server, data: &Path) -> Result<u64> {
    server.post("/internal/force_flush")?;
    server.post("/internal/force_merge")?;
    let (mut bytes, mut same) = (folder_bytes(data)?, 0);
    while same < 5 {
        thread::sleep(Duration::from_secs(1));
        let now = folder_bytes(data)?;
        same = if now == bytes { same + 1 } else { 0 };
        bytes = now;
    }
    folder_bytes(data)
}
