//! Parameters of endpoints and their schemas.

use serde_json::{Value, json};

/// One parameter of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) kind: Kind,
    pub(super) is_required: bool,
}

/// What a parameter may be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    String,
    /// May be given again and again.
    Array,
    Integer,
    Boolean,
    /// A number or a text, such as seconds or `5m`.
    NumberOrText,
}

impl Parameter {
    /// Its schema.
    pub(super) fn schema(&self) -> Value {
        match self.kind {
            Kind::String => json!({"type": "string"}),
            Kind::Array => json!({"type": "array", "items": {"type": "string"}}),
            Kind::Integer => json!({"type": "integer", "format": "int64"}),
            Kind::Boolean => json!({"type": "boolean"}),
            Kind::NumberOrText => json!({"oneOf": [{"type": "string"}, {"type": "number"}]}),
        }
    }

    /// As a parameter in the URL.
    pub(super) fn in_query(&self) -> Value {
        let mut shown = json!({
            "name": self.name, "in": "query", "description": self.about, "required": self.is_required,
            "schema": self.schema(),
        });
        if matches!(self.kind, Kind::Array) {
            shown["explode"] = true.into();
        }
        shown
    }
}

const fn parameter(name: &'static str, about: &'static str, kind: Kind) -> Parameter {
    Parameter {
        name,
        about,
        kind,
        is_required: false,
    }
}

pub(super) const fn string(name: &'static str, about: &'static str) -> Parameter {
    parameter(name, about, Kind::String)
}

pub(super) const fn text(name: &'static str, about: &'static str) -> Parameter {
    parameter(name, about, Kind::NumberOrText)
}

pub(super) const fn array(name: &'static str, about: &'static str) -> Parameter {
    parameter(name, about, Kind::Array)
}

pub(super) const fn integer(name: &'static str, about: &'static str) -> Parameter {
    parameter(name, about, Kind::Integer)
}

pub(super) const fn boolean(name: &'static str, about: &'static str) -> Parameter {
    parameter(name, about, Kind::Boolean)
}

/// The same where a request needs it.
pub(super) const fn required(parameter: Parameter) -> Parameter {
    Parameter {
        is_required: true,
        ..parameter
    }
}

/// What many endpoints take.
pub(super) const QUERY: Parameter = required(string("query", "A PromQL expression."));
/// Begin of a range.
pub(super) const START: Parameter = text(
    "start",
    "Begin of the range: RFC 3339 or seconds since the epoch.",
);
/// End of a range.
pub(super) const END: Parameter = text("end", "End of the range: RFC 3339 or seconds since the epoch.");
/// Most results.
pub(super) const LIMIT: Parameter = integer("limit", "Most results that are returned; 0 means all.");
/// Selectors.
pub(super) const MATCH: Parameter = array(
    "match[]",
    "Selectors; a series counts when one of them selects it.",
);
/// Selectors without which nothing is selected.
pub(super) const MATCH_NEEDED: Parameter = required(MATCH);
