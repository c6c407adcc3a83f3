//! Parser events become a tree; depth, alias expansion and repeated keys are judged here.

use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};

use super::merge;
use super::node::{Key, Node, Position, Scalar, Value};
use crate::diagnostics::{Diagnostics, Error};

/// Nesting bound, aliases followed: real files stay below 15, and decoders recurse on the stack.
const DEPTH_MAX: usize = 64;
/// Nodes with every alias written out: 20 times a configuration of 50,000 targets, yet small
/// enough that "billion laughs" ends here.
const EXPANDED_NODES_MAX: u64 = 4_000_000;

/// A finished node with what it weighs once aliases are written out.
#[derive(Clone)]
pub(super) struct Weighed {
    pub(super) node: Arc<Node>,
    pub(super) nodes: u64,
    pub(super) depth: usize,
}

/// A collection whose end has not come yet.
struct Open {
    anchor: usize,
    position: Position,
    children: Vec<Weighed>,
    is_mapping: bool,
}

pub(super) struct Loader<'a> {
    file: &'a Arc<str>,
    open: Vec<Open>,
    anchors: HashMap<usize, Weighed>,
    root: Option<Weighed>,
}

/// The tree of the first document; a second one with content is refused, as it would be ignored.
pub(super) fn load(file: &Arc<str>, text: &str) -> Result<Arc<Node>, Diagnostics> {
    let mut loader = Loader {
        file,
        open: Vec::new(),
        anchors: HashMap::new(),
        root: None,
    };
    let mut first: Option<Arc<Node>> = None;
    for event in Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text)) {
        let (event, span) = event.map_err(|e| loader.error(position(e.marker()), syntax(e.info())))?;
        let position = position(&span.start);
        if matches!(event, Event::DocumentEnd) {
            let root = loader
                .root
                .take()
                .map_or_else(|| Arc::new(Node::null()), |weighed| weighed.node);
            loader.anchors.clear();
            match &first {
                None => first = Some(root),
                Some(_) if root.is_null() => {}
                Some(_) => {
                    let message = "a second YAML document starts here; keep one document in a file";
                    return Err(loader.error(root.position, message.to_owned()).into());
                }
            }
            continue;
        }
        loader.event(event, position)?;
    }
    Ok(first.unwrap_or_else(|| Arc::new(Node::null())))
}

fn position(marker: &Marker) -> Position {
    Position {
        line: marker.line(),
        column: marker.col() + 1,
    }
}

/// The parser's words, with what usually helps.
fn syntax(info: &str) -> String {
    format!("not valid YAML: {info}; check indentation, quotes and colons here and on the line before")
}

impl Loader<'_> {
    pub(super) fn error(&self, position: Position, message: String) -> Error {
        Error {
            file: Arc::clone(self.file),
            line: position.line,
            column: position.column,
            path: String::new(),
            message,
        }
    }

    fn event(&mut self, event: Event<'_>, position: Position) -> Result<(), Error> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let quoted = style != ScalarStyle::Plain || self.is_string_tag(tag.as_deref(), position)?;
                let scalar = Scalar {
                    text: text.into_owned(),
                    quoted,
                };
                let node = Arc::new(Node {
                    value: Value::Scalar(scalar),
                    position,
                });
                self.add(
                    Weighed {
                        node,
                        nodes: 1,
                        depth: 1,
                    },
                    anchor,
                )
            }
            Event::SequenceStart(anchor, _) => self.begin(anchor, position, false),
            Event::MappingStart(anchor, _) => self.begin(anchor, position, true),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => {
                let Some(target) = self.anchors.get(&anchor).cloned() else {
                    let message = "this alias names a value that contains it; write the value out";
                    return Err(self.error(position, message.to_owned()));
                };
                self.add(target, 0)
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    /// Whether a tag makes a plain scalar a string. Core tags agree with what decoders expect anyway.
    fn is_string_tag(&self, tag: Option<&Tag>, position: Position) -> Result<bool, Error> {
        match tag {
            None => Ok(false),
            Some(tag) if tag.is_yaml_core_schema() => Ok(tag.suffix == "str"),
            Some(tag) if tag.handle == "!" && tag.suffix.is_empty() => Ok(true),
            Some(tag) => Err(self.error(position, format!("the YAML tag {tag} is not known; remove it"))),
        }
    }

    fn begin(&mut self, anchor: usize, position: Position, is_mapping: bool) -> Result<(), Error> {
        if self.open.len() >= DEPTH_MAX {
            return Err(self.too_deep(position));
        }
        self.open.push(Open {
            anchor,
            position,
            children: Vec::new(),
            is_mapping,
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Error> {
        let open = self.open.pop().expect("the parser pairs starts and ends");
        let nodes = open
            .children
            .iter()
            .map(|child| child.nodes)
            .fold(1, u64::saturating_add);
        let depth = 1 + open.children.iter().map(|child| child.depth).max().unwrap_or(0);
        let value = if open.is_mapping {
            self.mapping(open.children)?
        } else {
            Value::List(open.children.into_iter().map(|child| child.node).collect())
        };
        let node = Arc::new(Node {
            value,
            position: open.position,
        });
        self.add(Weighed { node, nodes, depth }, open.anchor)
    }

    fn mapping(&self, children: Vec<Weighed>) -> Result<Value, Error> {
        let mut entries: Vec<(Key, Arc<Node>)> = Vec::with_capacity(children.len() / 2);
        let mut lines: HashMap<String, usize> = HashMap::with_capacity(children.len() / 2);
        let mut merges: Vec<Arc<Node>> = Vec::new();
        let mut children = children.into_iter();
        while let (Some(key), Some(value)) = (children.next(), children.next()) {
            let position = key.node.position;
            let Value::Scalar(scalar) = &key.node.value else {
                let message = format!("a key must be a word, not {}; quote it", key.node.describe());
                return Err(self.error(position, message));
            };
            if scalar.text == "<<" && !scalar.quoted {
                merges.push(value.node);
                continue;
            }
            if let Some(line) = lines.insert(scalar.text.clone(), position.line) {
                let message = format!(
                    "the key {:?} is already set on line {line}; remove one of the two",
                    scalar.text
                );
                return Err(self.error(position, message));
            }
            entries.push((
                Key {
                    text: scalar.text.clone(),
                    position,
                },
                value.node,
            ));
        }
        for source in &merges {
            merge::merge(self, &mut entries, source)?;
        }
        Ok(Value::Mapping(entries))
    }

    fn add(&mut self, weighed: Weighed, anchor: usize) -> Result<(), Error> {
        let position = weighed.node.position;
        if weighed.nodes > EXPANDED_NODES_MAX {
            let message =
                format!("aliases expand to more than {EXPANDED_NODES_MAX} values; write fewer aliases");
            return Err(self.error(position, message));
        }
        if self.open.len() + weighed.depth > DEPTH_MAX {
            return Err(self.too_deep(position));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, weighed.clone());
        }
        match self.open.last_mut() {
            Some(open) => open.children.push(weighed),
            None => self.root = Some(weighed),
        }
        Ok(())
    }

    fn too_deep(&self, position: Position) -> Error {
        self.error(
            position,
            format!("nested deeper than {DEPTH_MAX} levels; flatten the file"),
        )
    }
}
