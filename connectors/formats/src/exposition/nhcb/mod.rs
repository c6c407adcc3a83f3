//! Classic histograms as native ones with custom buckets: [`ClassicHistogram`] turns counts at bounds into
//! buckets, [`Collator`] finds the lines of a text that belong to one histogram.

mod classic;
mod collator;

pub(crate) use classic::ClassicHistogram;
pub(crate) use collator::{Collated, Collator, Line};

#[cfg(test)]
mod tests;
