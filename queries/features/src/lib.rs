//! One set of features for the third-party crates below DataFusion. Cargo unifies features over the crates that a
//! command names, so `cargo test -p queries-promql` and `cargo build -p web-server` would each build DataFusion
//! anew; every crate that links it depends on this one instead and the set is always the same. There is no code.
