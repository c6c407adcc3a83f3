//! The `route` section: a tree of conditions and settings as it is written, checked but not yet
//! inherited.

use std::collections::BTreeSet;

use engine_model::labels::is_legacy_label_name;
use engine_model::{MatchOp, Matcher};
use engine_settings::{Error, Field, Mapping};

use super::decode::Checks;
use crate::matchers::{MatcherWarning, parse_matchers, sort_matchers};

/// Which labels make a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupBy {
    /// Every label: each alert is a group of its own.
    All,
    /// The named labels; with none there is one group.
    Labels(BTreeSet<String>),
}

/// One node of the tree as written; what is `None` is inherited from the parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteConfig {
    /// Name of the receiver.
    pub receiver: Option<String>,
    /// Which labels make a group.
    pub group_by: Option<GroupBy>,
    /// Wait before a new group's first notification, in ms.
    pub group_wait_ms: Option<i64>,
    /// Wait between notifications of a changing group, in ms.
    pub group_interval_ms: Option<i64>,
    /// Wait until an unchanged group is notified again, in ms.
    pub repeat_interval_ms: Option<i64>,
    /// Conditions of this node, sorted; all have to hold.
    pub matchers: Vec<Matcher>,
    /// Whether siblings after this node are tried even when it matched.
    pub goes_on: bool,
    /// Children in file order.
    pub routes: Vec<RouteConfig>,
}

/// Reads the root, which must catch everything.
pub(super) fn decode_root(field: Field<'_>, checks: &mut Checks) -> Result<RouteConfig, Error> {
    let at = field.clone();
    let mapping = field.mapping()?;
    for key in ["match", "match_re", "matchers"] {
        let has_any = |field: &Field<'_>| match field.clone().items() {
            Ok(items) => !items.is_empty(),
            Err(_) => field.clone().entries().is_ok_and(|entries| !entries.is_empty()),
        };
        if let Some(field) = mapping.optional(key).filter(has_any) {
            return Err(
                field.error_at_key("root route must not have any matchers; move them into a child route")
            );
        }
    }
    if let Some(field) = mapping.optional("continue")
        && field.clone().bool()?
    {
        return Err(field.error("cannot have continue in root route; remove it"));
    }
    let route = decode_node(mapping, checks, 0)?;
    if route.receiver.is_none() {
        return Err(at.error("root route must specify a default receiver; add \"receiver: NAME\""));
    }
    Ok(route)
}

/// Trees deeper than this are refused, so that walking one cannot exhaust the stack.
const DEPTH_MAX: usize = 100;

fn decode_node(mapping: Mapping<'_>, checks: &mut Checks, depth: usize) -> Result<RouteConfig, Error> {
    if depth > DEPTH_MAX {
        return Err(mapping.error(format!("routes are nested deeper than {DEPTH_MAX} levels")));
    }
    mapping.not_supported(&["mute_time_intervals", "active_time_intervals", "labels"]);
    let receiver = mapping.get("receiver", |field| checks.receiver(field))?.flatten();
    let group_by = mapping.get("group_by", group_by)?;
    let group_wait_ms = mapping.get("group_wait", Field::duration_ms)?;
    let group_interval_ms = mapping.get("group_interval", |field| above_zero(field, "group_interval"))?;
    let repeat_interval_ms = mapping.get("repeat_interval", |field| above_zero(field, "repeat_interval"))?;
    let matchers = decode_matchers(&mapping, checks)?;
    let goes_on = mapping.get_or("continue", Field::bool, false)?;
    let routes = mapping.get_or(
        "routes",
        |field| field.list(|item| decode_node(item.mapping()?, checks, depth + 1)),
        Vec::new(),
    )?;
    mapping.finish()?;
    Ok(RouteConfig {
        receiver,
        group_by,
        group_wait_ms,
        group_interval_ms,
        repeat_interval_ms,
        matchers,
        goes_on,
        routes,
    })
}

fn above_zero(field: Field<'_>, name: &str) -> Result<i64, Error> {
    let at = field.clone();
    match field.duration_ms()? {
        0 => Err(at.error(format!("{name} cannot be zero"))),
        duration_ms => Ok(duration_ms),
    }
}

fn group_by(field: Field<'_>) -> Result<GroupBy, Error> {
    let at = field.clone();
    let (mut all, mut labels) = (false, BTreeSet::new());
    for item in field.items()? {
        let item_at = item.clone();
        let name = item.string()?;
        if name == "..." {
            all = true;
        } else if name.is_empty() {
            return Err(item_at.error("invalid label name \"\" in group_by list"));
        } else if !labels.insert(name.clone()) {
            return Err(item_at.error(format!("duplicated label {name:?} in group_by; remove one")));
        }
    }
    match (all, labels.is_empty()) {
        (true, false) => Err(at.error(
            "cannot have wildcard group_by (`...`) and other labels at the same time; keep one or the other",
        )),
        (true, true) => Ok(GroupBy::All),
        (false, _) => Ok(GroupBy::Labels(labels)),
    }
}

/// `match`, `match_re` and `matchers` together, sorted.
fn decode_matchers(mapping: &Mapping<'_>, checks: &mut Checks) -> Result<Vec<Matcher>, Error> {
    let mut matchers = Vec::new();
    for (key, op) in [("match", MatchOp::Equal), ("match_re", MatchOp::Regex)] {
        let Some(field) = mapping.optional(key) else {
            continue;
        };
        for (name, value) in field.entries()? {
            if !is_legacy_label_name(&name) {
                return Err(value.error_at_key(format!("invalid label name {name:?}")));
            }
            let at = value.clone();
            let mut text = value.string()?;
            if op == MatchOp::Regex {
                // Group keys show these with the anchors that Alertmanager adds.
                Matcher::of_route(op, "", text.as_str()).map_err(|error| at.error(error.to_string()))?;
                text = format!("^(?:{text})$");
            }
            let matcher = Matcher::of_route(op, name, text);
            matchers.push(matcher.map_err(|error| at.error(error.to_string()))?);
        }
    }
    if let Some(field) = mapping.optional("matchers") {
        for item in field.items()? {
            let at = item.clone();
            let text = item.string()?;
            let parsed = parse_matchers(&text).map_err(|error| at.error(error.to_string()))?;
            match parsed.warning {
                Some(MatcherWarning::ClassicOnly { suggestion }) => {
                    checks.warn(&at, format!("matchers {text:?} are read by the classic grammar only; write {suggestion}"));
                }
                Some(MatcherWarning::Disagreement) => checks.warn(
                    &at,
                    format!("matchers {text:?} mean different things to the classic and the UTF-8 grammar; the classic reading is used"),
                ),
                None => {}
            }
            matchers.extend(parsed.matchers);
        }
    }
    sort_matchers(&mut matchers);
    Ok(matchers)
}
