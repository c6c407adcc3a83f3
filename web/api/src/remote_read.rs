//! `POST /api/v1/read`: samples for other servers, whole or as a stream of chunks.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use connectors_formats::remote_read::{
    FRAMES_CONTENT_TYPE, Frames, MatcherKind, ReadMatcher, ReadQuery, ReadRequest, ResponseKind,
    SAMPLES_CONTENT_TYPE, SamplesResponse, chunks,
};
use connectors_formats::remote_write::v1::{Sample, Sent};
use connectors_formats::remote_write::{DECODED_BYTES_MAX, compress, decompress};
use engine_model::{Labels, LabelsBuilder, MatchOp, Matcher};
use engine_storage::{PinnedVersion, SeriesSamples, StoreError};
use futures::StreamExt as _;
use parking_lot::RwLock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::envelope::chain;
use crate::gate::StoreGate;
use crate::routes::plain_error;

/// Series read at a time: of a day at 15 s some 6 MiB.
const SERIES_PER_READ: usize = 64;
/// Pieces of a stream that wait for a slow client.
const PIECES_WAITING: usize = 4;
/// A piece is sent when it has so many bytes.
const PIECE_BYTES: usize = 64 << 10;

/// Limits of remote read.
#[derive(Debug, Clone, Copy)]
pub struct RemoteReadLimits {
    /// Samples of an answer without chunks; 0 means any number.
    pub samples_max: usize,
    /// Requests at a time.
    pub concurrent_max: usize,
    /// Bytes after which a frame of a stream ends.
    pub frame_bytes: usize,
}

/// What the family needs. Clones share it.
#[derive(Debug, Clone)]
pub struct RemoteReadState {
    gate: StoreGate,
    external_labels: Arc<RwLock<Labels>>,
    limits: RemoteReadLimits,
    places: Arc<Semaphore>,
}

impl RemoteReadState {
    /// Samples of the store behind `gate`, with `external_labels`.
    pub fn new(gate: StoreGate, external_labels: Arc<RwLock<Labels>>, limits: RemoteReadLimits) -> Self {
        Self {
            gate,
            external_labels,
            limits,
            places: Arc::new(Semaphore::new(limits.concurrent_max)),
        }
    }
}

/// The routes of the family.
pub(crate) fn remote_read_routes(state: RemoteReadState) -> Router {
    Router::new()
        .route("/api/v1/read", post(read))
        .layer(DefaultBodyLimit::max(DECODED_BYTES_MAX))
        .with_state(state)
}

async fn read(State(state): State<RemoteReadState>, body: Bytes) -> Response {
    match answer(state, &body).await {
        Ok(response) => response,
        Err(Refused { status, why }) => plain_error(status, format!("{why}\n")),
    }
}

/// Why a request is not answered.
#[derive(Debug)]
struct Refused {
    status: StatusCode,
    why: String,
}

impl Refused {
    fn bad(why: impl ToString) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            why: why.to_string(),
        }
    }

    fn failed(error: &dyn std::error::Error) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            why: chain(error),
        }
    }
}

/// One request on its way.
struct Reading {
    version: PinnedVersion,
    /// Conditions and time range of each query.
    queries: Vec<(Vec<Matcher>, i64, i64)>,
    external: Labels,
    limits: RemoteReadLimits,
    _place: OwnedSemaphorePermit,
}

async fn answer(state: RemoteReadState, body: &[u8]) -> Result<Response, Refused> {
    let place = Arc::clone(&state.places).acquire_owned().await;
    let place = place.map_err(|error| Refused::failed(&error))?;
    let message = decompress(body).map_err(|error| Refused::bad(chain(&error)))?;
    let request = ReadRequest::decode(&message).map_err(Refused::bad)?;
    let kind = request.response_kind().map_err(Refused::bad)?;
    let external = state.external_labels.read().clone();
    let queries: Result<Vec<_>, _> = request
        .queries
        .iter()
        .map(|query| selection(query, &external))
        .collect();
    let store = state.gate.store().map_err(|not_ready| Refused {
        status: StatusCode::SERVICE_UNAVAILABLE,
        why: not_ready.to_string(),
    })?;
    let reading = Reading {
        version: store.pin(),
        queries: queries?,
        external,
        limits: state.limits,
        _place: place,
    };
    match kind {
        ResponseKind::Samples => {
            let body = tokio::task::spawn_blocking(move || reading.samples()).await;
            let body = body.map_err(|error| Refused::failed(&error))??;
            let headers = [
                (header::CONTENT_TYPE, SAMPLES_CONTENT_TYPE),
                (header::CONTENT_ENCODING, "snappy"),
            ];
            Ok((headers, body).into_response())
        }
        ResponseKind::Chunks => Ok(stream(reading)),
    }
}

/// The conditions of a query. One that asks for the value of an external label asks for series without that label:
/// what is stored does not have it yet.
fn selection(query: &ReadQuery, external: &Labels) -> Result<(Vec<Matcher>, i64, i64), Refused> {
    let matcher = |matcher: &ReadMatcher| {
        let op = match matcher.kind {
            MatcherKind::Equal => MatchOp::Equal,
            MatcherKind::NotEqual => MatchOp::NotEqual,
            MatcherKind::Regex => MatchOp::Regex,
            MatcherKind::NotRegex => MatchOp::NotRegex,
        };
        let external = op == MatchOp::Equal && external.get(&matcher.name) == Some(matcher.value.as_str());
        let value = if external { "" } else { &matcher.value };
        Matcher::new(op, matcher.name.as_str(), value).map_err(Refused::bad)
    };
    let matchers: Result<Vec<_>, _> = query.matchers.iter().map(matcher).collect();
    Ok((matchers?, query.start_ms, query.end_ms))
}

impl Reading {
    /// Visits the series of a query that have samples, by labels, until `visit` says that it is enough.
    fn each(
        &self,
        (matchers, start_ms, end_ms): &(Vec<Matcher>, i64, i64),
        mut visit: impl FnMut(SeriesSamples) -> bool,
    ) -> Result<(), StoreError> {
        let selected = self.version.select(matchers, *start_ms, *end_ms)?;
        for part in selected.chunks(SERIES_PER_READ) {
            for series in self.version.read(part, *start_ms, *end_ms)? {
                if !series.is_empty() && !visit(series) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn labels(&self, own: &Labels) -> Labels {
        let mut merged = LabelsBuilder::default();
        for (name, value) in self.external.iter().chain(own.iter()) {
            merged.set(name, value);
        }
        merged.build()
    }

    fn samples(&self) -> Result<Vec<u8>, Refused> {
        let limit = self.limits.samples_max;
        let mut response = SamplesResponse::default();
        for query in &self.queries {
            let (mut found, mut samples) = (Vec::new(), 0);
            let read = self.each(query, |series| {
                samples += series.len();
                let fits = limit == 0 || samples <= limit;
                if fits {
                    found.push(Owned::new(self.labels(&series.labels), &series));
                }
                fits
            });
            read.map_err(|error| Refused::failed(&error))?;
            if limit > 0 && samples > limit {
                return Err(Refused::bad(format!("exceeded sample limit ({limit})")));
            }
            response.push(found.iter().map(Owned::sent));
        }
        compress(&response.finish()).map_err(|error| Refused::failed(&error))
    }

    /// Sends pieces of the stream until all is said or the client has left.
    fn frames(&self, pieces: &mpsc::Sender<Bytes>) -> Result<(), StoreError> {
        let frames = Frames {
            bytes_max: self.limits.frame_bytes,
        };
        let mut piece = Vec::new();
        for (index, query) in self.queries.iter().enumerate() {
            let mut listening = true;
            self.each(query, |series| {
                let chunks = chunks(&series.timestamps, &series.values, &series.histograms);
                frames.write(&mut piece, index, &self.labels(&series.labels), &chunks);
                if piece.len() >= PIECE_BYTES {
                    let full = Bytes::from(std::mem::take(&mut piece));
                    listening = pieces.blocking_send(full).is_ok();
                }
                listening
            })?;
            if !listening {
                return Ok(());
            }
        }
        // Nobody listens any more: then it does not matter.
        drop(pieces.blocking_send(Bytes::from(piece)));
        Ok(())
    }
}

/// A series as it is sent.
struct Owned {
    labels: Labels,
    samples: Vec<Sample>,
    histograms: Vec<(i64, engine_model::Histogram)>,
}

impl Owned {
    fn new(labels: Labels, series: &SeriesSamples) -> Self {
        let samples = series.timestamps.iter().zip(&series.values);
        let histograms = series.histograms.iter();
        Self {
            labels,
            samples: samples
                .map(|(&timestamp, &value)| Sample { timestamp, value })
                .collect(),
            histograms: histograms
                .map(|(at_ms, histogram)| (*at_ms, histogram.as_ref().clone()))
                .collect(),
        }
    }

    fn sent(&self) -> Sent<'_> {
        Sent {
            labels: &self.labels,
            samples: &self.samples,
            histograms: &self.histograms,
            exemplars: &[],
        }
    }
}

fn stream(reading: Reading) -> Response {
    let (sender, receiver) = mpsc::channel(PIECES_WAITING);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = reading.frames(&sender) {
            // The status is sent already: the client sees a stream that ends early, its checksum tells no lie.
            tracing::error!(error = chain(&error), "a stream of remote read ended early");
        }
    });
    let pieces = futures::stream::unfold(receiver, |mut receiver| async {
        let piece = receiver.recv().await?;
        Some((Ok::<_, Infallible>(piece), receiver))
    });
    let headers = [(header::CONTENT_TYPE, FRAMES_CONTENT_TYPE)];
    (headers, Body::from_stream(pieces.boxed())).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::http::Request;
    use tower::ServiceExt as _;

    use super::*;
    use crate::testing::{START_MS, filled_gate};

    /// A request for series of `job`, and of what an external label says, in the kinds that are `accepted`.
    fn request(job: &str, accepted: &[u8]) -> Vec<u8> {
        let text = |number: u8, text: &str| {
            let mut field = vec![number << 3 | 2, text.len() as u8];
            field.extend_from_slice(text.as_bytes());
            field
        };
        let matcher = |name: &str, value: &str| [text(2, name), text(3, value)].concat();
        let nested = |number: u8, content: Vec<u8>| {
            let mut field = vec![number << 3 | 2, content.len() as u8];
            field.extend(content);
            field
        };
        let mut end = vec![2 << 3];
        let mut value = START_MS as u64 + 30_000;
        while value >= 0x80 {
            end.push(value as u8 | 0x80);
            value >>= 7;
        }
        end.push(value as u8);
        let query = [
            end,
            nested(3, matcher("job", job)),
            nested(3, matcher("cluster", "eu")),
        ]
        .concat();
        let mut message = nested(1, query);
        accepted.iter().for_each(|kind| message.extend([2 << 3, *kind]));
        compress(&message).unwrap()
    }

    async fn ask(samples_max: usize, body: Vec<u8>) -> (u16, String, Vec<u8>) {
        let (gate, _folder) = filled_gate().await;
        let external = Arc::new(RwLock::new(Labels::from_pairs([("cluster", "eu"), ("job", "x")])));
        let limits = RemoteReadLimits {
            samples_max,
            concurrent_max: 1,
            frame_bytes: 1 << 20,
        };
        let routes = remote_read_routes(RemoteReadState::new(gate, external, limits));
        let request = Request::post("/api/v1/read").body(Body::from(body)).unwrap();
        let response = routes.oneshot(request).await.unwrap();
        let kind = response.headers()[header::CONTENT_TYPE]
            .to_str()
            .unwrap()
            .to_owned();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, kind, body.to_vec())
    }

    #[tokio::test]
    async fn samples_and_streams() {
        let (status, kind, body) = ask(0, request("b", &[])).await;
        assert_eq!((status, kind.as_str()), (200, SAMPLES_CONTENT_TYPE));
        let message = decompress(&body).unwrap();
        let shown = String::from_utf8_lossy(&message);
        assert!(shown.contains("cluster") && shown.contains("eu"), "{shown}");
        let mut samples = 0;
        let result = &message[2..];
        connectors_formats::remote_write::v1::decode(
            result,
            |series| {
                samples += series.samples.len();
                Ok(())
            },
            |_| {},
        )
        .unwrap();
        assert_eq!(samples, 3);
        let (status, kind, body) = ask(0, request("b", &[1, 0])).await;
        assert_eq!((status, kind.as_str()), (200, FRAMES_CONTENT_TYPE));
        assert_eq!(usize::from(body[0]), body.len() - 5);
        let (_, _, nothing) = ask(0, request("none", &[1])).await;
        assert!(nothing.is_empty());
    }

    #[tokio::test]
    async fn refusals() {
        let (status, _, body) = ask(2, request("b", &[0])).await;
        let text = String::from_utf8(body).unwrap();
        assert_eq!((status, text.as_str()), (400, "exceeded sample limit (2)\n"));
        assert_eq!(ask(0, b"nonsense".to_vec()).await.0, 400);
        let (status, _, body) = ask(0, request("b", &[9])).await;
        assert_eq!(status, 400);
        assert!(String::from_utf8(body).unwrap().contains("[9]"));
    }
}
