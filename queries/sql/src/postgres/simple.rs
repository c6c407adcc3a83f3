//! The simple protocol: a text with one or more statements, each answered before the next begins.

use std::fmt::Debug;

use async_trait::async_trait;
use futures::{Sink, SinkExt};
use pgwire::api::portal::Format;
use pgwire::api::query::{
    SimpleQueryHandler, send_execution_response, send_query_response, send_ready_for_query,
};
use pgwire::api::results::Response;
use pgwire::api::store::PortalStore;
use pgwire::api::{ClientInfo, ClientPortalStore, PgWireConnectionState};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::response::{EmptyQueryResponse, TransactionStatus};
use pgwire::messages::simplequery::Query;

use super::asked::Asked;
use super::commands::aborted;
use super::connection::Connection;
use super::copying::send_copy;
use super::errors;

#[async_trait]
impl SimpleQueryHandler for Connection {
    async fn on_query<C>(&self, client: &mut C, query: Query) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        if !matches!(client.state(), PgWireConnectionState::ReadyForQuery) {
            return Err(PgWireError::NotReadyForQuery);
        }
        client.set_state(PgWireConnectionState::QueryInProgress);
        // From here until all is sent a server that stops waits.
        let _busy = self.running.begin();
        let asked = Asked::split(&query.query)?;
        if asked.is_empty() {
            let nothing = PgWireBackendMessage::EmptyQueryResponse(EmptyQueryResponse::new());
            client.feed(nothing).await?;
        }
        for one in asked {
            // After an error the caller says it, and what follows is not looked at.
            self.answer(client, one, &query.query).await?;
        }
        client.set_state(PgWireConnectionState::ReadyForQuery);
        let status = client.transaction_status();
        send_ready_for_query(client, status).await
    }

    /// Statements are answered in `on_query`, one by one; nothing comes here.
    async fn do_query<C>(&self, _client: &mut C, _query: &str) -> PgWireResult<Vec<Response>>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        Err(errors::error("XX000", "statements are answered one by one"))
    }
}

impl Connection {
    /// Answers one statement, and keeps what it does to the transaction.
    async fn answer<C>(&self, client: &mut C, asked: Asked, sql: &str) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let status = client.transaction_status();
        let response = match asked {
            Asked::Command(command) => self.command(client, &command, status).await?,
            _ if status == TransactionStatus::Error => return Err(aborted()),
            Asked::Query(statement) => self.start(statement, sql, &Format::UnifiedText, None).await?,
            Asked::Copy(statement, form) => {
                let copying = self.copying(statement, form, sql).await?;
                return send_copy(client, copying).await;
            }
            Asked::Declare(declared) => self.declare(declared, sql, status).await?,
            Asked::Fetch(fetched) => self.fetch(&fetched, None).await?,
        };
        match response {
            Response::Query(rows) => send_query_response(client, rows, true).await,
            Response::Execution(tag) => send_execution_response(client, tag).await,
            Response::TransactionStart(tag) => {
                client.set_transaction_status(status.to_in_transaction_state());
                send_execution_response(client, tag).await
            }
            Response::TransactionEnd(tag) => {
                client.set_transaction_status(status.to_idle_state());
                send_execution_response(client, tag).await
            }
            _ => Err(errors::error("XX000", "a statement was answered in no known way")),
        }
    }
}
