//! What is counted of HTTP requests: how many by handler and code, and how long they take.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use parking_lot::Mutex;

use super::exposition::Exposition;
use super::histogram::Histogram;

/// Upper bounds in seconds: Prometheus's.
const BUCKETS: &[f64] = &[0.1, 0.2, 0.4, 1.0, 3.0, 8.0, 20.0, 60.0, 120.0];
/// The handler of requests that no route took, such as those for the console's files.
const NO_ROUTE: &str = "/*";

/// Counters of requests, under Prometheus's names. Clones share them. There are as many handlers as
/// routes, whatever clients ask for.
#[derive(Debug, Clone, Default)]
pub struct HttpMetrics {
    handlers: Arc<Mutex<BTreeMap<String, Handler>>>,
}

#[derive(Debug)]
struct Handler {
    codes: BTreeMap<u16, u64>,
    durations: Histogram,
}

impl HttpMetrics {
    fn count(&self, handler: &str, code: u16, duration: Duration) {
        let mut handlers = self.handlers.lock();
        if !handlers.contains_key(handler) {
            let new = Handler {
                codes: BTreeMap::new(),
                durations: Histogram::new(BUCKETS),
            };
            handlers.insert(handler.to_owned(), new);
        }
        if let Some(handler) = handlers.get_mut(handler) {
            *handler.codes.entry(code).or_default() += 1;
            handler.durations.observe(duration.as_secs_f64());
        }
    }

    /// Appends the counters.
    pub fn collect(&self, out: &mut Exposition) {
        for (name, handler) in &*self.handlers.lock() {
            for (code, count) in &handler.codes {
                out.counter(
                    "prometheus_http_requests_total",
                    "Counter of HTTP requests.",
                    &[("code", &code.to_string()), ("handler", name)],
                    *count as f64,
                );
            }
            out.histogram(
                "prometheus_http_request_duration_seconds",
                "Histogram of latencies for HTTP requests.",
                &[("handler", name)],
                &handler.durations,
            );
        }
    }
}

/// Middleware: counts each request when its answer begins.
pub(crate) async fn count_requests(
    State(metrics): State<HttpMetrics>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get::<MatchedPath>().cloned();
    let started = Instant::now();
    let response = next.run(request).await;
    let handler = path.map_or_else(|| NO_ROUTE.to_owned(), |path| handler_name(path.as_str()));
    metrics.count(&handler, response.status().as_u16(), started.elapsed());
    response
}

/// The name of a route as Prometheus writes it: `/api/v1/label/:name/values`.
fn handler_name(route: &str) -> String {
    let parts = route.split('/').map(|part| {
        let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        match name {
            Some(name) => match name.strip_prefix('*') {
                Some(rest) => format!("*{rest}"),
                None => format!(":{name}"),
            },
            None => part.to_owned(),
        }
    });
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_handlers() {
        for (route, name) in [
            ("/api/v1/query", "/api/v1/query"),
            ("/api/v1/label/{name}/values", "/api/v1/label/:name/values"),
            ("/assets/{*path}", "/assets/*path"),
        ] {
            assert_eq!(handler_name(route), name);
        }
    }
}
