//! No node without an encoding: the list is compared with the sources, and with what plans are made of.

use std::collections::BTreeSet;
use std::path::Path;

use crate::codec::coded::encode_node;
use crate::codec::message::Kind;
use crate::codec::{NODES, Surroundings, decode};
use crate::division::task::Task;
use crate::plan::Plan;
use queries_tables::PlanNode;

/// Types that implement `Operation` in the Rust files of `folder`, and of those below it if it is looked through
/// `deep`.
fn operations(folder: &Path, deep: bool, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && deep {
            operations(&path, deep, found);
            continue;
        }
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let types = text
            .lines()
            .filter_map(|line| line.strip_prefix("impl Operation for "));
        found.extend(types.map(|rest| rest.trim_end_matches(" {").to_owned()));
    }
}

#[test]
fn every_operation_has_an_encoding() {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::new();
    operations(&crate_folder.join("src"), true, &mut found);
    // The nodes of SQL's tables, which are in folders there, are not PromQL's.
    operations(&crate_folder.join("../tables/src"), false, &mut found);
    let listed: BTreeSet<String> = NODES.iter().map(|&name| name.to_owned()).collect();
    assert_eq!(found, listed, "a node without a codec, or a codec without a node");
}

/// The types of the nodes of `plan` and of the plans of its tasks.
pub(super) fn nodes_of(plan: &Plan, around: &Surroundings, met: &mut BTreeSet<String>) {
    let kind = encode_node(plan.as_ref()).unwrap();
    if !matches!(kind, Kind::Nothing(_)) {
        // The message's variant is called as the type is.
        let shown = format!("{kind:?}");
        met.insert(shown.split('(').next().unwrap_or_default().to_owned());
    }
    if let Some(task) = plan.downcast_ref::<PlanNode<Task>>() {
        let own = decode(&task.operation().plan, around).unwrap();
        nodes_of(&own, around, met);
    }
    for input in plan.children() {
        nodes_of(input, around, met);
    }
}
