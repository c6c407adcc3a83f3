//! Which pages of other origins may use the API: all by default, as in Prometheus.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use engine_model::matcher::Pattern;
use engine_model::regexp::SyntaxError;

/// The origins that may read answers.
#[derive(Debug, Clone, Default)]
pub struct CorsOrigin {
    /// `None` for every origin.
    pattern: Option<Arc<Pattern>>,
}

impl CorsOrigin {
    /// Origins that match `pattern` as a whole (`--web.cors.origin`).
    pub fn new(pattern: &str) -> Result<Self, SyntaxError> {
        let pattern = match pattern {
            ".*" => None,
            pattern => Some(Arc::new(Pattern::of_rule(pattern)?)),
        };
        Ok(Self { pattern })
    }

    fn allow(&self, origin: &HeaderValue, headers: &mut HeaderMap) {
        for (name, value) in [
            (
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                "Accept, Authorization, Content-Type, Origin",
            ),
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"),
            (header::ACCESS_CONTROL_EXPOSE_HEADERS, "Date"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        let fits = |pattern: &Arc<Pattern>| origin.to_str().is_ok_and(|origin| pattern.is_match(origin));
        if self.pattern.as_ref().is_none_or(fits) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        }
    }
}

/// Middleware: adds the headers for requests from other origins, and answers `OPTIONS` with 204.
pub(crate) async fn answer_origins(State(cors): State<CorsOrigin>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = if request.method() == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    if let Some(origin) = origin {
        cors.allow(&origin, response.headers_mut());
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        let origin = HeaderValue::from_static("https://a.example");
        for (pattern, allowed) in [
            (".*", Some("https://a.example")),
            ("https?://a\\.example", Some("https://a.example")),
            ("a", None),
        ] {
            let mut headers = HeaderMap::new();
            CorsOrigin::new(pattern).unwrap().allow(&origin, &mut headers);
            let found = headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
            assert_eq!(found.map(|value| value.to_str().unwrap()), allowed, "{pattern}");
        }
        assert!(CorsOrigin::new("(").is_err());
    }
}
