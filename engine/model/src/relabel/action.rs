//! One relabelling rule and its actions.

use md5::{Digest, Md5};

use crate::labels::LabelsBuilder;
use crate::matcher::Pattern;

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Writes the expanded replacement into the target label when the regex matches.
    Replace,
    /// Drops what does not match.
    Keep,
    /// Drops what matches.
    Drop,
    /// Drops when the joined value differs from the target label's value.
    KeepEqual,
    /// Drops when the joined value equals the target label's value.
    DropEqual,
    /// Writes MD5(joined value) mod modulus into the target label.
    HashMod,
    /// Copies labels whose name matches to the name that the replacement makes.
    LabelMap,
    /// Deletes labels whose name matches.
    LabelDrop,
    /// Deletes labels whose name does not match.
    LabelKeep,
    /// Writes the joined value in lower case into the target label.
    Lowercase,
    /// Writes the joined value in upper case into the target label.
    Uppercase,
}

impl Action {
    /// Every action with the word that configuration files use.
    pub const ALL: [(&'static str, Self); 11] = [
        ("replace", Self::Replace),
        ("keep", Self::Keep),
        ("drop", Self::Drop),
        ("keepequal", Self::KeepEqual),
        ("dropequal", Self::DropEqual),
        ("hashmod", Self::HashMod),
        ("labelmap", Self::LabelMap),
        ("labeldrop", Self::LabelDrop),
        ("labelkeep", Self::LabelKeep),
        ("lowercase", Self::Lowercase),
        ("uppercase", Self::Uppercase),
    ];

    /// The action of a configuration word, in any case.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(word))
            .map(|&(_, action)| action)
    }
}

/// One relabelling rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Labels whose values are joined; a missing one reads as empty.
    pub source_labels: Vec<String>,
    /// Put between the joined values.
    pub separator: String,
    /// Matched against the joined value, or against label names.
    pub regex: Pattern,
    /// Divisor of `hashmod`.
    pub modulus: u64,
    /// Label that is written; may hold `$1` and `${name}`.
    pub target_label: String,
    /// What is written; may hold `$1` and `${name}`.
    pub replacement: String,
    /// What is done.
    pub action: Action,
}

impl Default for Rule {
    /// Prometheus's defaults: `replace`, separator `;`, regex `(.*)`, replacement `$1`.
    fn default() -> Self {
        Self {
            source_labels: Vec::new(),
            separator: ";".to_owned(),
            regex: Pattern::of_rule("(.*)").expect("the default regex compiles"),
            modulus: 0,
            target_label: String::new(),
            replacement: "$1".to_owned(),
            action: Action::Replace,
        }
    }
}

impl Rule {
    /// Applies the rule. Returns false when it drops the target or series.
    pub fn apply(&self, labels: &mut LabelsBuilder) -> bool {
        let joined = self
            .source_labels
            .iter()
            .map(|name| labels.value(name))
            .collect::<Vec<_>>()
            .join(&self.separator);
        match self.action {
            Action::Keep => return self.regex.is_match(&joined),
            Action::Drop => return !self.regex.is_match(&joined),
            Action::KeepEqual => return labels.value(&self.target_label) == joined,
            Action::DropEqual => return labels.value(&self.target_label) != joined,
            Action::Replace => self.replace(&joined, labels),
            Action::Lowercase => drop(labels.set(&self.target_label, &joined.to_lowercase())),
            Action::Uppercase => drop(labels.set(&self.target_label, &joined.to_uppercase())),
            Action::HashMod => {
                let digest = Md5::digest(joined.as_bytes());
                let mut last = [0; 8];
                last.copy_from_slice(&digest[8..]);
                // A modulus of 0 is refused when the configuration is read.
                let hash = u64::from_be_bytes(last).checked_rem(self.modulus).unwrap_or(0);
                labels.set(&self.target_label, &hash.to_string());
            }
            Action::LabelMap => {
                let mapped: Vec<(String, String)> = labels
                    .iter()
                    .filter_map(|(name, value)| {
                        Some((self.regex.expand(name, &self.replacement)?, value.to_owned()))
                    })
                    .collect();
                // A name that expands to nothing makes no label: what is stored has none without a name.
                for (name, value) in mapped.iter().filter(|(name, _)| !name.is_empty()) {
                    labels.set(name, value);
                }
            }
            Action::LabelDrop => labels.retain(|name| !self.regex.is_match(name)),
            Action::LabelKeep => labels.retain(|name| self.regex.is_match(name)),
        }
        true
    }

    fn replace(&self, joined: &str, labels: &mut LabelsBuilder) {
        let Some(target) = self.regex.expand(joined, &self.target_label) else {
            return;
        };
        // An expansion can make a name that is none; Prometheus skips the rule then.
        if target.is_empty() {
            return;
        }
        let value = self.regex.expand(joined, &self.replacement).unwrap_or_default();
        labels.set(&target, &value);
    }
}
