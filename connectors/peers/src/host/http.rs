//! `GET /metrics/host`: the exporter as a scrape target, read outside the runtime's own threads.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::Semaphore;

use super::exporter::HostExporter;

/// Scrapes at once. Each may block one thread of the blocking pool for seconds while a mount point hangs, so
/// a few scrapers are served and a pile of them is refused.
const SCRAPES_MAX: usize = 4;

#[derive(Clone)]
struct Served {
    exporter: Arc<HostExporter>,
    scrapes: Arc<Semaphore>,
}

/// Serves `exporter` at `/metrics/host`.
pub fn router(exporter: Arc<HostExporter>) -> Router {
    let served = Served {
        exporter,
        scrapes: Arc::new(Semaphore::new(SCRAPES_MAX)),
    };
    Router::new()
        .route("/metrics/host", get(scrape))
        .with_state(served)
}

async fn scrape(State(served): State<Served>) -> Response {
    let Ok(permit) = served.scrapes.try_acquire_owned() else {
        let message = format!("{SCRAPES_MAX} scrapes of the host are running already; scrape less often\n");
        return (StatusCode::SERVICE_UNAVAILABLE, message).into_response();
    };
    let rendered = tokio::task::spawn_blocking(move || {
        // Held until the work is done, also when the client has gone.
        let _permit = permit;
        let mut out = String::new();
        served.exporter.render(&mut out);
        out
    })
    .await;
    match rendered {
        Ok(text) => (
            [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
            text,
        )
            .into_response(),
        Err(error) => {
            tracing::error!(%error, "host metrics could not be rendered");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "host metrics could not be rendered\n",
            )
                .into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;

    #[tokio::test]
    async fn the_route_answers_with_the_text_format() {
        let fixture = Fixture::new();
        fixture.file("proc/loadavg", "0.50 1.25 2.00 1/99 4242\n");
        let exporter = Arc::new(HostExporter::new(fixture.roots()));
        let served = Served {
            exporter,
            scrapes: Arc::new(Semaphore::new(1)),
        };
        let response = scrape(State(served.clone())).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "text/plain; version=0.0.4; charset=utf-8"
        );
        let body = axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap();
        assert!(
            String::from_utf8(body.to_vec())
                .unwrap()
                .contains("\nnode_load5 1.25\n")
        );

        let _busy = served.scrapes.clone().acquire_owned().await.unwrap();
        assert_eq!(
            scrape(State(served)).await.status(),
            StatusCode::SERVICE_UNAVAILABLE
        );
    }
}
