//! Fuzzes the reading of SQL before it reaches the planner: size, kind and words of a statement.
#![no_main]

// Its allocator.
use connectors_formats_fuzz as _;
use queries_sql::SqlStatement;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match SqlStatement::read(text) {
        Ok(statement) => drop(format!("{statement:?}")),
        Err(error) => drop(error.to_string()),
    }
});
