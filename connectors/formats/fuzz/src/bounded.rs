//! An allocator that ends the run when one allocation is larger than any input may cause, used or not: libFuzzer
//! itself only sees memory that is touched.

use std::alloc::{GlobalAlloc, Layout, System};

/// The largest allocation that an input of a few kilobytes may cause.
const ALLOCATION_BYTES_MAX: usize = 256 << 20;

struct Bounded;

#[global_allocator]
static ALLOCATOR: Bounded = Bounded;

impl Bounded {
    fn check(bytes: usize) {
        if bytes > ALLOCATION_BYTES_MAX {
            // Words would allocate; the backtrace of the abort says who asked.
            std::process::abort();
        }
    }
}

// SAFETY: everything is the system allocator's.
unsafe impl GlobalAlloc for Bounded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::check(layout.size());
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::check(layout.size());
        // SAFETY: the caller's.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Self::check(size);
        // SAFETY: the caller's.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { System.dealloc(pointer, layout) }
    }
}
