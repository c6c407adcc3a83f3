//! Errors of SQL queries, by what the caller answers.

use std::time::Duration;

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::parser::ParserError;
use queries_tables::SnapshotError;

/// A query that has no result.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// The text is no SQL, names what does not exist, does not only read, or fails on the data.
    #[error("{0}")]
    BadQuery(String),
    /// The statement would change something.
    #[error("{0}")]
    ReadOnly(String),
    /// The query needs more memory or has more rows than it may; a narrower one can work.
    #[error("{0}")]
    TooLarge(String),
    /// The query took longer than it may.
    #[error("the query took longer than {}s; narrow its time range or its labels", .0.as_secs_f64())]
    Timeout(Duration),
    /// The server is stopping.
    #[error("the query was canceled")]
    Canceled,
    /// The store could not be read.
    #[error("{0}")]
    Storage(String),
    /// A fault of ours.
    #[error("internal error: {0}")]
    Internal(String),
}

impl SqlError {
    /// The same error once more, for one that comes back through the query engine.
    fn again(&self) -> Self {
        match self {
            Self::BadQuery(text) => Self::BadQuery(text.clone()),
            Self::ReadOnly(text) => Self::ReadOnly(text.clone()),
            Self::TooLarge(text) => Self::TooLarge(text.clone()),
            Self::Timeout(after) => Self::Timeout(*after),
            Self::Canceled => Self::Canceled,
            Self::Storage(text) => Self::Storage(text.clone()),
            Self::Internal(text) => Self::Internal(text.clone()),
        }
    }
}

impl From<DataFusionError> for SqlError {
    /// Prefixes that say where in the query engine an error arose are left out.
    fn from(error: DataFusionError) -> Self {
        match error.find_root() {
            DataFusionError::SQL(error, _) => Self::BadQuery(syntax(error)),
            DataFusionError::Collection(errors) => match errors.first().map(DataFusionError::find_root) {
                Some(first) => Self::BadQuery(first.message().into_owned()),
                None => Self::Internal("an error without a cause".to_owned()),
            },
            DataFusionError::ArrowError(error, _) => match error.as_ref() {
                ArrowError::MemoryError(text) => Self::TooLarge(text.clone()),
                ArrowError::IoError(..) | ArrowError::SchemaError(_) => Self::Internal(error.to_string()),
                error => Self::BadQuery(error.to_string()),
            },
            root @ (DataFusionError::Plan(_)
            | DataFusionError::NotImplemented(_)
            | DataFusionError::SchemaError(..)
            | DataFusionError::Configuration(_)
            | DataFusionError::Execution(_)) => Self::BadQuery(root.message().into_owned()),
            DataFusionError::ResourcesExhausted(text) => Self::TooLarge(format!(
                "the query needs more memory than it may; narrow its time range, its labels or its groups, or raise --query.max-memory ({text})"
            )),
            DataFusionError::External(inner) if inner.is::<SnapshotError>() => {
                Self::Storage(chain(inner.as_ref()))
            }
            DataFusionError::External(inner) if inner.is::<Self>() => {
                inner.downcast_ref::<Self>().map_or(Self::Canceled, Self::again)
            }
            DataFusionError::External(inner) => Self::Internal(chain(inner.as_ref())),
            root => Self::Internal(root.strip_backtrace()),
        }
    }
}

fn syntax(error: &ParserError) -> String {
    match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text.clone(),
        ParserError::RecursionLimitExceeded => "the query is nested too deeply".to_owned(),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
