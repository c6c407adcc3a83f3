//! Who may run: queries wait for a place, and what became of each is told. The process gives one set of places to
//! PromQL and SQL; without it, an engine has places of its own.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::SqlError;

/// Lets statements run, a bounded number at a time.
#[async_trait]
pub trait Admission: Debug + Send + Sync {
    /// Waits for a place for the statement `text`, at most `longest`.
    async fn enter(&self, text: &str, longest: Duration) -> Result<Box<dyn Admitted>, SqlError>;
}

/// A place of a statement that runs. It is given back when it is dropped; one that was dropped without having ended was
/// canceled.
pub trait Admitted: Debug + Send + Sync {
    /// The statement has ended, with an error if there is one.
    fn ended(&mut self, error: Option<&SqlError>);
}

/// Places of one engine.
#[derive(Debug)]
pub(crate) struct OwnPlaces(Arc<Semaphore>);

impl OwnPlaces {
    /// So many.
    pub(crate) fn new(count: usize) -> Self {
        Self(Arc::new(Semaphore::new(count)))
    }
}

#[derive(Debug)]
struct OwnPlace(#[expect(dead_code, reason = "held until it is dropped")] OwnedSemaphorePermit);

#[async_trait]
impl Admission for OwnPlaces {
    async fn enter(&self, _text: &str, longest: Duration) -> Result<Box<dyn Admitted>, SqlError> {
        let permit = tokio::time::timeout(longest, Arc::clone(&self.0).acquire_owned()).await;
        match permit {
            Ok(Ok(permit)) => Ok(Box::new(OwnPlace(permit))),
            Ok(Err(_)) => Err(SqlError::Canceled),
            Err(_) => Err(SqlError::Timeout(longest)),
        }
    }
}

impl Admitted for OwnPlace {
    fn ended(&mut self, _error: Option<&SqlError>) {}
}
