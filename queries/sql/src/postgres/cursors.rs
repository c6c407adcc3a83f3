//! Cursors of a connection. One that only goes forward reads its query as far as rows are fetched; one that scrolls
//! keeps all rows, which are bounded as those of an answer over HTTP are.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::stream;
use pgwire::api::portal::Format;
use pgwire::api::results::{QueryResponse, Response, Tag};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::data::DataRow;
use pgwire::messages::response::TransactionStatus;

use super::connection::Connection;
use super::cursor_words::{Declared, Direction, Fetched};
use super::errors;
use super::rows::{RowWriter, fields};
use crate::error::SqlError;
use crate::stream::SqlStream;

/// Most open cursors of a connection: each holds a place of a query while it has rows to give.
const CURSORS_MAX: usize = 4;

/// An open cursor.
#[derive(Debug)]
pub(super) struct Cursor {
    name: String,
    sql: String,
    schema: SchemaRef,
    hold: bool,
    binary: bool,
    rows: Rows,
    /// The row at which it stands, from 1; 0 before the first, one more than there are after the last.
    at: usize,
}

/// Where rows come from.
#[derive(Debug)]
enum Rows {
    /// As they come: what is left of the last batch, from the row after the one at which the cursor stands.
    Forward {
        stream: SqlStream,
        left: Option<RecordBatch>,
    },
    /// All of them, whose memory is counted while the stream lives.
    Kept {
        batches: Vec<RecordBatch>,
        _counted: SqlStream,
    },
}

/// Rows to be sent: parts of batches, in order.
type Parts = Vec<RecordBatch>;

impl Cursor {
    /// Moves, and gives the rows that it passes or stops at.
    async fn go(&mut self, direction: Direction, rows_max: usize) -> Result<Parts, SqlError> {
        match &self.rows {
            Rows::Kept { batches, .. } => {
                let count: usize = batches.iter().map(RecordBatch::num_rows).sum();
                let (wanted, at) = scrolled(direction, self.at, count);
                self.at = at;
                let parts = wanted.into_iter().filter_map(|row| one_row(batches, row));
                Ok(parts.collect())
            }
            Rows::Forward { .. } => {
                let (skipped, taken) = self.forward(direction)?;
                self.pass(skipped, usize::MAX).await?;
                self.pass(taken, rows_max).await
            }
        }
    }

    /// How many rows to leave out and how many to take.
    fn forward(&self, direction: Direction) -> Result<(usize, usize), SqlError> {
        let ahead = |target: i64| usize::try_from(target).ok().filter(|&target| target > self.at);
        match direction {
            Direction::Forward(count) if count > 0 => Ok((0, usize::try_from(count).unwrap_or(usize::MAX))),
            Direction::ForwardAll => Ok((0, usize::MAX)),
            Direction::Relative(count) if count > 0 => {
                Ok((usize::try_from(count - 1).unwrap_or(usize::MAX), 1))
            }
            Direction::Absolute(target) if ahead(target).is_some() => {
                Ok((ahead(target).map_or(0, |target| target - self.at - 1), 1))
            }
            _ => Err(SqlError::BadQuery(
                "cursor can only scan forward; declare it with SCROLL option to enable backward scan"
                    .to_owned(),
            )),
        }
    }

    /// The next rows, at most `count`; an error where they are more than `rows_max`.
    async fn pass(&mut self, count: usize, rows_max: usize) -> Result<Parts, SqlError> {
        let Rows::Forward { stream, left } = &mut self.rows else {
            return Ok(Vec::new());
        };
        let (mut parts, mut passed) = (Vec::new(), 0);
        while passed < count {
            let batch = match left.take() {
                Some(batch) => batch,
                None => match stream.next().await.transpose()? {
                    Some(batch) => batch,
                    None => break,
                },
            };
            let taken = batch.num_rows().min(count - passed);
            if taken < batch.num_rows() {
                *left = Some(batch.slice(taken, batch.num_rows() - taken));
            }
            passed += taken;
            self.at += taken;
            if rows_max != usize::MAX {
                parts.push(batch.slice(0, taken));
            }
            if passed > rows_max {
                return Err(SqlError::TooLarge(format!(
                    "more than {rows_max} rows are fetched at a time; fetch some at a time"
                )));
            }
        }
        if passed < count {
            self.at += 1;
        }
        Ok(parts)
    }
}

/// The rows, from 1, that a cursor which stands at `at` of `count` rows gives, and where it stands then.
fn scrolled(direction: Direction, at: usize, count: usize) -> (Vec<usize>, usize) {
    let one = |target: i64| match usize::try_from(target) {
        Ok(target) if (1..=count).contains(&target) => (vec![target], target),
        Ok(target) if target > count => (Vec::new(), count + 1),
        _ => (Vec::new(), 0),
    };
    let (from, rows) = (at as i64, count as i64);
    match direction {
        Direction::Forward(0) => one(from),
        Direction::Forward(steps) if steps > 0 => {
            let until = from.saturating_add(steps).min(rows);
            let passed = (from + 1..=until).filter_map(|row| usize::try_from(row).ok());
            let end = if from.saturating_add(steps) > rows {
                count + 1
            } else {
                until as usize
            };
            (passed.collect(), end)
        }
        Direction::ForwardAll => scrolled(Direction::Forward(i64::MAX), at, count),
        Direction::Forward(steps) => {
            let until = from.saturating_add(steps).max(1);
            let passed = (until..from).rev().filter_map(|row| usize::try_from(row).ok());
            let end = from.saturating_add(steps).max(0);
            (passed.collect(), end as usize)
        }
        Direction::BackwardAll => scrolled(Direction::Forward(-i64::MAX), at, count),
        Direction::Absolute(target) if target < 0 => one((rows + 1).saturating_add(target)),
        Direction::Absolute(target) => one(target),
        Direction::Relative(steps) => one(from.saturating_add(steps)),
    }
}

/// A row, from 1.
fn one_row(batches: &[RecordBatch], row: usize) -> Option<RecordBatch> {
    let mut before = row.checked_sub(1)?;
    for batch in batches {
        if before < batch.num_rows() {
            return Some(batch.slice(before, 1));
        }
        before -= batch.num_rows();
    }
    None
}

impl Connection {
    /// Opens a cursor.
    pub(super) async fn declare(
        &self,
        declared: Declared,
        sql: &str,
        status: TransactionStatus,
    ) -> PgWireResult<Response> {
        if status != TransactionStatus::Transaction && !declared.hold {
            let text = "DECLARE CURSOR can only be used in transaction blocks";
            return Err(errors::error("25P01", text));
        }
        let Declared {
            name,
            query,
            scroll,
            hold,
            binary,
        } = declared;
        let mut cursors = self.cursors.lock().await;
        if cursors.iter().any(|cursor| cursor.name == name) {
            return Err(errors::error(
                "42P03",
                format!("cursor \"{name}\" already exists"),
            ));
        }
        if cursors.len() >= CURSORS_MAX {
            let text = format!("at most {CURSORS_MAX} cursors can be open; close some");
            return Err(errors::error("53400", text));
        }
        let mut stream = self.opened(query, sql).await?;
        let schema = Arc::clone(stream.schema());
        let rows = match scroll {
            false => Rows::Forward { stream, left: None },
            true => {
                let mut watched = self.running.begin();
                let rows_max = self.engine.config().rows_max;
                let kept = async {
                    let kept = stream.keep(rows_max).await;
                    kept.map_err(|error| errors::of_query(&error, sql))
                };
                let batches = watched.or_ended(kept).await?;
                Rows::Kept {
                    batches,
                    _counted: stream,
                }
            }
        };
        cursors.push(Cursor {
            name,
            sql: sql.to_owned(),
            schema,
            hold,
            binary,
            rows,
            at: 0,
        });
        Ok(Response::Execution(Tag::new("DECLARE CURSOR")))
    }

    /// Rows of a cursor, in `formats` or as it was declared.
    pub(super) async fn fetch(&self, fetched: &Fetched, formats: Option<&Format>) -> PgWireResult<Response> {
        let mut cursors = self.cursors.lock().await;
        let found = cursors.iter_mut().find(|cursor| cursor.name == fetched.name);
        let cursor = found.ok_or_else(|| no_cursor(&fetched.name))?;
        let mut watched = self.running.begin();
        let rows_max = self.engine.config().rows_max;
        let sql = cursor.sql.clone();
        let going = async {
            let gone = cursor.go(fetched.direction, rows_max).await;
            gone.map_err(|error| match error {
                SqlError::BadQuery(text) if text.starts_with("cursor can only") => {
                    errors::error("55000", text)
                }
                error => errors::of_query(&error, &sql),
            })
        };
        let parts = watched.or_ended(going).await?;
        if fetched.only_moves {
            let moved = parts.iter().map(RecordBatch::num_rows).sum();
            return Ok(Response::Execution(Tag::new("MOVE").with_rows(moved)));
        }
        let declared = match cursor.binary {
            true => Format::UnifiedBinary,
            false => Format::UnifiedText,
        };
        let fields = Arc::new(fields(&cursor.schema, formats.unwrap_or(&declared))?);
        let mut writer = RowWriter::new(Arc::clone(&fields), Arc::clone(&cursor.schema));
        let mut rows: Vec<PgWireResult<DataRow>> = Vec::new();
        for part in &parts {
            rows.extend(writer.rows(part)?.into_iter().map(Ok));
        }
        let mut response = QueryResponse::new(fields, stream::iter(rows));
        response.set_command_tag("FETCH");
        Ok(Response::Query(response))
    }

    /// Closes a cursor, or all.
    pub(super) async fn close(&self, name: Option<&str>) -> PgWireResult<Response> {
        let mut cursors = self.cursors.lock().await;
        match name {
            None => cursors.clear(),
            Some(name) => {
                let before = cursors.len();
                cursors.retain(|cursor| cursor.name != name);
                if cursors.len() == before {
                    return Err(no_cursor(name));
                }
            }
        }
        Ok(Response::Execution(Tag::new("CLOSE CURSOR")))
    }

    /// Closes what does not live on after its transaction; all where it is rolled back.
    pub(super) async fn end_cursors(&self, kept: bool) {
        self.cursors.lock().await.retain(|cursor| kept && cursor.hold);
    }

    /// The columns of an open cursor.
    pub(super) async fn cursor_schema(&self, name: &str) -> PgWireResult<SchemaRef> {
        let cursors = self.cursors.lock().await;
        let found = cursors.iter().find(|cursor| cursor.name == name);
        found
            .map(|cursor| Arc::clone(&cursor.schema))
            .ok_or_else(|| no_cursor(name))
    }
}

fn no_cursor(name: &str) -> PgWireError {
    errors::error("34000", format!("cursor \"{name}\" does not exist"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_a_cursor_that_scrolls() {
        for (direction, at, rows, then) in [
            (Direction::Forward(2), 0, vec![1, 2], 2),
            (Direction::Forward(9), 3, vec![4, 5], 6),
            (Direction::Forward(2), 3, vec![4, 5], 5),
            (Direction::ForwardAll, 0, vec![1, 2, 3, 4, 5], 6),
            (Direction::Forward(1), 6, vec![], 6),
            (Direction::Forward(-2), 6, vec![5, 4], 4),
            (Direction::Forward(-9), 3, vec![2, 1], 0),
            (Direction::Forward(-2), 3, vec![2, 1], 1),
            (Direction::BackwardAll, 6, vec![5, 4, 3, 2, 1], 0),
            (Direction::Forward(0), 4, vec![4], 4),
            (Direction::Forward(0), 0, vec![], 0),
            (Direction::Absolute(3), 6, vec![3], 3),
            (Direction::Absolute(-1), 0, vec![5], 5),
            (Direction::Absolute(-9), 3, vec![], 0),
            (Direction::Absolute(9), 3, vec![], 6),
            (Direction::Relative(-1), 3, vec![2], 2),
            (Direction::Relative(i64::MAX), 3, vec![], 6),
        ] {
            assert_eq!(
                scrolled(direction, at, 5),
                (rows, then),
                "{direction:?} from {at}"
            );
        }
    }
}
