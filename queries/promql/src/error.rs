//! Errors of queries, by what the caller answers.

use datafusion::error::DataFusionError;

use crate::parser::ParseError;

/// An evaluation that Prometheus refuses, in its words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// Two elements of a vector ended up with the same labels.
    #[error("vector cannot contain metrics with the same labelset")]
    SameLabelset,
    /// Anything else that the data or the parameters make impossible.
    #[error("{0}")]
    Invalid(String),
}

impl From<EvalError> for DataFusionError {
    fn from(error: EvalError) -> Self {
        Self::External(Box::new(error))
    }
}

/// A query that has no result.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The text is not PromQL.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// The expression or its parameters make no sense together (answered like a parse error).
    #[error("{0}")]
    BadData(String),
    /// This version cannot evaluate the expression yet.
    #[error("not implemented: {0}")]
    NotImplemented(String),
    /// The evaluation failed on the data.
    #[error("{0}")]
    Execution(String),
    /// The query took longer than it may.
    #[error("query timed out in expression evaluation")]
    Timeout,
    /// The caller went away.
    #[error("query was canceled in expression evaluation")]
    Canceled,
    /// The store failed.
    #[error("{0}")]
    Storage(String),
}

impl From<DataFusionError> for QueryError {
    /// Our own errors keep their words; DataFusion's prefixes and the store's errors are told apart.
    fn from(error: DataFusionError) -> Self {
        let root = error.find_root();
        if let DataFusionError::External(inner) = root {
            if inner.is::<queries_tables::SnapshotError>() {
                return Self::Storage(chain(inner.as_ref()));
            }
            return Self::Execution(chain(inner.as_ref()));
        }
        Self::Execution(root.strip_backtrace())
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
