//! Typed decoding by hand: a [`Field`] is a value with its place, a [`Mapping`] is read key by key.

mod field;
mod json;
mod mapping;
mod scalar;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::rc::Rc;

pub use field::Field;
pub use mapping::Mapping;

use crate::diagnostics::{Diagnostics, Error};
use crate::yaml::Document;

impl Document {
    /// Runs a decoder over the whole document. All faults come back at once: the one that the
    /// decoder returned and those it recorded on the way (unknown keys, list items).
    pub fn decode<'a, T>(
        &'a self,
        decoder: impl FnOnce(Field<'a>) -> Result<T, Error>,
    ) -> Result<T, Diagnostics> {
        let recorded = Rc::new(RefCell::new(Vec::new()));
        let result = decoder(Field::root(self, Rc::clone(&recorded)));
        let mut errors = recorded.take();
        match result {
            Ok(value) if errors.is_empty() => Ok(value),
            Ok(_) => Err(Diagnostics::new(errors)),
            Err(error) => {
                errors.push(error);
                Err(Diagnostics::new(errors))
            }
        }
    }
}
