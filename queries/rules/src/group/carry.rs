//! A changed group takes over the state of the one it replaces, rule by rule.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::{Action, Group};

impl Group {
    /// Takes the alerts and the stored series of `from`. Rules match when they have the same name and
    /// labels; of several the first matches the first, and so on. Series of unmatched rules end.
    pub(crate) fn carry_over(&mut self, from: &mut Self) {
        self.restore_after(from.restore_after);
        self.show_as_before(from);
        let mut by_identity: HashMap<Identity, VecDeque<usize>> = HashMap::new();
        for (i, rule) in from.rules.iter().enumerate() {
            let identity = (rule.rule.name().to_owned(), rule.rule.labels.clone());
            by_identity.entry(identity).or_default().push_back(i);
        }
        for rule in &mut self.rules {
            let identity = (rule.rule.name().to_owned(), rule.rule.labels.clone());
            let Some(i) = by_identity.get_mut(&identity).and_then(VecDeque::pop_front) else {
                continue;
            };
            let old = &mut from.rules[i];
            rule.stored = std::mem::take(&mut old.stored);
            if let (Action::Alert(new), Action::Alert(old)) = (&mut rule.action, &mut old.action) {
                new.alerts = std::mem::take(&mut old.alerts);
                new.restored = old.restored;
            }
        }
        // What was matched is taken, so all that is left belongs to rules that are no more.
        from.abandon_all();
        self.abandoned.append(&mut from.abandoned);
    }

    /// The times of the last evaluation stay visible until the next one.
    fn show_as_before(&self, from: &Self) {
        let (evaluation_time, last_evaluation_ms) = {
            let old = from.shared.status.lock();
            (old.evaluation_time, old.last_evaluation_ms)
        };
        let mut status = self.shared.status.lock();
        status.evaluation_time = evaluation_time;
        status.last_evaluation_ms = last_evaluation_ms;
    }
}

/// Name and labels of a rule.
type Identity = (String, BTreeMap<String, String>);
