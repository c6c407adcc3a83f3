//! Prometheus, with everything switched on that a comparison may need.

use std::fs;

use anyhow::Result;

use super::{Peer, Program, owned};

/// Starts Prometheus with a configuration (`prometheus.yml` as text) and flags beyond ours.
pub(crate) async fn prometheus(config: &str, flags: &[&str]) -> Result<Peer> {
    Peer::start(Program::Prometheus, "/-/ready", |address, folder| {
        let file = folder.join("prometheus.yml");
        fs::write(&file, config)?;
        let arguments = [
            format!("--config.file={}", file.display()),
            format!("--storage.tsdb.path={}", folder.join("data").display()),
            format!("--web.listen-address={address}"),
            // Samples of any age may be written and none expires under a test.
            "--storage.tsdb.retention.time=100y".to_owned(),
            "--web.enable-remote-write-receiver".to_owned(),
            "--web.enable-admin-api".to_owned(),
            "--web.enable-lifecycle".to_owned(),
            "--enable-feature=promql-experimental-functions".to_owned(),
            "--log.level=warn".to_owned(),
        ];
        Ok(owned(arguments, flags))
    })
    .await
}
