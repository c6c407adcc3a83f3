//! The embedded files: one lookup from a path and an encoding to bytes, type, tag and lifetime.

use std::borrow::Cow;
use std::fmt::Write as _;

use rust_embed::RustEmbed;

use crate::encoding::Encoding;

#[derive(RustEmbed)]
#[folder = "$WEB_ASSETS_DIR"]
struct Dist;

/// One representation of one embedded file.
pub(crate) struct Asset {
    pub(crate) bytes: Cow<'static, [u8]>,
    /// Strong entity tag with its quotes: the content's SHA-256, so each encoding has its own.
    pub(crate) etag: String,
    pub(crate) encoding: Encoding,
}

/// The first of `encodings` in which `path` (without a leading slash) is embedded.
///
/// Compressed twins are found only through the file that they compress.
pub(crate) fn find(path: &str, encodings: &[Encoding]) -> Option<Asset> {
    if is_compressed_twin(path) {
        return None;
    }
    encodings.iter().find_map(|&encoding| {
        let file = Dist::get(&format!("{path}{}", encoding.file_suffix()))?;
        Some(Asset {
            bytes: file.data,
            etag: etag_of(&file.metadata.sha256_hash()),
            encoding,
        })
    })
}

/// The application's page as built, with `<base href="/">`.
pub(crate) fn index_html() -> String {
    let file = Dist::get("index.html").expect("the build script embeds an index.html or fails");
    String::from_utf8_lossy(&file.data).into_owned()
}

/// Names under `assets/` carry a hash of their content, so they never change.
pub(crate) fn is_hashed(path: &str) -> bool {
    path.starts_with("assets/")
}

/// Paths of all embedded files, without their compressed twins.
#[cfg(test)]
pub(crate) fn paths() -> Vec<String> {
    Dist::iter()
        .map(Cow::into_owned)
        .filter(|path| !is_compressed_twin(path))
        .collect()
}

fn is_compressed_twin(path: &str) -> bool {
    [Encoding::Brotli, Encoding::Gzip].iter().any(|encoding| {
        path.strip_suffix(encoding.file_suffix())
            .is_some_and(|plain| Dist::get(plain).is_some())
    })
}

fn etag_of(hash: &[u8; 32]) -> String {
    let mut etag = String::with_capacity(34);
    etag.push('"');
    // 128 bits tell versions of a file apart; the rest would only lengthen the header.
    for byte in &hash[..16] {
        write!(etag, "{byte:02x}").expect("writing to a string cannot fail");
    }
    etag.push('"');
    etag
}

/// The media type by file extension; unknown ones download rather than being guessed by a browser.
pub(crate) fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        Some("webmanifest") => "application/manifest+json",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}
