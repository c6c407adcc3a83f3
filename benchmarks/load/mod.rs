//! Load that is the same at every run: the shape of a target's series, how their values move, the text that an
//! exporter serves, the requests that a sender pushes.

mod exporter;
mod http;
mod random;
mod requests;
mod sender;
mod shape;
mod target;
mod values;

pub use exporter::Exporter;
pub use http::{Answer, Connection};
pub use random::Random;
pub use requests::{Protocol, WritePlan, WriteRequests, series_labels};
pub use sender::{Sent, deliver, send};
pub use shape::{Kind, SeriesShape, metric_names, shapes};
pub use target::Target;
pub use values::{Value, Values};
