//! The greeting of a connection: which database, and what the client should know.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use futures::Sink;
use pgwire::api::auth::{
    DefaultServerParameterProvider, StartupHandler, finish_authentication, protocol_negotiation,
    save_startup_parameters_to_metadata,
};
use pgwire::api::{
    ClientInfo, METADATA_DATABASE, METADATA_USER, PidSecretKeyGenerator, RandomPidSecretKeyGenerator,
};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::{PgWireBackendMessage, PgWireFrontendMessage};
use queries_tables::sql_tables::CATALOG;

use super::connection::Connection;
use super::errors;
use super::running::Cancels;
use crate::pg_catalog::SERVER_VERSION;

/// Greets one connection.
#[derive(Debug)]
pub(super) struct Startup {
    pub(super) cancels: Arc<Cancels>,
    pub(super) keys: Arc<RandomPidSecretKeyGenerator>,
    pub(super) connection: Arc<Connection>,
    /// Why the connection cannot be served.
    pub(super) refused: Option<String>,
}

#[async_trait]
impl StartupHandler for Startup {
    async fn on_startup<C>(&self, client: &mut C, message: PgWireFrontendMessage) -> PgWireResult<()>
    where
        C: ClientInfo + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let PgWireFrontendMessage::Startup(startup) = message else {
            return Err(errors::fatal("08P01", "a startup message was expected"));
        };
        if let Some(why) = &self.refused {
            return Err(errors::fatal("53300", why.as_str()));
        }
        protocol_negotiation(client, &startup).await?;
        save_startup_parameters_to_metadata(client, &startup);
        let metadata = client.metadata();
        // As in PostgreSQL, a client that names no database means the one called as its user.
        let database = metadata.get(METADATA_DATABASE).or(metadata.get(METADATA_USER));
        if database.is_none_or(|database| database != CATALOG) {
            let named = database.map_or("", String::as_str);
            let text = format!("database \"{named}\" does not exist; the only one is \"{CATALOG}\"");
            return Err(errors::fatal("3D000", text));
        }
        let parameters = metadata
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        self.connection.settings.lock().greeting(parameters)?;
        let (pid, key) = self.keys.generate(client);
        self.cancels.add(pid, &key, Arc::clone(&self.connection.running));
        client.set_pid_and_secret_key(pid, key);
        let mut parameters = DefaultServerParameterProvider::default();
        parameters.server_version = SERVER_VERSION.to_owned();
        parameters.is_superuser = false;
        parameters.default_transaction_read_only = true;
        parameters.time_zone = "UTC".to_owned();
        finish_authentication(client, &parameters).await
    }
}
