//! This machine's metrics under node_exporter's names, labels, help and types, so that its dashboards work.
//! [`HostExporter`] runs one collector a subject over [`Roots`]; [`router`] serves it at `/metrics/host`.

mod collector;
mod collectors;
mod exporter;
mod exposition;
#[cfg(test)]
mod fixture;
mod http;
mod roots;
mod syscalls;
mod text;

pub use exporter::HostExporter;
pub use http::router;
pub use roots::Roots;
