//! Schemas of what endpoints answer with.

use serde_json::{Map, Value, json};

/// A reference to a schema.
pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// All schemas by their names.
pub(super) fn schemas() -> Value {
    let mut all = Map::new();
    for (name, schema) in envelope().into_iter().chain(results()).chain(documents()) {
        all.insert(name.to_owned(), schema);
    }
    Value::Object(all)
}

fn text() -> Value {
    json!({"type": "string"})
}

fn list_of(item: Value) -> Value {
    json!({"type": "array", "items": item})
}

/// An object with these members, all of which are there.
fn object(members: Value) -> Value {
    let names: Vec<&String> = members.as_object().into_iter().flat_map(Map::keys).collect();
    json!({"type": "object", "required": names, "properties": members})
}

fn envelope() -> Vec<(&'static str, Value)> {
    let kinds = [
        "bad_data",
        "execution",
        "canceled",
        "timeout",
        "internal",
        "unavailable",
        "not_found",
        "not_acceptable",
    ];
    vec![
        (
            "Error",
            object(json!({
                "status": {"type": "string", "const": "error"},
                "errorType": {"type": "string", "enum": kinds},
                "error": text(),
            })),
        ),
        ("Text", text()),
        ("Texts", list_of(text())),
        (
            "TextMap",
            json!({"type": "object", "additionalProperties": {"type": "string"}}),
        ),
        ("Object", json!({"type": "object"})),
        ("Objects", list_of(json!({"type": "object"}))),
        ("LabelSets", list_of(reference("TextMap"))),
        ("Yaml", object(json!({"yaml": text()}))),
    ]
}

/// What queries give.
fn results() -> Vec<(&'static str, Value)> {
    let sample = json!({
        "type": "array",
        "description": "Seconds since the epoch, and the value as a text.",
        "prefixItems": [{"type": "number"}, {"type": "string"}],
        "minItems": 2, "maxItems": 2,
    });
    let histogram = json!({
        "type": "array",
        "description": "Seconds since the epoch, and the histogram.",
        "prefixItems": [{"type": "number"}, reference("Histogram")],
        "minItems": 2, "maxItems": 2,
    });
    let bucket = json!({
        "type": "array",
        "description": "Which bounds are inside (0 the upper, 1 the lower, 2 none, 3 both), bounds, count.",
        "prefixItems": [{"type": "integer"}, text(), text(), text()],
        "minItems": 4, "maxItems": 4,
    });
    let series = json!({
        "type": "object",
        "required": ["metric"],
        "properties": {
            "metric": reference("TextMap"),
            "value": reference("Sample"), "histogram": reference("HistogramSample"),
            "values": list_of(reference("Sample")), "histograms": list_of(reference("HistogramSample")),
        },
    });
    let data = json!({
        "type": "object",
        "required": ["resultType", "result"],
        "properties": {
            "resultType": {"type": "string", "enum": ["vector", "matrix", "scalar", "string"]},
            "result": {"oneOf": [list_of(reference("Series")), reference("Sample")]},
            "stats": {"type": "object"},
            "explain": {"type": "object"},
        },
    });
    let exemplar = object(json!({
        "labels": reference("TextMap"), "value": text(), "timestamp": {"type": "number"},
    }));
    vec![
        ("Sample", sample),
        ("HistogramSample", histogram),
        (
            "Histogram",
            json!({
                "type": "object", "required": ["count", "sum"],
                "properties": {"count": text(), "sum": text(), "buckets": list_of(bucket)},
            }),
        ),
        ("Series", series),
        ("QueryData", data),
        (
            "Exemplars",
            list_of(object(json!({
                "seriesLabels": reference("TextMap"), "exemplars": list_of(exemplar),
            }))),
        ),
        (
            "SearchLine",
            json!({
                "type": "object",
                "description": "A batch of results, or the trailer with `status` and `has_more`.",
                "properties": {
                    "results": list_of(json!({"type": "object"})),
                    "status": text(), "has_more": {"type": "boolean"},
                },
            }),
        ),
    ]
}

/// What the server says of targets, rules and itself.
fn documents() -> Vec<(&'static str, Value)> {
    let whole = json!({"type": "integer", "format": "int64"});
    let said = object(json!({"type": text(), "help": text(), "unit": text()}));
    let counts = list_of(object(json!({"name": text(), "value": whole})));
    let pools = json!({"type": "object", "additionalProperties": whole});
    let step = object(
        json!({"rule": {"type": "object"}, "output": reference("TextMap"), "keep": {"type": "boolean"}}),
    );
    vec![
        (
            "Targets",
            object(json!({
                "activeTargets": reference("Objects"), "droppedTargets": reference("Objects"),
                "droppedTargetCounts": {"oneOf": [pools, {"type": "null"}]},
            })),
        ),
        ("RelabelSteps", object(json!({"steps": list_of(step)}))),
        ("ScrapePools", object(json!({"scrapePools": list_of(text())}))),
        (
            "Metadata",
            json!({"type": "object", "additionalProperties": list_of(said)}),
        ),
        (
            "Rules",
            json!({
                "type": "object", "required": ["groups"],
                "properties": {"groups": reference("Objects"), "groupNextToken": text()},
            }),
        ),
        ("Alerts", object(json!({"alerts": reference("Objects")}))),
        (
            "Alertmanagers",
            object(json!({
                "activeAlertmanagers": reference("Objects"), "droppedAlertmanagers": reference("Objects"),
            })),
        ),
        (
            "HeadStatistics",
            object(json!({
                "headStats": {"type": "object"}, "seriesCountByMetricName": counts,
                "labelValueCountByLabelName": counts, "memoryInBytesByLabelName": counts,
                "seriesCountByLabelValuePair": counts,
            })),
        ),
        (
            "Replay",
            object(json!({"min": whole, "max": whole, "current": whole})),
        ),
        (
            "Features",
            json!({
                "type": "object",
                "additionalProperties": {"type": "object", "additionalProperties": {"type": "boolean"}},
            }),
        ),
        (
            "Notifications",
            list_of(object(json!({
                "text": text(), "date": {"type": "string", "format": "date-time"}, "active": {"type": "boolean"},
            }))),
        ),
        ("Snapshot", object(json!({"name": text()}))),
    ]
}
