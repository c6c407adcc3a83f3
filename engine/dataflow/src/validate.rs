//! What makes a plan a graph that can run. Every problem is reported at once, naming its nodes.

use std::collections::{HashMap, HashSet};
use std::fmt;

use thiserror::Error;

use crate::plan::{NodeId, NodeKind, Plan, PlanEdge};

/// All that is wrong with a plan.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct InvalidPlan {
    /// At least one problem.
    pub problems: Vec<PlanProblem>,
}

impl fmt::Display for InvalidPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid graph: ")?;
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

/// One thing that is wrong with a plan.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the text of each variant says what its fields are")]
pub enum PlanProblem {
    #[error("a node has an empty name")]
    EmptyName,
    #[error("node {0} is declared twice")]
    DuplicateNode(NodeId),
    #[error("edge {from} -> {to}: there is no node {missing}")]
    UnknownNode {
        from: NodeId,
        to: NodeId,
        missing: NodeId,
    },
    #[error("edge {from} -> {to} is declared twice")]
    DuplicateEdge { from: NodeId, to: NodeId },
    #[error("edge {from} -> {to} has capacity 0, it must hold at least 1 batch")]
    NoCapacity { from: NodeId, to: NodeId },
    #[error("edge {from} -> {to} gives no reason for its capacity")]
    NoReason { from: NodeId, to: NodeId },
    #[error("edge {from} -> {to}: {to} is a source and takes no input")]
    IntoSource { from: NodeId, to: NodeId },
    #[error("edge {from} -> {to}: {from} is a sink and has no output")]
    OutOfSink { from: NodeId, to: NodeId },
    #[error("edge {from} -> {to}: a tap carries no batches of the graph, declare the edge as observed")]
    ThroughTap { from: NodeId, to: NodeId },
    #[error("{node} sends to {}: a node has one output, further readers follow commits as taps", list(.to))]
    SeveralOutputs { node: NodeId, to: Vec<NodeId> },
    #[error("{0} leads nowhere: it needs an edge to an operator or a sink")]
    LeadsNowhere(NodeId),
    #[error("{0} is not reached by any source")]
    Unreachable(NodeId),
    #[error("edges form a cycle: {}", cycle(.0))]
    Cycle(Vec<NodeId>),
}

fn list(nodes: &[NodeId]) -> String {
    let names: Vec<&str> = nodes.iter().map(NodeId::as_str).collect();
    names.join(" and ")
}

fn cycle(nodes: &[NodeId]) -> String {
    let mut names: Vec<&str> = nodes.iter().map(NodeId::as_str).collect();
    names.extend(nodes.first().map(NodeId::as_str));
    names.join(" -> ")
}

/// Checks names, edges, kinds and shape.
///
/// # Errors
/// All problems of the plan.
pub fn validate(plan: &Plan) -> Result<(), InvalidPlan> {
    let mut problems = Vec::new();
    let kinds = check_nodes(plan, &mut problems);
    check_edges(plan, &kinds, &mut problems);
    check_outputs(plan, &mut problems);
    check_cycles(plan, &mut problems);
    check_reached(plan, &kinds, &mut problems);
    if problems.is_empty() {
        Ok(())
    } else {
        Err(InvalidPlan { problems })
    }
}

fn check_nodes<'a>(plan: &'a Plan, problems: &mut Vec<PlanProblem>) -> HashMap<&'a NodeId, NodeKind> {
    let mut kinds = HashMap::new();
    for node in &plan.nodes {
        if node.id.as_str().is_empty() {
            problems.push(PlanProblem::EmptyName);
        }
        if kinds.insert(&node.id, node.kind).is_some() {
            problems.push(PlanProblem::DuplicateNode(node.id.clone()));
        }
    }
    kinds
}

fn check_edges(plan: &Plan, kinds: &HashMap<&NodeId, NodeKind>, problems: &mut Vec<PlanProblem>) {
    let mut seen = HashSet::new();
    for edge in &plan.edges {
        for missing in [&edge.from, &edge.to] {
            if !kinds.contains_key(missing) {
                problems.push(PlanProblem::UnknownNode {
                    from: edge.from.clone(),
                    to: edge.to.clone(),
                    missing: missing.clone(),
                });
            }
        }
        let from_kind = kinds.get(&edge.from).copied();
        let to_kind = kinds.get(&edge.to).copied();
        problems.extend(check_edge(
            edge,
            from_kind,
            to_kind,
            !seen.insert((&edge.from, &edge.to)),
        ));
    }
}

/// What is wrong with one edge whose ends have these kinds (`None`: no such node).
pub(crate) fn check_edge(
    edge: &PlanEdge,
    from_kind: Option<NodeKind>,
    to_kind: Option<NodeKind>,
    duplicate: bool,
) -> Vec<PlanProblem> {
    let (from, to) = (edge.from.clone(), edge.to.clone());
    let tap = [from_kind, to_kind].contains(&Some(NodeKind::Tap));
    let mut problems = Vec::new();
    if duplicate {
        problems.push(PlanProblem::DuplicateEdge {
            from: from.clone(),
            to: to.clone(),
        });
    }
    if edge.capacity == 0 {
        problems.push(PlanProblem::NoCapacity {
            from: from.clone(),
            to: to.clone(),
        });
    }
    if edge.reason.is_empty() {
        problems.push(PlanProblem::NoReason {
            from: from.clone(),
            to: to.clone(),
        });
    }
    if edge.observed {
        return problems;
    }
    if tap {
        problems.push(PlanProblem::ThroughTap { from, to });
    } else if to_kind == Some(NodeKind::Source) {
        problems.push(PlanProblem::IntoSource { from, to });
    } else if from_kind == Some(NodeKind::Sink) {
        problems.push(PlanProblem::OutOfSink { from, to });
    }
    problems
}

/// A source and an operator have exactly one edge out: a delivery has one way to its acknowledgement.
fn check_outputs(plan: &Plan, problems: &mut Vec<PlanProblem>) {
    for node in &plan.nodes {
        if !matches!(node.kind, NodeKind::Source | NodeKind::Operator) {
            continue;
        }
        let outputs = plan
            .edges
            .iter()
            .filter(|edge| !edge.observed && edge.from == node.id);
        let to: Vec<NodeId> = outputs.map(|edge| edge.to.clone()).collect();
        match to.len() {
            0 => problems.push(PlanProblem::LeadsNowhere(node.id.clone())),
            1 => {}
            _ => problems.push(PlanProblem::SeveralOutputs {
                node: node.id.clone(),
                to,
            }),
        }
    }
}

/// Follows each node's first output; a node met again closes a cycle, reported once.
fn check_cycles(plan: &Plan, problems: &mut Vec<PlanProblem>) {
    let mut done: HashSet<&NodeId> = HashSet::new();
    for start in &plan.nodes {
        let mut path: Vec<&NodeId> = Vec::new();
        let mut node = &start.id;
        loop {
            if let Some(at) = path.iter().position(|seen| *seen == node) {
                problems.push(PlanProblem::Cycle(path[at..].iter().copied().cloned().collect()));
                break;
            }
            if done.contains(node) {
                break;
            }
            path.push(node);
            match plan.output_of(node.as_str()) {
                Some(edge) => node = &edge.to,
                None => break,
            }
        }
        done.extend(path);
    }
}

fn check_reached(plan: &Plan, kinds: &HashMap<&NodeId, NodeKind>, problems: &mut Vec<PlanProblem>) {
    let sources = plan.nodes.iter().filter(|node| node.kind == NodeKind::Source);
    let mut reached: HashSet<&NodeId> = HashSet::new();
    let mut open: Vec<&NodeId> = sources.map(|node| &node.id).collect();
    while let Some(node) = open.pop() {
        if reached.insert(node) {
            let outputs = plan
                .edges
                .iter()
                .filter(|edge| !edge.observed && &edge.from == node);
            open.extend(outputs.map(|edge| &edge.to).filter(|to| kinds.contains_key(to)));
        }
    }
    for node in &plan.nodes {
        let fed = matches!(node.kind, NodeKind::Operator | NodeKind::Sink);
        if fed && !reached.contains(&node.id) {
            problems.push(PlanProblem::Unreachable(node.id.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::PlanNode;

    /// Reads `source a` and `a -> b`, `a => b` (observed), `a -0> b` (capacity 0), one a line.
    fn plan(text: &str) -> Plan {
        let mut plan = Plan::default();
        for line in text.split(',').map(str::trim).filter(|line| !line.is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            if words.len() == 2 {
                let kind = match words[0] {
                    "source" => NodeKind::Source,
                    "operator" => NodeKind::Operator,
                    "sink" => NodeKind::Sink,
                    _ => NodeKind::Tap,
                };
                let id = words[1].into();
                plan.nodes.push(PlanNode { id, kind });
            } else {
                plan.edges.push(PlanEdge {
                    from: words[0].into(),
                    to: words[2].into(),
                    capacity: usize::from(words[1] != "-0>"),
                    reason: String::from("test"),
                    observed: words[1] == "=>",
                });
            }
        }
        plan
    }

    #[test]
    fn plans() {
        let base = "source a, sink z, a -> z";
        let table = [
            (base, ""),
            (
                "source a, source b, operator o, sink z, a -> o, b -> o, o -> z",
                "",
            ),
            ("source a, sink z, tap t, a -> z, z => a, z => t", ""),
            ("source a, source a, sink z, a -> z", "node a is declared twice"),
            (
                "source a, sink z, a -> z, a => x",
                "edge a -> x: there is no node x",
            ),
            (
                "source a, sink z, a -> z, a => z",
                "edge a -> z is declared twice",
            ),
            (
                "source a, sink z, a -0> z",
                "edge a -> z has capacity 0, it must hold at least 1 batch",
            ),
            (
                "source a, source b, sink z, a -> z, b -> a",
                "edge b -> a: a is a source and takes no input",
            ),
            (
                "source a, sink z, operator o, a -> z, z -> o, o -> z",
                "edge z -> o: z is a sink and has no output; edges form a cycle: z -> o -> z",
            ),
            (
                "source a, sink y, sink z, a -> y, a -> z",
                "a sends to y and z: a node has one output, further readers follow commits as taps",
            ),
            (
                "source a, source b, sink z, a -> z",
                "b leads nowhere: it needs an edge to an operator or a sink",
            ),
            (
                "source a, sink y, sink z, a -> z",
                "y is not reached by any source",
            ),
            (
                "source a, sink z, a -> z, operator o, operator p, o -> p, p -> o",
                "edges form a cycle: o -> p -> o; o is not reached by any source; p is not reached by any source",
            ),
            (
                "source a, sink z, a -> z, operator o, o -> o",
                "edges form a cycle: o -> o; o is not reached by any source",
            ),
            (
                "source a, tap t, a -> t",
                "edge a -> t: a tap carries no batches of the graph, declare the edge as observed",
            ),
        ];
        for (text, want) in table {
            let got = match validate(&plan(text)) {
                Ok(()) => String::new(),
                Err(error) => error.to_string().replace("invalid graph: ", ""),
            };
            assert_eq!(got, want, "{text}");
        }
    }
}
