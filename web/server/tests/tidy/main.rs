//! The law, as tests: which crate may use which, how large things may grow, what names and headers
//! say, which licences come in, and that the README tells the truth.

mod arrows;
mod debts;
mod headers;
mod licences;
mod manifests;
mod names;
mod readme;
mod sizes;
mod source;
mod tree;
mod words;
mod workspace;
