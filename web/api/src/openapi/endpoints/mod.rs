//! The endpoints under `/api/v1`: what each takes and gives. A test holds the tables against the routes of the crates.

mod data;
mod server;

use super::parameters::Parameter;

/// How a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Methods {
    /// Parameters in the URL.
    Get,
    /// The same, or as a form.
    GetAndForm,
    /// Parameters in the URL of a request that changes something.
    PostAndPut,
    /// A body that is no form, of a media type.
    Body(&'static str),
}

/// What a request that is answered gives.
#[derive(Debug, Clone, Copy)]
pub(super) enum Gives {
    /// `data` of a schema, in the envelope.
    Data(&'static str),
    /// Nothing.
    NoContent,
    /// A body of its own media type.
    Media(&'static str),
    /// Lines of JSON.
    Lines(&'static str),
    /// Server-sent events.
    Events,
}

/// One path.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) path: &'static str,
    pub(super) methods: Methods,
    pub(super) tag: &'static str,
    pub(super) summary: &'static str,
    pub(super) parameters: &'static [Parameter],
    pub(super) gives: Gives,
}

/// All of them: what reads and writes data, then what is about the server.
pub(super) fn all() -> impl Iterator<Item = &'static Endpoint> {
    data::ENDPOINTS.iter().chain(server::ENDPOINTS)
}

const fn endpoint(
    methods: Methods,
    path: &'static str,
    tag: &'static str,
    summary: &'static str,
    parameters: &'static [Parameter],
    gives: Gives,
) -> Endpoint {
    Endpoint {
        path,
        methods,
        tag,
        summary,
        parameters,
        gives,
    }
}
