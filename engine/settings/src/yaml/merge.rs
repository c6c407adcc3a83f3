//! The merge key `<<`: written keys win, and of several sources the earlier one wins.

use std::collections::HashSet;
use std::sync::Arc;

use super::load::Loader;
use super::node::{Key, Node, Value};
use crate::diagnostics::Error;

/// Adds the entries of a mapping, or of a list of mappings, that are not yet there.
pub(super) fn merge(
    loader: &Loader<'_>,
    entries: &mut Vec<(Key, Arc<Node>)>,
    source: &Node,
) -> Result<(), Error> {
    match &source.value {
        Value::Mapping(from) => {
            let known: HashSet<&str> = entries.iter().map(|(key, _)| key.text.as_str()).collect();
            let new: Vec<_> = from
                .iter()
                .filter(|(key, _)| !known.contains(key.text.as_str()))
                .cloned()
                .collect();
            entries.extend(new);
            Ok(())
        }
        Value::List(items) if items.iter().all(|item| matches!(item.value, Value::Mapping(_))) => {
            items.iter().try_for_each(|item| merge(loader, entries, item))
        }
        _ => {
            let message = format!(
                "\"<<\" takes a mapping or a list of mappings, not {}",
                source.describe()
            );
            Err(loader.error(source.position, message))
        }
    }
}
