//! What a repeated scrape of a steady target allocates: the same for ten lines and for a thousand.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use super::*;
use crate::scrape::assemble::tests::assembler;

/// Counts the allocations of each thread of the tests.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count() {
    // A thread that ends has no counter any more.
    drop(ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1)));
}

// SAFETY: everything is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc`, which is the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

/// Allocations of the fifth scrape of the same body.
fn allocations(body: &[u8], lines: &str) -> usize {
    let mut assembler = assembler(lines);
    let mut counted = 0;
    for scrape in 0..5 {
        let at_ms = 1_000_000_000 + 15_000 * scrape;
        let before = ALLOCATIONS.get();
        let (reading, result) = assembler.read(body, at_ms, at_ms);
        result.expect("a sound body");
        let report = Report {
            up: true,
            duration_seconds: 0.1,
            scraped: reading.scraped,
            post_relabelling: reading.post_relabelling,
            series_added: reading.series_added,
            body_bytes: body.len() as i64,
        };
        let batches = assembler.batch(&report, at_ms);
        assembler.committed(at_ms, true);
        counted = ALLOCATIONS.get() - before;
        assert!(batches.scrape.len() > reading.scraped);
    }
    counted
}

/// `families` counters with a type and a help line and ten series each.
fn text(families: usize) -> Vec<u8> {
    let mut out = String::new();
    for family in 0..families {
        out.push_str(&format!(
            "# HELP m{family}_total Things.\n# TYPE m{family}_total counter\n"
        ));
        for series in 0..10 {
            out.push_str(&format!(
                "m{family}_total{{shard=\"{series}\",path=\"/api/v1\"}} {series}.25\n"
            ));
        }
    }
    out.into_bytes()
}

#[test]
fn a_repeated_scrape_allocates_nothing_for_each_sample() {
    for lines in ["", "  new_counters_from_zero: true\n"] {
        let (few, many) = (allocations(&text(1), lines), allocations(&text(100), lines));
        assert_eq!(few, many, "{lines}");
    }
}
