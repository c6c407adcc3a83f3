//! The key of a line: 128 bits of the bytes that name its series, under a secret of this process.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use xxhash_rust::xxh3::xxh3_128_with_secret;

/// Bytes of the hash's secret: its default length.
const SECRET_BYTES: usize = 192;

/// Drawn once a process, so that no target can prepare bytes that collide.
static SECRET: LazyLock<[u8; SECRET_BYTES]> = LazyLock::new(|| {
    let random = RandomState::new();
    let mut secret = [0; SECRET_BYTES];
    for (i, chunk) in secret.chunks_exact_mut(8).enumerate() {
        chunk.copy_from_slice(&random.hash_one(i).to_le_bytes());
    }
    secret
});

/// Stands for the bytes themselves: equal keys mean equal bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::scrape) struct Key([u64; 2]);

impl Key {
    /// The key of a series' bytes.
    #[inline]
    pub(in crate::scrape) fn of(bytes: &[u8]) -> Self {
        let hash = xxh3_128_with_secret(bytes, &*SECRET);
        Self([hash as u64, (hash >> 64) as u64])
    }

    /// Bits for a hash table; all of them are random already.
    #[inline]
    pub(super) fn bits(self) -> u64 {
        self.0[0]
    }
}
