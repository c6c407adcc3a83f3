//! Claims and how to check them.
