//! `POST /api/v1/import/prometheus`: pieces of the body are read, committed and forgotten one by one.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use engine_dataflow::{DeliveryError, DeliveryOptions, Inlet, InletHandle};
use engine_model::{SeriesTable, WallClock};
use flate2::write::MultiGzDecoder;
use futures::StreamExt;
use http::header::{CONTENT_ENCODING, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use tokio::sync::Semaphore;

use super::metrics::ImportMetrics;
use super::options::ImportOptions;
use super::pieces::{Piece, Pieces};
use super::progress::Progress;
use super::samples;
use crate::IngestFeatures;
use crate::refusal::RETRY_AFTER_SECONDS;
use crate::seldom::Seldom;

/// The source's name in the graph.
pub const NODE_NAME: &str = "import";

/// Imports at a time: each holds a piece, its samples and what gzip makes of a bit of a body; more wait.
const IMPORTS_MAX: usize = 4;
/// Longest wait for a place. Senders give up after half a minute, and should hear of the reason before.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest pause of a sender.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// Bits of a compressed body that are decompressed at once: at most a thousandfold as large.
const COMPRESSED_BYTES: usize = 4 << 10;

/// Imports text and commits it through the graph.
#[derive(Debug)]
pub struct TextImport {
    inlet: InletHandle,
    table: Arc<SeriesTable>,
    clock: WallClock,
    features: IngestFeatures,
    places: Semaphore,
    metrics: ImportMetrics,
    shed_lines: Seldom,
    refused_lines: Seldom,
}

impl TextImport {
    /// The source for the graph, under [`NODE_NAME`], and what serves requests. Of `features` it knows the labels of
    /// types: the text has no units, and neither has that of a scrape.
    pub fn new(table: Arc<SeriesTable>, clock: WallClock, features: IngestFeatures) -> (Inlet, Arc<Self>) {
        let (inlet, handle) = Inlet::new();
        let import = Self {
            inlet: handle,
            table,
            clock,
            features,
            places: Semaphore::new(IMPORTS_MAX),
            metrics: ImportMetrics::default(),
            shed_lines: Seldom::default(),
            refused_lines: Seldom::default(),
        };
        (inlet, Arc::new(import))
    }

    /// What came in so far.
    pub fn metrics(&self) -> &ImportMetrics {
        &self.metrics
    }
}

/// The route of the import.
pub fn router(import: Arc<TextImport>) -> Router {
    Router::new()
        .route("/api/v1/import/prometheus", post(handle).put(handle))
        .with_state(import)
}

/// Why an import ends early. What came before is stored.
enum Refusal {
    Data(String),
    Unavailable(String),
    Busy,
    Encoding(String),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Data(text) => (StatusCode::BAD_REQUEST, text + "\n").into_response(),
            Self::Encoding(text) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, text + "\n").into_response(),
            Self::Unavailable(text) => {
                let retry = [(RETRY_AFTER, RETRY_AFTER_SECONDS)];
                (StatusCode::SERVICE_UNAVAILABLE, retry, text + "\n").into_response()
            }
            Self::Busy => {
                let retry = [(RETRY_AFTER, RETRY_AFTER_SECONDS)];
                let text = "too many imports are under way; send again later\n";
                (StatusCode::SERVICE_UNAVAILABLE, retry, text).into_response()
            }
        }
    }
}

async fn handle(State(import): State<Arc<TextImport>>, request: Request) -> Response {
    let options = match ImportOptions::parse(request.uri().query().unwrap_or_default()) {
        Ok(options) => options,
        Err(text) => return Refusal::Data(text).into_response(),
    };
    let (parts, body) = request.into_parts();
    let mut progress = Progress::default();
    let ended = import
        .run(&parts.headers, body, Arc::new(options), &mut progress)
        .await;
    import.count(&progress, ended.as_ref().err());
    match (ended, progress.fault()) {
        (Ok(()), None) => StatusCode::NO_CONTENT.into_response(),
        (Ok(()), Some(fault)) => Refusal::Data(fault).into_response(),
        (Err(refusal), _) => refusal.into_response(),
    }
}

impl TextImport {
    async fn run(
        &self,
        headers: &HeaderMap,
        body: Body,
        options: Arc<ImportOptions>,
        progress: &mut Progress,
    ) -> Result<(), Refusal> {
        let mut unpacker = Unpacker::of(headers)?;
        let Ok(Ok(_place)) = tokio::time::timeout(PATIENCE, self.places.acquire()).await else {
            return Err(Refusal::Busy);
        };
        let mut pieces = Pieces::default();
        let mut stream = body.into_data_stream();
        loop {
            let Ok(received) = tokio::time::timeout(PAUSE_MAX, stream.next()).await else {
                return Err(Refusal::Data("the body paused for more than a minute".to_owned()));
            };
            let Some(received) = received else { break };
            let received =
                received.map_err(|error| Refusal::Data(format!("cannot read the body: {error}")))?;
            for bytes in received.chunks(COMPRESSED_BYTES) {
                unpacker.unpack(bytes, &mut pieces)?;
                while let Some(piece) = pieces.next().map_err(Refusal::Data)? {
                    self.commit(piece, &options, progress).await?;
                }
            }
        }
        unpacker.finish(&mut pieces)?;
        match pieces.last() {
            Some(piece) => self.commit(piece, &options, progress).await,
            None => Ok(()),
        }
    }

    /// Counts an import that ended, and says what was lost of it.
    fn count(&self, progress: &Progress, refusal: Option<&Refusal>) {
        let metrics = &self.metrics;
        metrics.samples.add(progress.stored);
        metrics.samples_refused.add(progress.refused());
        let counter = match (refusal, progress.refused()) {
            (None, 0) => &metrics.requests,
            (None, _) | (Some(Refusal::Data(_) | Refusal::Encoding(_)), _) => &metrics.requests_refused,
            (Some(Refusal::Unavailable(_)), _) => &metrics.requests_unavailable,
            (Some(Refusal::Busy), _) => &metrics.requests_shed,
        };
        counter.add(1);
        if matches!(refusal, Some(Refusal::Busy))
            && let Some(times) = self.shed_lines.count(Instant::now())
        {
            tracing::warn!(times, "text imports were sent away: too many are under way");
        }
        if let Some(fault) = progress.fault()
            && let Some(times) = self.refused_lines.count(Instant::now())
        {
            tracing::warn!(times, latest = fault, "the store refused samples of text imports");
        }
    }

    async fn commit(
        &self,
        piece: Piece,
        options: &Arc<ImportOptions>,
        progress: &mut Progress,
    ) -> Result<(), Refusal> {
        let (options, table) = (Arc::clone(options), Arc::clone(&self.table));
        let (features, now_ms, first_line) = (self.features, self.clock.now_ms(), piece.first_line);
        let read = move || samples::batch(&piece, &options, features, now_ms, &table);
        let read = tokio::task::spawn_blocking(read);
        let batch = read.await.unwrap_or_else(|error| Err(error.to_string()));
        let batch =
            batch.map_err(|text| Refusal::Data(format!("{text}; lines before {first_line} are stored")))?;
        if batch.is_empty() {
            return Ok(());
        }
        let options = DeliveryOptions::pushed(NODE_NAME);
        match self.inlet.commit(batch.clone(), options).await {
            Ok(receipt) => {
                progress.add(&batch, &receipt);
                Ok(())
            }
            Err(error @ (DeliveryError::Rejected(_) | DeliveryError::TooLarge { .. })) => Err(Refusal::Data(
                format!("{error}, in the lines from {first_line} on"),
            )),
            Err(error) => Err(Refusal::Unavailable(format!(
                "{error}; lines before {first_line} are stored"
            ))),
        }
    }
}

/// Takes the compression off a body.
enum Unpacker {
    Plain,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
}

impl Unpacker {
    fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let encoding = headers.get(CONTENT_ENCODING).map(|value| value.as_bytes());
        match encoding {
            None | Some(b"" | b"identity") => Ok(Self::Plain),
            Some(b"gzip") => Ok(Self::Gzip(Box::new(MultiGzDecoder::new(Vec::new())))),
            Some(other) => Err(Refusal::Encoding(format!(
                "content encoding {:?} is not supported; send gzip or plain text",
                String::from_utf8_lossy(other)
            ))),
        }
    }

    fn unpack(&mut self, bytes: &[u8], pieces: &mut Pieces) -> Result<(), Refusal> {
        match self {
            Self::Plain => pieces.add(bytes),
            Self::Gzip(decoder) => {
                decoder.write_all(bytes).map_err(|error| damaged(&error))?;
                pieces.add(&std::mem::take(decoder.get_mut()));
            }
        }
        Ok(())
    }

    fn finish(self, pieces: &mut Pieces) -> Result<(), Refusal> {
        if let Self::Gzip(mut decoder) = self {
            decoder.try_finish().map_err(|error| damaged(&error))?;
            pieces.add(decoder.get_ref());
        }
        Ok(())
    }
}

fn damaged(error: &std::io::Error) -> Refusal {
    Refusal::Data(format!("the gzip stream is damaged: {error}"))
}
