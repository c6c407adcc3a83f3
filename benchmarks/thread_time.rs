//! CPU time of the calling thread, which other work on the machine does not lengthen.

/// CPU time of this thread while `work` runs, in ns, and what it gave.
pub(crate) fn thread_ns<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let before = now_ns();
    let done = work();
    (done, now_ns() - before)
}

fn now_ns() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}
