//! The nouns that every other crate speaks in: label sets, matchers, series, batches of samples, native
//! histograms, exemplars, staleness, durations, numbers and relabelling. Pure: no IO, no async, no serde.

pub mod batch;
pub mod clock;
pub mod duration;
pub mod exemplar;
pub mod float_histogram;
pub mod go_math;
pub mod histogram;
pub mod labels;
pub mod matcher;
pub mod metric_labels;
pub mod number;
pub mod regexp;
pub mod relabel;
pub mod series;
pub mod staleness;
pub mod time;

pub use batch::{HistogramSample, SampleBatch, SampleBatchBuilder};
pub use clock::WallClock;
pub use exemplar::Exemplar;
pub use float_histogram::FloatHistogram;
pub use histogram::Histogram;
pub use labels::{Labels, LabelsBuilder, METRIC_NAME, filter_encoded};
pub use matcher::{MatchOp, Matcher};
pub use metric_labels::{METRIC_TYPE, METRIC_UNIT};
pub use series::{SeriesRef, SeriesTable};
