//! Results as lines of JSON: at least one batch, then the trailer.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use engine_model::number::write_json_value;

use super::parameters::Search;
use crate::json::{write_list, write_safe_text};
use crate::metadata::Said;

/// One result.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) text: String,
    pub(super) score: f64,
    /// What is said of the metric, where that was asked for.
    pub(super) said: Option<Said>,
}

/// The answer.
#[derive(Debug)]
pub(super) struct Lines(String);

impl IntoResponse for Lines {
    fn into_response(self) -> Response {
        let headers = [(header::CONTENT_TYPE, "application/x-ndjson; charset=utf-8")];
        (headers, self.0).into_response()
    }
}

/// Writes results; `key` is what their texts are called.
pub(super) fn lines(key: &str, found: Vec<Found>, has_more: bool, search: &Search) -> Lines {
    let mut out = String::new();
    let mut batches: Vec<&[Found]> = found.chunks(search.batch_size).collect();
    if batches.is_empty() {
        batches.push(&[]);
    }
    for batch in batches {
        out.push_str("{\"results\":");
        write_list(&mut out, batch, |out, one| {
            write_one(out, key, one, search.with_score);
        });
        out.push_str("}\n");
    }
    out.push_str("{\"status\":\"success\",\"has_more\":");
    out.push_str(if has_more { "true}\n" } else { "false}\n" });
    Lines(out)
}

fn write_one(out: &mut String, key: &str, one: &Found, with_score: bool) {
    out.push_str("{\"");
    out.push_str(key);
    out.push_str("\":");
    write_safe_text(out, &one.text);
    if with_score {
        out.push_str(",\"score\":");
        write_json_value(out, one.score);
    }
    for (key, text) in one.said.iter().flat_map(Said::pairs) {
        if !text.is_empty() {
            out.push_str(",\"");
            out.push_str(key);
            out.push_str("\":");
            write_safe_text(out, text);
        }
    }
    out.push('}');
}
