//! How the C library keeps memory that was freed. By default it hands the end of a heap back as soon as it is
//! 128 KiB and maps every large block anew; a query, whose batches are some megabytes and live for
//! milliseconds, then spends a third of its time on page faults.

/// Free bytes at the end of a thread's heap that stay there for the next query.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT_BYTES: libc::c_int = 16 << 20;
/// Blocks from here on are mapped for themselves and handed back at once.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MAPPED_BYTES: libc::c_int = 8 << 20;

/// Time between two returns of what is free by then.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const RETURN_EVERY: std::time::Duration = std::time::Duration::from_secs(15);

/// Has the allocator keep what queries need again. Called once, before there are threads.
pub(crate) fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    for (parameter, bytes) in [
        (libc::M_TRIM_THRESHOLD, KEPT_BYTES),
        (libc::M_MMAP_THRESHOLD, MAPPED_BYTES),
    ] {
        // SAFETY: sets a number in the allocator; it takes its own lock and keeps no pointer of ours.
        let set = unsafe { libc::mallopt(parameter, bytes) };
        if set == 0 {
            tracing::warn!(
                parameter,
                bytes,
                "the allocator does not take a setting; queries are slower"
            );
        }
    }
}

/// Hands back what nobody needed lately, holes inside of heaps included: what a burst of pushes or a large query
/// leaves would stay resident forever. Ends with the runtime.
pub(crate) async fn return_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    loop {
        tokio::time::sleep(RETURN_EVERY).await;
        // SAFETY: takes the allocator's own locks and touches only memory that is free.
        let trimmed = tokio::task::spawn_blocking(|| unsafe { libc::malloc_trim(0) });
        if trimmed.await.is_err() {
            return;
        }
    }
}
