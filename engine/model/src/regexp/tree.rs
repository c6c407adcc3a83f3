//! The tree of an expression: how deep and large it is by Go's measure, and how Rust's engine writes it.

use std::fmt::Write;

/// Go's limit for the depth of a tree.
pub(super) const HEIGHT_MAX: usize = 1000;

/// Go's limit for the instructions of a program: 128 MiB at 40 bytes each.
pub(super) const SIZE_MAX: u64 = (128 << 20) / 40;

/// One part of an expression.
#[derive(Debug)]
pub(super) struct Node {
    kind: Kind,
    /// Longest way down to a leaf, itself included.
    pub(super) height: usize,
    /// Instructions that Go would need.
    pub(super) size: u64,
}

#[derive(Debug)]
enum Kind {
    Empty,
    Literal {
        text: String,
        fold: bool,
    },
    /// A class or an assertion in the engine's syntax: one atom.
    Atom(String),
    Capture(Box<Node>),
    Repeat {
        sub: Box<Node>,
        repeat: Repeat,
    },
    Concat(Vec<Node>),
    Alternate(Vec<Node>),
}

/// How often something comes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Repeat {
    pub(super) min: u32,
    /// `None` without a bound.
    pub(super) max: Option<u32>,
    /// Written with braces: only these count against the limit of 1,000.
    pub(super) counted: bool,
    pub(super) greedy: bool,
}

impl Node {
    pub(super) fn empty() -> Self {
        Self::leaf(Kind::Empty, 1)
    }

    pub(super) fn literal(c: char, fold: bool) -> Self {
        let text = c.to_string();
        Self::leaf(Kind::Literal { text, fold }, 1)
    }

    pub(super) fn atom(text: impl Into<String>) -> Self {
        Self::leaf(Kind::Atom(text.into()), 1)
    }

    fn leaf(kind: Kind, size: u64) -> Self {
        Self {
            kind,
            height: 1,
            size,
        }
    }

    pub(super) fn capture(sub: Self) -> Self {
        Self {
            height: sub.height + 1,
            size: sub.size + 2,
            kind: Kind::Capture(Box::new(sub)),
        }
    }

    pub(super) fn repeated(sub: Self, repeat: Repeat) -> Self {
        let (min, inner) = (u64::from(repeat.min), sub.size);
        let size = match (repeat.counted, repeat.max) {
            (false, None) if repeat.min == 0 => 2 + inner,
            (false, _) => 1 + inner,
            (true, None) if repeat.min == 0 => 2 + inner,
            (true, None) => 1 + min * inner,
            (true, Some(max)) => u64::from(max) * inner + u64::from(max) - min,
        };
        Self {
            height: sub.height + 1,
            size: size.max(1),
            kind: Kind::Repeat {
                sub: Box::new(sub),
                repeat,
            },
        }
    }

    /// `items` one after the other.
    pub(super) fn concat(mut items: Vec<Self>) -> Self {
        join_literals(&mut items);
        match items.len() {
            0 => Self::empty(),
            1 => items.remove(0),
            _ => {
                let items = hoisted(items, |kind| match kind {
                    Kind::Concat(items) => Ok(items),
                    other => Err(other),
                });
                Self::of_several(items, 0, Kind::Concat)
            }
        }
    }

    /// One of `branches`.
    pub(super) fn alternate(mut branches: Vec<Self>) -> Self {
        if branches.len() == 1 {
            return branches.remove(0);
        }
        let branches = hoisted(branches, |kind| match kind {
            Kind::Alternate(branches) => Ok(branches),
            other => Err(other),
        });
        let jumps = branches.len() as u64 - 1;
        Self::of_several(branches, jumps, Kind::Alternate)
    }

    fn of_several(nodes: Vec<Self>, more: u64, kind: impl FnOnce(Vec<Self>) -> Kind) -> Self {
        let height = nodes.iter().map(|node| node.height).max().unwrap_or(0) + 1;
        let size = nodes.iter().map(|node| node.size).sum::<u64>() + more;
        Self {
            height,
            size: size.max(1),
            kind: kind(nodes),
        }
    }

    /// Whether counts in each other multiply to at most `n`.
    pub(super) fn counts_fit(&self, n: u32) -> bool {
        match &self.kind {
            Kind::Empty | Kind::Literal { .. } | Kind::Atom(_) => true,
            Kind::Capture(sub) => sub.counts_fit(n),
            Kind::Repeat { sub, repeat } if repeat.counted => match repeat.max.unwrap_or(repeat.min) {
                0 if repeat.max == Some(0) => true,
                0 => sub.counts_fit(n),
                m => m <= n && sub.counts_fit(n / m),
            },
            Kind::Repeat { sub, .. } => sub.counts_fit(n),
            Kind::Concat(nodes) | Kind::Alternate(nodes) => nodes.iter().all(|node| node.counts_fit(n)),
        }
    }

    /// Writes it in the syntax of Rust's engine, each flag in place, so that nothing depends on what is around.
    pub(super) fn write(&self, out: &mut String) {
        match &self.kind {
            Kind::Empty => out.push_str("(?:)"),
            Kind::Literal { text, fold } => {
                let fold = *fold && text.chars().any(|c| c.is_ascii_alphabetic() || !c.is_ascii());
                out.push_str(if fold { "(?i:" } else { "" });
                out.push_str(&regex::escape(text));
                out.push_str(if fold { ")" } else { "" });
            }
            Kind::Atom(text) => out.push_str(text),
            Kind::Capture(sub) => {
                out.push('(');
                sub.write(out);
                out.push(')');
            }
            Kind::Repeat { sub, repeat } => {
                sub.write_atom(out);
                repeat.write(out);
            }
            Kind::Concat(nodes) => {
                for node in nodes {
                    match node.kind {
                        Kind::Alternate(_) => node.write_atom(out),
                        _ => node.write(out),
                    }
                }
            }
            Kind::Alternate(branches) => {
                for (i, branch) in branches.iter().enumerate() {
                    out.push_str(if i == 0 { "" } else { "|" });
                    branch.write(out);
                }
            }
        }
    }

    /// Writes it so that an operator behind takes all of it.
    fn write_atom(&self, out: &mut String) {
        out.push_str("(?:");
        self.write(out);
        out.push(')');
    }
}

impl Repeat {
    fn write(self, out: &mut String) {
        let written = match (self.min, self.max) {
            (0, None) => out.write_str("*"),
            (1, None) => out.write_str("+"),
            (0, Some(1)) => out.write_str("?"),
            (min, None) => write!(out, "{{{min},}}"),
            (min, Some(max)) => write!(out, "{{{min},{max}}}"),
        };
        written.expect("a String takes everything");
        if !self.greedy {
            out.push('?');
        }
    }
}

/// Joins the last two items if both are plain text that is compared in the same way, as Go does before each new
/// item: by then no operator can take the last character away.
pub(super) fn join_literals(items: &mut Vec<Node>) {
    let [.., before, last] = items.as_mut_slice() else {
        return;
    };
    if let (Kind::Literal { text, fold }, Kind::Literal { text: more, fold: f }) =
        (&mut before.kind, &last.kind)
        && fold == f
    {
        text.push_str(more);
        before.size += last.size;
        items.pop();
    }
}

/// Nodes with those of the same kind among them replaced by what they hold.
fn hoisted(nodes: Vec<Node>, open: impl Fn(Kind) -> Result<Vec<Node>, Kind>) -> Vec<Node> {
    let mut out = Vec::with_capacity(nodes.len());
    for Node { kind, height, size } in nodes {
        match open(kind) {
            Ok(inner) => out.extend(inner),
            Err(kind) => out.push(Node { kind, height, size }),
        }
    }
    out
}
