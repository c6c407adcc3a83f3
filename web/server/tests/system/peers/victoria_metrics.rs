//! VictoriaMetrics, one node, answering with what was written a moment ago.

use anyhow::Result;

use super::{Peer, Program, owned};

/// Starts VictoriaMetrics with flags beyond ours.
pub(crate) async fn victoria_metrics(flags: &[&str]) -> Result<Peer> {
    Peer::start(Program::VictoriaMetrics, "/health", |address, folder| {
        let arguments = [
            format!("-storageDataPath={}", folder.join("data").display()),
            format!("-httpListenAddr={address}"),
            "-retentionPeriod=100y".to_owned(),
            // Its defaults hide the last 30 s from queries.
            "-search.latencyOffset=0s".to_owned(),
            "-search.disableCache".to_owned(),
            "-loggerLevel=WARN".to_owned(),
        ];
        Ok(owned(arguments, flags))
    })
    .await
}
