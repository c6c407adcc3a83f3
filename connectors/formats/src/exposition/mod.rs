//! What every format of an exposition shares: types, labels, numbers, errors.

pub(crate) mod error;
pub(crate) mod float;
mod metric_type;
pub(crate) mod scan;
mod series;

pub use error::{ParseError, Place, Reason};
pub use metric_type::MetricType;
pub use series::{SeriesLabels, decode_series};
