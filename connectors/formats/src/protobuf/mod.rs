//! The protobuf wire format, as much as the remote protocols need: fields in, fields out.

pub(crate) mod histogram_parts;
mod reader;
mod writer;

pub use reader::WireError;
pub(crate) use reader::{Field, Reader};
pub(crate) use writer::Writer;
