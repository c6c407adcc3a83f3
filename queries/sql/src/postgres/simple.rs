//! The simple protocol: a text with one or more statements, answers in text.

use std::fmt::Debug;

use async_trait::async_trait;
use futures::Sink;
use pgwire::api::portal::Format;
use pgwire::api::query::SimpleQueryHandler;
use pgwire::api::results::Response;
use pgwire::api::store::PortalStore;
use pgwire::api::{ClientInfo, ClientPortalStore};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::response::TransactionStatus;

use super::commands::Asked;
use super::connection::Connection;

#[async_trait]
impl SimpleQueryHandler for Connection {
    async fn do_query<C>(&self, client: &mut C, query: &str) -> PgWireResult<Vec<Response>>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let asked = Asked::split(query)?;
        let mut status = client.transaction_status();
        let (mut responses, last) = (Vec::new(), asked.len().saturating_sub(1));
        for (i, one) in asked.into_iter().enumerate() {
            let answer = match one {
                Asked::Command(command) => self.command(client, &command, status),
                Asked::Query(_) if status == TransactionStatus::Error => Err(super::commands::aborted()),
                // Only the last is sent while it runs: those before it are over when it begins.
                Asked::Query(statement) if i == last => {
                    self.start(statement, query, &Format::UnifiedText, None).await
                }
                Asked::Query(statement) => self.finish(statement, query).await,
            };
            match answer {
                Ok(response) => {
                    status = match &response {
                        Response::TransactionStart(_) => TransactionStatus::Transaction,
                        Response::TransactionEnd(_) => TransactionStatus::Idle,
                        _ => status,
                    };
                    responses.push(response);
                }
                Err(error) if responses.is_empty() => return Err(error),
                Err(error) => {
                    responses.push(Response::Error(Box::new(error.into())));
                    break;
                }
            }
        }
        if responses.is_empty() {
            responses.push(Response::EmptyQuery);
        }
        Ok(responses)
    }
}
