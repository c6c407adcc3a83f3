//! Claims and how to check them: a folder a claim, with its page (`README.md`), its code and its latest results
//! (`RESULTS-*.md`). `load` makes the work, `servers` runs Weir and its peers, `report` writes the results down.

pub mod claims;
pub mod encodings;
pub mod ingest;
pub mod load;
pub mod million;
pub mod panels;
pub mod parser;
pub mod queries;
pub mod report;
pub mod servers;
pub mod sql;
mod thread_time;
