//! Sends rows that are copied out: a message a row, as clients expect it.

use std::fmt::Debug;

use futures::{Sink, SinkExt, StreamExt};
use pgwire::api::results::{QueryResponse, Tag};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::copy::{CopyData, CopyDone, CopyOutResponse};

use super::copy::CopyForm;

/// Sends `rows` in the form for which their fields were made, then says how many they were. An error ends the copy.
pub(super) async fn send_copy<C>(
    client: &mut C,
    (mut rows, form): (QueryResponse, CopyForm),
) -> PgWireResult<()>
where
    C: Sink<PgWireBackendMessage> + Unpin,
    C::Error: Debug,
    PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
{
    let schema = rows.row_schema();
    let columns: Vec<&str> = schema.iter().map(|field| field.name()).collect();
    let format = i16::from(form.is_binary());
    let begun = CopyOutResponse::new(format as i8, columns.len() as i16, vec![format; columns.len()]);
    client.feed(PgWireBackendMessage::CopyOutResponse(begun)).await?;
    let mut message = form.head(&columns);
    let mut count = 0;
    while let Some(row) = rows.data_rows().next().await {
        form.row(&row?, &columns, &mut message);
        let data = CopyData::new(message.split().freeze());
        client.feed(PgWireBackendMessage::CopyData(data)).await?;
        count += 1;
    }
    // The head goes with the first row; where there is none, with the end.
    message.extend_from_slice(&form.tail());
    if !message.is_empty() {
        let data = CopyData::new(message.freeze());
        client.feed(PgWireBackendMessage::CopyData(data)).await?;
    }
    client
        .feed(PgWireBackendMessage::CopyDone(CopyDone::new()))
        .await?;
    let tag = Tag::new("COPY").with_rows(count);
    client
        .feed(PgWireBackendMessage::CommandComplete(tag.into()))
        .await?;
    Ok(())
}
