//! The node exporter, reading this machine.

use anyhow::Result;

use super::{Peer, Program, owned};

/// Starts the node exporter with flags beyond ours.
pub(crate) async fn node_exporter(flags: &[&str]) -> Result<Peer> {
    Peer::start(Program::NodeExporter, "/", |address, _| {
        let arguments = [
            format!("--web.listen-address={address}"),
            "--log.level=warn".to_owned(),
        ];
        Ok(owned(arguments, flags))
    })
    .await
}
