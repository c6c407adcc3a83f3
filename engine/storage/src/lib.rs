//! WAL, head, segments, compaction, and the store that hides them.
