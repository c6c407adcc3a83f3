//! Plans of every kind of node to bytes and back: the same plan, the same answers; bytes that are no plan are errors.

mod bad_bytes;
mod every_node;
mod round_trip;
