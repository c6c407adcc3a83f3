//! The route tree: settings inherited from parent to child, and the walk that finds an alert's routes.

use std::sync::Arc;

use engine_model::matcher::all_match;
use engine_model::{Labels, Matcher};

use crate::config::{GroupBy, RouteConfig};
use crate::matchers::format_matchers;

/// Wait before a new group's first notification when nothing is configured.
const GROUP_WAIT_MS: i64 = 30_000;
/// Wait between notifications of a changing group when nothing is configured.
const GROUP_INTERVAL_MS: i64 = 300_000;
/// Wait until an unchanged group is notified again when nothing is configured.
const REPEAT_INTERVAL_MS: i64 = 4 * 3_600_000;

/// Position of a route in its tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RouteIndex(usize);

/// A node with everything inherited.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// The conditions from the root down to here, as group keys begin.
    pub(crate) key: Arc<str>,
    pub(crate) receiver: Arc<str>,
    pub(crate) group_by: GroupBy,
    pub(crate) group_wait_ms: i64,
    pub(crate) group_interval_ms: i64,
    pub(crate) repeat_interval_ms: i64,
    matchers: Vec<Matcher>,
    goes_on: bool,
    children: Vec<RouteIndex>,
}

impl Route {
    /// The labels by which an alert is grouped here; those it does not have are left out.
    pub(crate) fn group_labels(&self, labels: &Labels) -> Labels {
        match &self.group_by {
            GroupBy::All => labels.clone(),
            GroupBy::Labels(names) => labels.filtered(|name| names.contains(name)),
        }
    }
}

/// All routes; the root comes first.
#[derive(Debug, Clone)]
pub(crate) struct RouteTree {
    routes: Vec<Route>,
}

impl RouteTree {
    pub(crate) fn new(root: &RouteConfig) -> Self {
        let mut tree = Self { routes: Vec::new() };
        tree.add(root, None);
        tree
    }

    fn add(&mut self, config: &RouteConfig, parent: Option<RouteIndex>) -> RouteIndex {
        let inherited = parent.map(|index| self.route(index).clone());
        let own_key = format_matchers(&config.matchers);
        let key = match &inherited {
            Some(parent) => format!("{}/{own_key}", parent.key),
            None => own_key,
        };
        let mut route = inherited.unwrap_or_else(|| Route {
            key: Arc::from(""),
            receiver: Arc::from(""),
            group_by: GroupBy::Labels(Default::default()),
            group_wait_ms: GROUP_WAIT_MS,
            group_interval_ms: GROUP_INTERVAL_MS,
            repeat_interval_ms: REPEAT_INTERVAL_MS,
            matchers: Vec::new(),
            goes_on: false,
            children: Vec::new(),
        });
        route.key = key.into();
        if let Some(receiver) = &config.receiver {
            route.receiver = receiver.as_str().into();
        }
        if let Some(group_by) = &config.group_by {
            route.group_by = group_by.clone();
        }
        route.group_wait_ms = config.group_wait_ms.unwrap_or(route.group_wait_ms);
        route.group_interval_ms = config.group_interval_ms.unwrap_or(route.group_interval_ms);
        route.repeat_interval_ms = config.repeat_interval_ms.unwrap_or(route.repeat_interval_ms);
        route.matchers = config.matchers.clone();
        route.goes_on = config.goes_on;
        route.children = Vec::new();
        let index = RouteIndex(self.routes.len());
        self.routes.push(route);
        for child in &config.routes {
            let child = self.add(child, Some(index));
            self.routes[index.0].children.push(child);
        }
        index
    }

    pub(crate) fn route(&self, index: RouteIndex) -> &Route {
        &self.routes[index.0]
    }

    /// All routes, the root first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Route> {
        self.routes.iter()
    }

    /// The routes that take an alert: depth first in file order; a node takes what none of its
    /// children takes, and a matching child ends the search among its siblings unless it goes on.
    pub(crate) fn matching(&self, labels: &Labels) -> Vec<RouteIndex> {
        let mut found = Vec::new();
        self.collect(RouteIndex(0), labels, &mut found);
        found
    }

    fn collect(&self, index: RouteIndex, labels: &Labels, found: &mut Vec<RouteIndex>) -> bool {
        let route = self.route(index);
        if !all_match(&route.matchers, labels) {
            return false;
        }
        let before = found.len();
        for child in &route.children {
            if self.collect(*child, labels, found) && !self.route(*child).goes_on {
                break;
            }
        }
        if found.len() == before {
            found.push(index);
        }
        true
    }

    /// Repeat intervals that do not do what they seem to.
    pub(crate) fn interval_warnings(&self) -> Vec<String> {
        let late = |route: &&Route| route.repeat_interval_ms < route.group_interval_ms;
        let text = |route: &Route| {
            format!(
                "repeat_interval is shorter than group_interval in route {}, so notifications repeat every group_interval",
                route.key
            )
        };
        self.iter().filter(late).map(text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse_config;

    const TREE: &str = r#"
route:
  receiver: default
  group_by: [alertname, cluster]
  group_interval: 1m
  repeat_interval: 1h
  routes:
    - matchers: ['owner=~"team-[AB]"']
      receiver: ab
      group_by: [env]
      routes:
        - {matchers: [env="testing"], receiver: ab-test, group_by: []}
        - {matchers: [env="production"], receiver: ab-prod, group_wait: 2m, continue: true}
        - {matchers: [env=~"produ.*"], receiver: ab-prod-2, group_by: ['...']}
        - {matchers: ['{env=~"produ.*", job=~".*"}']}
    - match: {owner: team-C}
      match_re: {env: prod|test}
      receiver: c
receivers: [{name: default}, {name: ab}, {name: ab-test}, {name: ab-prod}, {name: ab-prod-2}, {name: c}]
"#;

    fn tree() -> RouteTree {
        RouteTree::new(&parse_config(TREE, "t.yml").unwrap().route)
    }

    #[test]
    fn finds_routes() {
        let cases = [
            ("", "default"),
            ("owner=team-A", "ab"),
            ("owner=team-AB", "default"),
            ("owner=team-B,env=testing", "ab-test"),
            ("owner=team-B,env=production", "ab-prod,ab-prod-2"),
            ("owner=team-C", "default"),
            ("owner=team-C,env=test", "c"),
        ];
        let tree = tree();
        for (labels, expected) in cases {
            let pairs = labels.split(',').filter_map(|pair| pair.split_once('='));
            let found = tree.matching(&Labels::from_pairs(pairs));
            let receivers: Vec<&str> = found.iter().map(|i| &*tree.route(*i).receiver).collect();
            assert_eq!(receivers.join(","), expected, "{labels}");
        }
    }

    #[test]
    fn inherits_settings_and_names_levels() {
        let tree = tree();
        let labels = Labels::from_pairs([("owner", "team-A"), ("env", "production"), ("alertname", "x")]);
        let found = tree.matching(&labels);
        let first = tree.route(found[0]);
        assert_eq!(&*first.key, r#"{}/{owner=~"team-[AB]"}/{env="production"}"#);
        assert_eq!(
            (
                first.group_wait_ms,
                first.group_interval_ms,
                first.repeat_interval_ms
            ),
            (120_000, 60_000, 3_600_000)
        );
        assert_eq!(first.group_labels(&labels).to_string(), r#"{env="production"}"#);
        assert_eq!(tree.route(found[1]).group_labels(&labels), labels);
        let testing = tree.matching(&labels.with("env", "testing"));
        assert!(tree.route(testing[0]).group_labels(&labels).is_empty());
        let c = tree.matching(&Labels::from_pairs([("owner", "team-C"), ("env", "prod")]));
        assert_eq!(
            &*tree.route(c[0]).key,
            r#"{}/{env=~"^(?:prod|test)$",owner="team-C"}"#
        );
        assert_eq!(
            tree.route(c[0]).group_labels(&labels).to_string(),
            r#"{alertname="x"}"#
        );
    }
}
