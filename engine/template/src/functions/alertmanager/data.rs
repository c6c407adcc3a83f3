//! What notification templates see: `.Alerts.Firing`, `.GroupLabels.SortedPairs` and their kin.

use std::borrow::Cow;
use std::sync::Arc;

use crate::error::FunctionError;
use crate::value::{List, ListType, Map, MapKind, MapType, Time, Value, no_methods, same_name};

type Outcome = Option<Result<Value, FunctionError>>;
type Pairs = Vec<(String, String)>;

/// One alert of a notification.
#[derive(Debug, Clone)]
pub struct AlertData {
    /// Resolved, or still firing.
    pub resolved: bool,
    /// Its labels.
    pub labels: Pairs,
    /// Its annotations.
    pub annotations: Pairs,
    /// When it began.
    pub starts_at: Time,
    /// When it ended; `Time::zero()` while it fires.
    pub ends_at: Time,
    /// Where it comes from.
    pub generator_url: String,
    /// 16 hexadecimal digits.
    pub fingerprint: String,
}

/// A whole notification.
#[derive(Debug, Clone)]
pub struct NotificationData {
    /// The receiver's name.
    pub receiver: String,
    /// Alerts in the order in which they are shown; the status is firing if any of them fires.
    pub alerts: Vec<AlertData>,
    /// Labels the group is formed by.
    pub group_labels: Pairs,
    /// Labels that all alerts share.
    pub common_labels: Pairs,
    /// Annotations that all alerts share.
    pub common_annotations: Pairs,
    /// Labels of the route.
    pub route_labels: Pairs,
    /// The router's own address.
    pub external_url: String,
    /// Why the notification is sent.
    pub notification_reason: String,
}

/// Alertmanager's word for a state.
pub fn alert_status(resolved: bool) -> &'static str {
    if resolved { "resolved" } else { "firing" }
}

impl NotificationData {
    /// The dot of a notification's templates.
    pub fn to_value(&self) -> Value {
        let resolved = self.alerts.iter().all(|alert| alert.resolved);
        let alerts = self.alerts.iter().map(AlertData::to_value).collect();
        Value::structure(
            &DATA,
            [
                ("Receiver", Value::string(&self.receiver)),
                ("Status", Value::string(alert_status(resolved))),
                ("Alerts", Value::List(Arc::new(List::new(&ALERTS, alerts)))),
                ("GroupLabels", key_values(&self.group_labels)),
                ("CommonLabels", key_values(&self.common_labels)),
                ("CommonAnnotations", key_values(&self.common_annotations)),
                ("RouteLabels", key_values(&self.route_labels)),
                ("ExternalURL", Value::string(&self.external_url)),
                ("NotificationReason", Value::string(&self.notification_reason)),
            ],
        )
    }
}

impl AlertData {
    fn to_value(&self) -> Value {
        Value::structure(
            &ALERT,
            [
                ("Status", Value::string(alert_status(self.resolved))),
                ("Labels", key_values(&self.labels)),
                ("Annotations", key_values(&self.annotations)),
                ("StartsAt", Value::Time(self.starts_at)),
                ("EndsAt", Value::Time(self.ends_at)),
                ("GeneratorURL", Value::string(&self.generator_url)),
                ("Fingerprint", Value::string(&self.fingerprint)),
            ],
        )
    }
}

static DATA: MapType = MapType {
    name: "*template.Data",
    kind: MapKind::Struct,
    methods: no_methods,
    json_name: lower_first,
};
static ALERT: MapType = MapType {
    name: "template.Alert",
    kind: MapKind::Struct,
    methods: no_methods,
    json_name: lower_first,
};
static KEY_VALUES: MapType = MapType {
    name: "template.KV",
    kind: MapKind::Strings,
    methods: key_values_methods,
    json_name: same_name,
};
static PAIR: MapType = MapType::of_struct("template.Pair");
static PAIRS: ListType = ListType {
    name: "template.Pairs",
    methods: pairs_methods,
};
static ALERTS: ListType = ListType {
    name: "template.Alerts",
    methods: alerts_methods,
};

/// `GroupLabels` is `groupLabels` in JSON.
fn lower_first(name: &str) -> Cow<'_, str> {
    let mut chars = name.chars();
    match chars.next() {
        Some(first) => Cow::Owned(format!("{}{}", first.to_lowercase(), chars.as_str())),
        None => Cow::Borrowed(name),
    }
}

fn key_values(pairs: &[(String, String)]) -> Value {
    let entries = pairs
        .iter()
        .map(|(name, value)| (Arc::from(name.as_str()), Value::string(value)));
    Value::Map(Arc::new(Map::new(&KEY_VALUES, entries.collect())))
}

fn alerts_methods(receiver: &Value, name: &str, args: &[Value]) -> Outcome {
    let wanted = match name {
        "Firing" => alert_status(false),
        "Resolved" => alert_status(true),
        _ => return None,
    };
    let Value::List(list) = receiver else { return None };
    let has_status = |alert: &&Value| match alert {
        Value::Map(map) => map.get("Status").and_then(Value::as_str) == Some(wanted),
        _ => false,
    };
    let items = list.items.iter().filter(has_status).cloned().collect();
    Some(without_arguments(name, args).map(|()| Value::List(Arc::new(List::new(&ALERTS, items)))))
}

fn without_arguments(name: &str, args: &[Value]) -> Result<(), FunctionError> {
    if args.is_empty() {
        return Ok(());
    }
    let count = args.len();
    Err(FunctionError::Usage(format!(
        "wrong number of args for {name}: want 0 got {count}"
    )))
}

fn key_values_methods(receiver: &Value, name: &str, args: &[Value]) -> Outcome {
    let Value::Map(map) = receiver else { return None };
    if name == "Remove" {
        return Some(remove(map, args));
    }
    if !matches!(name, "SortedPairs" | "Names" | "Values" | "String") {
        return None;
    }
    let pairs = sorted_pairs(map);
    if name == "SortedPairs" {
        return Some(without_arguments(name, args).map(|()| pairs));
    }
    pairs_methods(&pairs, name, args)
}

/// `alertname` first, the others by name.
fn sorted_pairs(map: &Map) -> Value {
    let (first, rest): (Vec<_>, Vec<_>) = map.entries.iter().partition(|(name, _)| &**name == "alertname");
    let pair = |(name, value): &(Arc<str>, Value)| {
        Value::structure(
            &PAIR,
            [
                ("Name", Value::String(Arc::clone(name))),
                ("Value", value.clone()),
            ],
        )
    };
    let items = first.into_iter().chain(rest).map(pair).collect();
    Value::List(Arc::new(List::new(&PAIRS, items)))
}

/// A copy without some names.
fn remove(map: &Map, args: &[Value]) -> Result<Value, FunctionError> {
    let [Value::List(names)] = args else {
        return Err(FunctionError::Usage("Remove takes one list of names".to_owned()));
    };
    let names: Vec<&str> = names.items.iter().filter_map(Value::as_str).collect();
    let entries = map
        .entries
        .iter()
        .filter(|(name, _)| !names.contains(&&**name))
        .cloned()
        .collect();
    Ok(Value::Map(Arc::new(Map::new(&KEY_VALUES, entries))))
}

fn pairs_methods(receiver: &Value, name: &str, args: &[Value]) -> Outcome {
    let Value::List(list) = receiver else { return None };
    let field = |field: &'static str| {
        list.items.iter().filter_map(move |item| match item {
            Value::Map(pair) => pair.get(field).and_then(Value::as_str),
            _ => None,
        })
    };
    let value = match name {
        "Names" => Value::strings(field("Name")),
        "Values" => Value::strings(field("Value")),
        "String" => {
            let texts: Vec<String> = field("Name")
                .zip(field("Value"))
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            texts.join(", ").into()
        }
        _ => return None,
    };
    Some(without_arguments(name, args).map(|()| value))
}
