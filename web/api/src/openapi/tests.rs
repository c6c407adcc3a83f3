//! The document says what is served: it is held against the routes in the sources, and every reference has its schema.

use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::testing::Requests;

/// The folders, from this crate's, whose routes are under `/api/v1`.
const SOURCES: [&str; 2] = ["src", "../../connectors/peers/src"];

/// Paths under `/api/v1` that the sources route.
fn routed() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders: Vec<_> = SOURCES
        .iter()
        .map(|folder| Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                for route in text.split(".route(").skip(1) {
                    let route = route.trim_start().strip_prefix("\"/api/v1");
                    found.extend(route.and_then(|route| route.split('"').next()).map(str::to_owned));
                }
            }
        }
    }
    found
}

#[test]
fn every_route_is_in_the_document_and_no_other() {
    let told: BTreeSet<String> = endpoints::all()
        .map(|endpoint| endpoint.path.to_owned())
        .collect();
    assert_eq!(told, routed());
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(entries) => {
            if let Some(Value::String(name)) = entries.get("$ref") {
                found.insert(name.clone());
            }
            entries.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn references_lead_somewhere_and_operations_have_names_of_their_own() {
    for version in [Version::V31, Version::V32] {
        let document = document(version);
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        assert!(found.len() > 20, "{found:?}");
        for reference in found {
            let place = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(place).is_some(), "{reference}");
        }
        let mut names = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in ["get", "post", "put"] {
                if let Some(name) = item[method]["operationId"].as_str() {
                    assert!(names.insert(name.to_owned()), "{path} {name}");
                }
            }
        }
        assert!(names.len() > 50, "{names:?}");
    }
}

#[tokio::test]
async fn both_versions_are_served() {
    let requests = Requests(openapi_routes());
    for (query, version) in [
        ("", "3.1.0"),
        ("?openapi_version=3.1", "3.1.0"),
        ("?openapi_version=3.2", "3.2.0"),
        ("?openapi_version=9", "3.1.0"),
    ] {
        let (status, text) = requests.get(&format!("/api/v1/openapi.yaml{query}")).await;
        assert_eq!(status, 200);
        assert!(text.contains(&format!("openapi: \"{version}\"\n")), "{text}");
        assert_eq!(text.contains("itemSchema:"), version == "3.2.0");
    }
}
