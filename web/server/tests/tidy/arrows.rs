//! Who may use whom: arrows between our crates point inward, and the engine never learns of DataFusion.

use std::collections::BTreeSet;

use crate::workspace::{members, permitted_arrows, resolved};

#[test]
fn arrows_are_permitted_and_permissions_are_used() {
    let mut permitted = permitted_arrows();
    let mut complaints = Vec::new();
    for member in members() {
        let Some(allowed) = permitted.remove(&member.name) else {
            complaints.push(format!(
                "{} is missing: give it a line, even an empty one",
                member.name
            ));
            continue;
        };
        let complain = |to: &String, word: &str| format!("{} → {to} {word}", member.name);
        complaints.extend(
            member
                .uses
                .difference(&allowed)
                .map(|to| complain(to, "is not permitted")),
        );
        complaints.extend(
            allowed
                .difference(&member.uses)
                .map(|to| complain(to, "is permitted but not used")),
        );
    }
    complaints.extend(permitted.keys().map(|name| format!("{name} is not a crate")));
    assert!(
        complaints.is_empty(),
        "[workspace.metadata.arrows]:\n  {}",
        complaints.join("\n  ")
    );
}

/// The table may be edited; this may not: areas see only the areas further in.
#[test]
fn areas_point_inward() {
    let mut complaints = Vec::new();
    for (from, allowed) in permitted_arrows() {
        for to in allowed {
            let inner: &[&str] = match area(&from) {
                "engine" => &["engine"],
                "connectors" => &["connectors", "engine"],
                "queries" => &["queries", "engine"],
                "alert-router" => &["engine"],
                "web" => &["web", "connectors", "queries", "alert-router", "engine"],
                "benchmarks" => &["web", "connectors", "queries", "alert-router", "engine"],
                other => panic!("unknown area {other}"),
            };
            if !inner.contains(&area(&to)) {
                complaints.push(format!("{from} → {to}"));
            }
        }
    }
    assert!(
        complaints.is_empty(),
        "arrows that point outward: {}",
        complaints.join(", ")
    );
}

/// Building the engine, a connector or the router must not build a query engine, tests included.
#[test]
fn datafusion_stays_in_the_queries() {
    let packages = resolved();
    let (mut complaints, mut seen) = (Vec::new(), 0);
    for (index, package) in packages.iter().enumerate() {
        if !["engine", "connectors", "alert-router"].contains(&area(&package.name)) || !is_ours(&package.name)
        {
            continue;
        }
        seen += 1;
        let (mut reached, mut open) = (BTreeSet::from([index]), vec![index]);
        while let Some(next) = open.pop() {
            open.extend(packages[next].uses.iter().filter(|&&to| reached.insert(to)));
        }
        let fusion = reached
            .iter()
            .map(|&to| &packages[to].name)
            .find(|name| name.starts_with("datafusion"));
        complaints.extend(fusion.map(|fusion| format!("{} reaches {fusion}", package.name)));
    }
    assert!(seen >= 8, "only {seen} of our inner crates were found");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn is_ours(name: &str) -> bool {
    permitted_arrows().contains_key(name)
}

/// The area that a crate's name begins with; the router and the benchmarks are one crate each.
fn area(name: &str) -> &str {
    match name {
        "alert-router" | "benchmarks" => name,
        _ => name.split('-').next().unwrap_or(name),
    }
}
