//! The console's answers, whichever of the two (built application or placeholder) is embedded.

use axum::body::{Body, to_bytes};
use http::{HeaderMap, Request, StatusCode};
use tower::ServiceExt;

use crate::encoding::Encoding;
use crate::{assets, is_placeholder, router, router_with_base};

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("our headers are ASCII"))
    }
}

async fn ask(router: axum::Router, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}

async fn get(path: &str, headers: &[(&str, &str)]) -> Answer {
    ask(router(), "GET", path, headers).await
}

#[tokio::test]
async fn pages_of_the_application_answer_with_its_html() {
    for path in [
        "/",
        "/index.html",
        "/query",
        "/graph?g0.expr=up",
        "/dashboards/a/b",
        "/apiary",
        "/-x",
    ] {
        let answer = get(path, &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(
            answer.header("content-type"),
            "text/html; charset=utf-8",
            "{path}"
        );
        assert_eq!(answer.header("cache-control"), "no-cache", "{path}");
        assert!(
            String::from_utf8_lossy(&answer.body).contains("<base href=\"/\""),
            "{path}"
        );
    }
}

#[tokio::test]
async fn foreign_and_unknown_paths_are_not_found() {
    for path in [
        "/api",
        "/api/",
        "/api/v1/nothing",
        "/-/nothing",
        "/-/",
        "/missing.js",
        "/assets/missing.css",
    ] {
        let answer = get(path, &[]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(
            answer.header("content-type"),
            "text/plain; charset=utf-8",
            "{path}"
        );
    }
    assert_eq!(
        ask(router(), "POST", "/api/v1/nothing", &[]).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn other_methods_are_refused() {
    let answer = ask(router(), "POST", "/query", &[]).await;
    assert_eq!(
        (answer.status, answer.header("allow")),
        (StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD")
    );
}

#[tokio::test]
async fn head_has_the_length_and_no_body() {
    let full = get("/", &[]).await;
    let head = ask(router(), "HEAD", "/", &[]).await;
    assert_eq!(head.status, StatusCode::OK);
    assert_eq!(head.header("content-length"), full.body.len().to_string());
    assert!(head.body.is_empty());
}

#[tokio::test]
async fn a_known_tag_answers_304() {
    let etag = get("/", &[]).await.header("etag").to_owned();
    assert!(etag.starts_with('"') && etag.len() > 34, "strong tag: {etag}");
    for tags in [
        etag.clone(),
        format!("W/{etag}"),
        format!("\"other\", {etag}"),
        "*".to_owned(),
    ] {
        let answer = get("/", &[("if-none-match", &tags)]).await;
        assert_eq!(answer.status, StatusCode::NOT_MODIFIED, "{tags}");
        assert_eq!(answer.header("etag"), etag);
        assert!(answer.body.is_empty());
    }
    assert_eq!(
        get("/", &[("if-none-match", "\"other\"")]).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    for path in ["/", "/api/none", "/none.js"] {
        let answer = get(path, &[]).await;
        assert!(
            answer
                .header("content-security-policy")
                .starts_with("default-src 'none'; script-src 'self';"),
            "{path}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
    }
}

#[tokio::test]
async fn the_base_path_is_filled_in_and_changes_the_tag() {
    for (base, expected) in [
        ("/weir", "/weir/"),
        ("weir/", "/weir/"),
        ("/a/b/", "/a/b/"),
        ("", "/"),
        ("/\"<", "/&quot;&lt;/"),
    ] {
        let answer = ask(router_with_base(base), "GET", "/query", &[]).await;
        let page = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(
            page.contains(&format!("<base href=\"{expected}\"")),
            "{base}: {page}"
        );
    }
    let root = get("/", &[]).await.header("etag").to_owned();
    assert_ne!(
        ask(router_with_base("/weir"), "GET", "/", &[])
            .await
            .header("etag"),
        root
    );
}

/// Walks every embedded file, so it also holds for the placeholder, which has one.
#[tokio::test]
async fn files_have_types_tags_lifetimes_and_encodings() {
    for path in assets::paths().iter().filter(|path| *path != "index.html") {
        let plain = get(&format!("/{path}"), &[]).await;
        assert_eq!(plain.status, StatusCode::OK, "{path}");
        assert_ne!(
            plain.header("content-type"),
            "application/octet-stream",
            "{path} has no known type"
        );
        assert_eq!(plain.header("content-encoding"), "", "{path}");
        assert_eq!(
            plain.header("cache-control").contains("immutable"),
            path.starts_with("assets/"),
            "{path}"
        );
        let tag = plain.header("etag").to_owned();
        let again = get(&format!("/{path}"), &[("if-none-match", &tag)]).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED, "{path}");
        for (accept, encoding) in [("br", Encoding::Brotli), ("gzip", Encoding::Gzip)] {
            let answer = get(&format!("/{path}"), &[("accept-encoding", accept)]).await;
            let compressed = assets::find(path, &[encoding]).is_some();
            assert_eq!(
                answer.header("content-encoding"),
                if compressed { accept } else { "" },
                "{path}"
            );
            assert_eq!(answer.header("vary"), "accept-encoding", "{path}");
            assert_eq!(
                answer.header("content-type"),
                plain.header("content-type"),
                "{path}"
            );
            if compressed {
                assert!(
                    answer.body.len() < plain.body.len(),
                    "{path} grew when compressed"
                );
                assert_ne!(
                    answer.header("etag"),
                    tag,
                    "{path}: one tag for two representations"
                );
                let twin = get(&format!("/{path}{}", encoding.file_suffix()), &[]).await;
                assert_eq!(twin.status, StatusCode::NOT_FOUND, "{path}");
            }
        }
    }
}

#[test]
fn a_built_console_has_its_compressed_scripts() {
    if is_placeholder() {
        assert_eq!(assets::paths(), ["index.html"]);
        return;
    }
    let scripts: Vec<String> = assets::paths()
        .into_iter()
        .filter(|path| path.ends_with(".js"))
        .collect();
    assert!(
        scripts.iter().any(|path| path.starts_with("assets/")),
        "{scripts:?}"
    );
    // Small files are left as they are: see scripts/compress.mjs.
    assert!(
        scripts
            .iter()
            .any(|path| assets::find(path, &[Encoding::Brotli]).is_some()),
        "{scripts:?}"
    );
}
