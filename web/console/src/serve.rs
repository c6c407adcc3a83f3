//! The handler: a request path becomes a file, the application's page, or 404.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};

use crate::assets::{self, Asset};
use crate::encoding::{self, Encoding};
use crate::security;

/// For files whose names change with their content: a year, the longest that caches honour.
const FOREVER: &str = "public, max-age=31536000, immutable";
/// For files whose names stay: kept, but asked about each time.
const REVALIDATE: &str = "no-cache";

/// Serves the console at the root of the server. Mount it last: it is the router's fallback.
pub fn router() -> Router {
    router_with_base("/")
}

/// Serves the console for browsers that see it under `base` (for example `/weir/`), the path part
/// of the external URL. The request paths themselves come without it.
pub fn router_with_base(base: &str) -> Router {
    Router::new()
        .fallback(serve)
        .with_state(Arc::new(Page::new(base)))
}

/// The application's page with the base path filled in.
struct Page {
    html: String,
    etag: String,
}

impl Page {
    fn new(base: &str) -> Page {
        let base = format!("/{}/", base.trim_matches('/')).replace("//", "/");
        let escaped = base
            .replace('&', "&amp;")
            .replace('"', "&quot;")
            .replace('<', "&lt;");
        let html = assets::index_html().replacen("<base href=\"/\"", &format!("<base href=\"{escaped}\""), 1);
        let built = assets::find("index.html", &[Encoding::Identity])
            .map(|asset| asset.etag)
            .unwrap_or_default();
        // The tag of the built page and the base together decide the bytes.
        let tag: String = base.bytes().map(|byte| format!("{byte:02x}")).collect();
        let etag = format!("\"{}-{tag}\"", built.trim_matches('"'));
        Page { html, etag }
    }
}

/// What a path asks for.
#[derive(Debug, PartialEq, Eq)]
enum Wanted<'a> {
    /// The application's page, which routes in the browser.
    Page,
    /// An embedded file.
    File(&'a str),
    /// Not ours: an API or management path that no handler took.
    Nothing,
}

/// Unknown paths without an extension belong to the application, except below `/api` and `/-`,
/// where a mistyped address must fail instead of answering 200 with a page.
fn wanted(path: &str) -> Wanted<'_> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let (first, _) = path.split_once('/').unwrap_or((path, ""));
    let last = path.rsplit('/').next().unwrap_or_default();
    match (first, path) {
        ("api" | "-", _) => Wanted::Nothing,
        (_, "" | "index.html") => Wanted::Page,
        _ if last.contains('.') => Wanted::File(path),
        _ => Wanted::Page,
    }
}

async fn serve(State(page): State<Arc<Page>>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let mut response = respond(&page, &method, uri.path(), &headers);
    security::apply(response.headers_mut());
    response
}

fn respond(page: &Page, method: &Method, path: &str, headers: &HeaderMap) -> Response {
    let wanted = wanted(path);
    if wanted == Wanted::Nothing {
        return not_found();
    }
    if method != Method::GET && method != Method::HEAD {
        let allow = [(header::ALLOW, "GET, HEAD")];
        return (StatusCode::METHOD_NOT_ALLOWED, allow, "method not allowed\n").into_response();
    }
    let (asset, content_type, cache) = match wanted {
        Wanted::File(path) => {
            let encodings = encoding::accepted(text(headers, &header::ACCEPT_ENCODING));
            let Some(asset) = assets::find(path, &encodings) else {
                return not_found();
            };
            let cache = if assets::is_hashed(path) {
                FOREVER
            } else {
                REVALIDATE
            };
            (asset, assets::content_type(path), cache)
        }
        // The page is under a kilobyte and depends on the base path: not worth compressing.
        _ => {
            let bytes = page.html.clone().into_bytes().into();
            let asset = Asset {
                bytes,
                etag: page.etag.clone(),
                encoding: Encoding::Identity,
            };
            (asset, assets::content_type("index.html"), REVALIDATE)
        }
    };
    represent(asset, content_type, cache, method, headers)
}

/// Builds the 200 or 304 answer of one representation (RFC 9110 §13.1.2, §15.4.5).
fn represent(
    asset: Asset,
    content_type: &'static str,
    cache: &'static str,
    method: &Method,
    request: &HeaderMap,
) -> Response {
    let unchanged = text(request, &header::IF_NONE_MATCH).is_some_and(|tags| names_tag(tags, &asset.etag));
    let length = asset.bytes.len();
    let body = if unchanged || method == Method::HEAD {
        Body::empty()
    } else {
        Body::from(asset.bytes)
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(
        header::ETAG,
        HeaderValue::try_from(asset.etag).expect("hexadecimal digits, dash and quotes"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if let Some(token) = asset.encoding.token() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(token));
    }
    response
}

/// Whether an `If-None-Match` list names `etag`, compared weakly as the field demands.
fn names_tag(list: &str, etag: &str) -> bool {
    list.split(',')
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "not found\n").into_response()
}
