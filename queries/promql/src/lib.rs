//! PromQL: parser, planner, execution nodes, functions, the .test runner.

pub mod parser;
