//! What a target or an import exposes, in any format: [`Parser`] yields one [`Entry`] a line or sample.
//!
//! A repeated exposition costs no label work: the raw bytes of a series, which the parser hands out, lead a
//! caller to what it knows of them, and the next series can be guessed from the exposition before.

mod entry;
pub(crate) mod error;
pub(crate) mod float;
mod metric_type;
pub(crate) mod nhcb;
mod parser;
pub(crate) mod raw_labels;
pub(crate) mod scan;
mod series;

pub use entry::{Entry, Exemplar, Format, Options, Sample};
pub use error::{ParseError, Place, Reason};
pub use metric_type::MetricType;
pub use parser::Parser;
pub use series::{SeriesLabels, decode_series};

#[cfg(test)]
mod speed;
#[cfg(test)]
mod tests;
