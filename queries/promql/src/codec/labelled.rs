//! Messages of what is about labels and order: changes of labels, uniqueness, sorting, info series.

use std::sync::Arc;

use engine_model::matcher::Pattern;

use super::Surroundings;
use super::coded::Coded;
use super::parts::{MatcherMessage, matchers, of_matchers};
use super::shape::{Shape, steps, vectors};
use crate::functions::label::LabelChange;
use crate::nodes::info::Info;
use crate::nodes::labels_map::{LabelsKind, LabelsMap};
use crate::nodes::sort::{Sort, SortKey};
use crate::nodes::unique::{Duplicates, Unique};

/// A change of labels.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct LabelsMapMessage {
    #[prost(uint64, tag = "1")]
    steps: u64,
    #[prost(oneof = "LabelsOf", tags = "2, 3, 4")]
    of: Option<LabelsOf>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum LabelsOf {
    #[prost(message, tag = "2")]
    Replace(ReplaceMessage),
    #[prost(message, tag = "3")]
    Join(JoinMessage),
    /// Whether all labels go; otherwise the names that were marked do.
    #[prost(bool, tag = "4")]
    Clear(bool),
}

#[derive(Clone, PartialEq, prost::Message)]
struct ReplaceMessage {
    #[prost(string, tag = "1")]
    target: String,
    #[prost(string, tag = "2")]
    replacement: String,
    #[prost(string, tag = "3")]
    source: String,
    #[prost(string, tag = "4")]
    regex: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct JoinMessage {
    #[prost(string, tag = "1")]
    target: String,
    #[prost(string, tag = "2")]
    separator: String,
    #[prost(string, repeated, tag = "3")]
    sources: Vec<String>,
}

impl Coded for LabelsMap {
    type Message = LabelsMapMessage;

    fn encode(&self) -> LabelsMapMessage {
        let of = match &self.kind {
            LabelsKind::Change(LabelChange::Replace {
                target,
                replacement,
                source,
                regex,
            }) => LabelsOf::Replace(ReplaceMessage {
                target: target.clone(),
                replacement: replacement.clone(),
                source: source.clone(),
                regex: regex.as_str().to_owned(),
            }),
            LabelsKind::Change(LabelChange::Join {
                target,
                separator,
                sources,
            }) => LabelsOf::Join(JoinMessage {
                target: target.clone(),
                separator: separator.clone(),
                sources: sources.clone(),
            }),
            LabelsKind::DropMarkedNames => LabelsOf::Clear(false),
            LabelsKind::Clear => LabelsOf::Clear(true),
        };
        LabelsMapMessage {
            steps: self.steps as u64,
            of: Some(of),
        }
    }

    fn decode(message: LabelsMapMessage, around: &Surroundings) -> Result<Self, String> {
        let kind = match message.of.ok_or("it is no change of labels that is known")? {
            LabelsOf::Replace(replace) => LabelsKind::Change(LabelChange::Replace {
                target: replace.target,
                replacement: replace.replacement,
                source: replace.source,
                regex: Pattern::of_rule(&replace.regex).map_err(|error| error.to_string())?,
            }),
            LabelsOf::Join(join) => LabelsKind::Change(LabelChange::Join {
                target: join.target,
                separator: join.separator,
                sources: join.sources,
            }),
            LabelsOf::Clear(false) => LabelsKind::DropMarkedNames,
            LabelsOf::Clear(true) => LabelsKind::Clear,
        };
        Ok(Self {
            kind,
            steps: steps(message.steps)?,
            budget: Arc::clone(&around.budget),
        })
    }

    fn inputs(&self, count: usize) -> Result<Vec<Shape>, String> {
        vectors(count, 1..=1, self.steps)
    }
}

/// Uniqueness of labels.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct UniqueMessage {
    #[prost(uint64, tag = "1")]
    steps: u64,
    /// One of the words below.
    #[prost(string, tag = "2")]
    duplicates: String,
}

const MERGE: &str = "merge";
const REFUSE: &str = "refuse";
const UNEXPECTED: &str = "unexpected";

impl Coded for Unique {
    type Message = UniqueMessage;

    fn encode(&self) -> UniqueMessage {
        let duplicates = match self.duplicates {
            Duplicates::Merge => MERGE,
            Duplicates::Refuse => REFUSE,
            Duplicates::Unexpected(_) => UNEXPECTED,
        };
        UniqueMessage {
            steps: self.steps as u64,
            duplicates: duplicates.to_owned(),
        }
    }

    fn decode(message: UniqueMessage, around: &Surroundings) -> Result<Self, String> {
        let duplicates = match message.duplicates.as_str() {
            MERGE => Duplicates::Merge,
            REFUSE => Duplicates::Refuse,
            UNEXPECTED => Duplicates::Unexpected(Arc::clone(&around.collision)),
            other => return Err(format!("{other:?} is nothing to do about duplicates")),
        };
        Ok(Self {
            steps: steps(message.steps)?,
            duplicates,
            budget: Arc::clone(&around.budget),
        })
    }

    fn inputs(&self, count: usize) -> Result<Vec<Shape>, String> {
        vectors(count, 1..=1, self.steps)
    }
}

/// An order.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct SortMessage {
    #[prost(bool, tag = "1")]
    descending: bool,
    /// By the values of labels rather than by the value.
    #[prost(bool, tag = "2")]
    by_labels: bool,
    #[prost(string, repeated, tag = "3")]
    labels: Vec<String>,
}

impl Coded for Sort {
    type Message = SortMessage;

    fn encode(&self) -> SortMessage {
        let (by_labels, labels) = match &self.key {
            SortKey::Value => (false, Vec::new()),
            SortKey::Labels(labels) => (true, labels.clone()),
        };
        SortMessage {
            descending: self.descending,
            by_labels,
            labels,
        }
    }

    fn decode(message: SortMessage, around: &Surroundings) -> Result<Self, String> {
        Ok(Self {
            key: match message.by_labels {
                true => SortKey::Labels(message.labels),
                false => SortKey::Value,
            },
            descending: message.descending,
            budget: Arc::clone(&around.budget),
        })
    }

    fn inputs(&self, count: usize) -> Result<Vec<Shape>, String> {
        vectors(count, 1..=1, 1)
    }
}

/// Labels of info series.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct InfoMessage {
    #[prost(message, repeated, tag = "1")]
    names: Vec<MatcherMessage>,
    #[prost(message, repeated, tag = "2")]
    data: Vec<MatcherMessage>,
    #[prost(uint64, tag = "3")]
    steps: u64,
}

impl Coded for Info {
    type Message = InfoMessage;

    fn encode(&self) -> InfoMessage {
        InfoMessage {
            names: of_matchers(&self.names),
            data: of_matchers(&self.data),
            steps: self.steps as u64,
        }
    }

    fn decode(message: InfoMessage, around: &Surroundings) -> Result<Self, String> {
        Ok(Self {
            names: matchers(message.names)?,
            data: matchers(message.data)?,
            steps: steps(message.steps)?,
            budget: Arc::clone(&around.budget),
        })
    }

    fn inputs(&self, count: usize) -> Result<Vec<Shape>, String> {
        vectors(count, 2..=2, self.steps)
    }
}
