//! `/api/v1/openapi.yaml`: the endpoints under `/api/v1` as an OpenAPI document, made from the table of them.

mod endpoints;
mod parameters;
mod schemas;
#[cfg(test)]
mod tests;
mod yaml;

use std::sync::LazyLock;

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Map, Value, json};

use crate::parameters::Parameters;
use crate::status::PROMETHEUS_VERSION;
use endpoints::{Endpoint, Gives, Methods};
use schemas::{reference, schemas};

/// The document in both versions; 3.2 alone has words for streams of events.
static DOCUMENT_3_1: LazyLock<String> = LazyLock::new(|| yaml::document(&document(Version::V31)));
static DOCUMENT_3_2: LazyLock<String> = LazyLock::new(|| yaml::document(&document(Version::V32)));

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    V31,
    V32,
}

/// The route.
pub(crate) fn openapi_routes() -> Router {
    Router::new().route("/api/v1/openapi.yaml", get(openapi))
}

async fn openapi(parameters: Parameters) -> Response {
    let text = match parameters.get("openapi_version") {
        "3.2" | "3.2.0" => DOCUMENT_3_2.as_str(),
        // As Prometheus does, for anything else too.
        _ => DOCUMENT_3_1.as_str(),
    };
    let headers = [
        (header::CONTENT_TYPE, "application/yaml; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache, no-store, must-revalidate"),
    ];
    (headers, text).into_response()
}

fn document(version: Version) -> Value {
    let mut paths = Map::new();
    for endpoint in endpoints::all() {
        paths.insert(endpoint.path.to_owned(), path_item(endpoint, version));
    }
    json!({
        "openapi": match version { Version::V31 => "3.1.0", Version::V32 => "3.2.0" },
        "info": {
            "title": "Weir API",
            "description": "Prometheus's HTTP API and what Weir adds. The alert router's API is Alertmanager's, under /api/v2.",
            "version": PROMETHEUS_VERSION,
        },
        "servers": [{"url": "/api/v1"}],
        "paths": paths,
        "components": {"schemas": schemas(), "responses": {"Refused": refused()}},
    })
}

fn path_item(endpoint: &Endpoint, version: Version) -> Value {
    let mut item = Map::new();
    let in_query = || -> Vec<Value> { endpoint.parameters.iter().map(|p| p.in_query()).collect() };
    let mut add = |method: &str, parameters: Vec<Value>, body: Option<Value>| {
        let mut operation = json!({
            "tags": [endpoint.tag],
            "operationId": operation_id(method, endpoint.path),
            "summary": endpoint.summary,
            "parameters": parameters,
            "responses": responses(endpoint, version),
        });
        if let Some(body) = body {
            operation["requestBody"] = body;
        }
        item.insert(method.to_owned(), operation);
    };
    match endpoint.methods {
        Methods::Get => add("get", in_query(), None),
        Methods::GetAndForm => {
            add("get", in_query(), None);
            add("post", Vec::new(), Some(form(endpoint)));
        }
        Methods::PostAndPut => {
            add("post", in_query(), None);
            add("put", in_query(), None);
        }
        Methods::Body(media) => {
            let body = json!({"required": true, "content": {media: {}}});
            add("post", in_query(), Some(body));
        }
    }
    if endpoint.path.contains("{name}") {
        let name = json!({"name": "name", "in": "path", "required": true, "schema": {"type": "string"},
            "description": "Name of the label; one that does not fit a path as U__ and hexadecimal code points."});
        item.insert("parameters".to_owned(), json!([name]));
    }
    Value::Object(item)
}

/// `get` and `/label/{name}/values` make `get-label-name-values`.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric());
    let mut id = method.to_owned();
    for word in words.filter(|word| !word.is_empty()) {
        id.push('-');
        id.push_str(word);
    }
    id
}

fn form(endpoint: &Endpoint) -> Value {
    let mut properties = Map::new();
    let mut needed = Vec::new();
    for parameter in endpoint.parameters {
        let mut schema = parameter.schema();
        schema["description"] = parameter.about.into();
        properties.insert(parameter.name.to_owned(), schema);
        if parameter.is_required {
            needed.push(parameter.name);
        }
    }
    let mut schema = json!({"type": "object", "properties": properties});
    if !needed.is_empty() {
        schema["required"] = needed.clone().into();
    }
    json!({
        "required": !needed.is_empty(),
        "content": {"application/x-www-form-urlencoded": {"schema": schema}},
    })
}

fn responses(endpoint: &Endpoint, version: Version) -> Value {
    let given = |content: Value| json!({"description": "Answered.", "content": content});
    let (status, response) = match endpoint.gives {
        Gives::Data(schema) => (
            "200",
            given(json!({"application/json": {"schema": success(schema)}})),
        ),
        Gives::NoContent => ("204", json!({"description": "Done."})),
        Gives::Media(media) => ("200", given(json!({media: {}}))),
        Gives::Lines(schema) => {
            let lines = match version {
                Version::V31 => json!({"schema": {"type": "string"}}),
                Version::V32 => json!({"itemSchema": reference(schema)}),
            };
            ("200", given(json!({"application/x-ndjson": lines})))
        }
        Gives::Events => {
            let events = match version {
                Version::V31 => json!({"schema": {"type": "string"}}),
                Version::V32 => json!({"itemSchema": {
                    "type": "object", "required": ["data"],
                    "properties": {"data": {"type": "string", "contentMediaType": "application/json"}},
                }}),
            };
            ("200", given(json!({"text/event-stream": events})))
        }
    };
    json!({status: response, "default": {"$ref": "#/components/responses/Refused"}})
}

/// The envelope around data of a schema.
fn success(schema: &str) -> Value {
    let texts = json!({"type": "array", "items": {"type": "string"}});
    json!({
        "type": "object",
        "required": ["status", "data"],
        "properties": {
            "status": {"type": "string", "const": "success"},
            "data": reference(schema), "warnings": texts, "infos": texts,
        },
    })
}

fn refused() -> Value {
    json!({
        "description": "Refused; the status code follows from errorType.",
        "content": {"application/json": {"schema": reference("Error")}},
    })
}
