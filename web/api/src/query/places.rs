//! The places of queries that run: the rest waits. Each that runs is written to a file, so that a restart after a
//! crash can say which queries were on their way.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine_model::time::now_ms;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::metrics::{QueryMetrics, Running};
use crate::json::write_text;

/// Name of the file, as in Prometheus's data folder.
const FILE_NAME: &str = "queries.active";
/// Bytes of a place in the file, the comma at its end among them: as in Prometheus's.
const ENTRY_BYTES: usize = 1000;

/// Places of queries, shared by all who ask.
#[derive(Debug)]
pub struct QueryPlaces {
    places: Arc<Semaphore>,
    file: Option<ActiveFile>,
    metrics: Arc<QueryMetrics>,
}

/// The file of running queries.
#[derive(Debug)]
struct ActiveFile {
    file: File,
    /// Places of the file that are free.
    free: Mutex<Vec<usize>>,
}

/// Why a query gets no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoPlace {
    /// None became free in time.
    #[error("query timed out in query queue")]
    TimedOut,
    /// There was one when the time was over already.
    #[error("query timed out in query execution")]
    TooLate,
    /// The server stops.
    #[error("query was canceled in query queue")]
    Canceled,
}

/// A query's place; dropping it gives it back.
#[derive(Debug)]
pub struct QueryPlace {
    places: Arc<QueryPlaces>,
    slot: Option<usize>,
    /// How long the query waited.
    pub waited: Duration,
    _permit: OwnedSemaphorePermit,
    _running: Running,
}

impl QueryPlaces {
    /// `concurrent_max` places, without a file.
    pub fn new(concurrent_max: usize) -> Arc<Self> {
        Arc::new(Self::with(concurrent_max, None))
    }

    /// `concurrent_max` places, written to `queries.active` in `folder`. Queries that an earlier process left there
    /// are logged.
    ///
    /// # Errors
    /// The file cannot be read or made.
    pub fn tracked(concurrent_max: usize, folder: &Path) -> io::Result<Arc<Self>> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join(FILE_NAME);
        if let Some(queries) = unfinished(&path)? {
            tracing::info!(queries, "these queries did not finish in the last run");
        }
        let file = File::create(&path)?;
        file.write_all_at(b"[", 0)?;
        file.set_len((1 + concurrent_max * ENTRY_BYTES) as u64)?;
        let free = Mutex::new((0..concurrent_max).rev().collect());
        Ok(Arc::new(Self::with(
            concurrent_max,
            Some(ActiveFile { file, free }),
        )))
    }

    fn with(concurrent_max: usize, file: Option<ActiveFile>) -> Self {
        Self {
            places: Arc::new(Semaphore::new(concurrent_max)),
            file,
            metrics: Arc::new(QueryMetrics::new(concurrent_max)),
        }
    }

    /// What queries count about themselves.
    pub fn metrics(&self) -> &Arc<QueryMetrics> {
        &self.metrics
    }

    /// Waits for a place, `timeout` at most.
    ///
    /// # Errors
    /// No place became free in time.
    pub async fn enter(self: &Arc<Self>, query: &str, timeout: Duration) -> Result<QueryPlace, NoPlace> {
        let waited_from = Instant::now();
        let permit = tokio::time::timeout(timeout, Arc::clone(&self.places).acquire_owned()).await;
        let waited = waited_from.elapsed();
        self.metrics.waited(waited);
        match permit {
            Ok(Ok(permit)) if waited < timeout => Ok(QueryPlace {
                places: Arc::clone(self),
                slot: self.file.as_ref().and_then(|file| file.note(query)),
                waited,
                _permit: permit,
                _running: QueryMetrics::start(&self.metrics),
            }),
            Ok(Ok(_)) => Err(NoPlace::TooLate),
            Ok(Err(_)) => Err(NoPlace::Canceled),
            Err(_) => Err(NoPlace::TimedOut),
        }
    }
}

impl Drop for QueryPlace {
    fn drop(&mut self) {
        if let (Some(file), Some(slot)) = (&self.places.file, self.slot) {
            file.clear(slot);
        }
    }
}

impl ActiveFile {
    /// Writes a query to a free place.
    fn note(&self, query: &str) -> Option<usize> {
        let slot = self.free.lock().pop()?;
        let mut bytes = entry(query, now_ms() / 1000).into_bytes();
        bytes.resize(ENTRY_BYTES - 1, 0);
        bytes.push(b',');
        self.write(slot, &bytes);
        Some(slot)
    }

    fn clear(&self, slot: usize) {
        self.write(slot, &[0; ENTRY_BYTES]);
        self.free.lock().push(slot);
    }

    /// The file only helps after a crash: a query does not fail for it.
    fn write(&self, slot: usize, bytes: &[u8]) {
        let offset = (1 + slot * ENTRY_BYTES) as u64;
        if let Err(error) = self.file.write_all_at(bytes, offset) {
            tracing::warn!(%error, file = FILE_NAME, "cannot note a running query");
        }
    }
}

/// The JSON of a query, shortened so that it fits into its place.
fn entry(query: &str, timestamp_s: i64) -> String {
    let mut end = query.len().min(ENTRY_BYTES);
    loop {
        end = query.floor_char_boundary(end);
        let mut json = String::from("{\"query\":");
        write_text(&mut json, &query[..end]);
        json.push_str(&format!(",\"timestamp_sec\":{timestamp_s}}}"));
        match json.len().checked_sub(ENTRY_BYTES - 1) {
            None | Some(0) => return json,
            Some(excess) => end = end.saturating_sub(excess),
        }
    }
}

/// The queries that are noted in a file, as a list in JSON.
fn unfinished(path: &Path) -> io::Result<Option<String>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let noted: Vec<u8> = bytes.into_iter().filter(|byte| *byte != 0).collect();
    let noted = String::from_utf8_lossy(&noted);
    let noted = noted.trim_end_matches(',');
    Ok((noted.len() > 1).then(|| format!("{noted}]")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_runs_is_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE_NAME);
        let places = QueryPlaces::tracked(2, folder.path()).unwrap();
        assert_eq!(unfinished(&file).unwrap(), None);
        let first = places.enter("up{a=\"b\"}", Duration::from_secs(1)).await.unwrap();
        let second = places.enter("sum(up)", Duration::from_secs(1)).await.unwrap();
        let third = places.enter("late", Duration::from_millis(20)).await;
        assert_eq!(third.unwrap_err(), NoPlace::TimedOut);
        let noted: serde_json::Value = serde_json::from_str(&unfinished(&file).unwrap().unwrap()).unwrap();
        assert_eq!(noted[0]["query"], "up{a=\"b\"}");
        assert_eq!(noted[1]["query"], "sum(up)");
        assert!(noted[1]["timestamp_sec"].as_i64() > Some(1_700_000_000));
        drop(first);
        assert!(unfinished(&file).unwrap().unwrap().contains("sum(up)"));
        drop(second);
        assert_eq!(unfinished(&file).unwrap(), None);
        assert_eq!(std::fs::metadata(&file).unwrap().len(), 2001);
    }

    #[test]
    fn long_queries_are_shortened_to_whole_characters() {
        for query in [
            "é".repeat(900),
            "\u{1}".repeat(2000),
            "x".repeat(5000),
            String::new(),
        ] {
            let json = entry(&query, 1_767_225_600);
            assert!(json.len() < ENTRY_BYTES, "{}", json.len());
            let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
            assert!(query.starts_with(parsed["query"].as_str().unwrap()));
        }
    }
}
