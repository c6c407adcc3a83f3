//! What a repeated scrape of a steady target allocates: the same for ten lines and for a thousand.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use super::*;
use crate::scrape::assemble::protobuf_body::{COUNTER, Family};
use crate::scrape::assemble::tests::{assembler_with, finish};

/// Counts the allocations of each thread of the tests.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count() {
    // A thread that ends has no counter any more.
    ALLOCATIONS
        .try_with(|allocations| allocations.set(allocations.get() + 1))
        .unwrap_or_default();
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
fn allocations(format: Format, body: &[u8], lines: &str, features: IngestFeatures) -> usize {
    let mut assembler = assembler_with(lines, features);
    let mut counted = 0;
    for scrape in 0..5 {
        let at_ms = 1_000_000_000 + 15_000 * scrape;
        let before = ALLOCATIONS.get();
        let (reading, result) = assembler.read(format, body, at_ms, at_ms);
        result.expect("a sound body");
        let batches = finish(&mut assembler, at_ms, true);
        counted = ALLOCATIONS.get() - before;
        // Where starts are synthesized the first scrape only says from where to count.
        assert!(scrape == 0 || batches.scrape.len() > reading.scraped);
    }
    counted
}

/// `families` counters with a type and a help line and ten series each.
fn text(families: usize) -> Vec<u8> {
    let mut out = String::new();
    for family in 0..families {
        out.push_str(&format!("# HELP m{family} Things.\n# TYPE m{family} counter\n"));
        for series in 0..10 {
            out.push_str(&format!(
                "m{family}_total{{shard=\"{series}\",path=\"/api/v1\"}} {series}.25\n"
            ));
        }
    }
    out.into_bytes()
}

/// The same in OpenMetrics, each family with a unit and each series with its start.
fn open_metrics(families: usize) -> Vec<u8> {
    let mut out = String::new();
    for family in 0..families {
        out.push_str(&format!(
            "# HELP m{family}_bytes Things.\n# TYPE m{family}_bytes counter\n# UNIT m{family}_bytes bytes\n"
        ));
        for series in 0..10 {
            let labels = format!("{{shard=\"{series}\",path=\"/api/v1\"}}");
            out.push_str(&format!(
                "m{family}_bytes_total{labels} {series}.25\nm{family}_bytes_created{labels} 999990.5\n"
            ));
        }
    }
    out.push_str("# EOF\n");
    out.into_bytes()
}

/// The same in protobuf.
fn protobuf(families: usize) -> Vec<u8> {
    let family = |i: usize| Family::new(&format!("m{i}_total"), COUNTER);
    let metrics = |mut family: Family| {
        for series in 0..10 {
            family = family.counter(&[("shard", &series.to_string()), ("path", "/api/v1")], 0.25, None);
        }
        family.bytes()
    };
    (0..families).flat_map(|i| metrics(family(i))).collect()
}

#[test]
fn a_repeated_scrape_allocates_nothing_for_each_sample() {
    type Body = fn(usize) -> Vec<u8>;
    let bodies: [(Format, Body); 3] = [
        (Format::PrometheusText, text),
        (Format::OpenMetricsText, open_metrics),
        (Format::PrometheusProto, protobuf),
    ];
    for (format, body) in bodies {
        let synthesized = IngestFeatures {
            synthesized_starts: true,
            ..IngestFeatures::default()
        };
        let from_zero = "  new_counters_from_zero: true\n";
        for (lines, features) in [
            ("", IngestFeatures::default()),
            (from_zero, IngestFeatures::default()),
            ("", synthesized),
        ] {
            let few = allocations(format, &body(2), lines, features);
            let many = allocations(format, &body(200), lines, features);
            // A buffer of the parser may grow a few times; it does not for each sample.
            assert!(
                many < few + 12,
                "{format:?} {lines}{features:?}: {few} for 20 samples, {many} for 2,000"
            );
        }
    }
}
