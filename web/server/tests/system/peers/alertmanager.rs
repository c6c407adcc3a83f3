//! Alertmanager, alone, without a cluster.

use std::fs;

use anyhow::Result;

use super::{Peer, Program, owned};

/// Starts Alertmanager with a configuration (`alertmanager.yml` as text) and flags beyond ours.
pub(crate) async fn alertmanager(config: &str, flags: &[&str]) -> Result<Peer> {
    Peer::start(Program::Alertmanager, "/-/ready", |address, folder| {
        let file = folder.join("alertmanager.yml");
        fs::write(&file, config)?;
        let arguments = [
            format!("--config.file={}", file.display()),
            format!("--storage.path={}", folder.join("data").display()),
            format!("--web.listen-address={address}"),
            "--cluster.listen-address=".to_owned(),
            "--log.level=warn".to_owned(),
        ];
        Ok(owned(arguments, flags))
    })
    .await
}
