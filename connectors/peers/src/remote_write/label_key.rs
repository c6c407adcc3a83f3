//! The key of a series as it is sent: 128 bits of the bytes of its labels, under secrets of this process, one
//! for each version, whose encodings differ.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use xxhash_rust::xxh3::{Xxh3, xxh3_128_with_secret};

use super::content::Version;

/// Bytes of a secret: the hash's default length.
const SECRET_BYTES: usize = 192;

/// Drawn once a process, so that no sender can prepare labels that collide.
static SECRETS: LazyLock<[[u8; SECRET_BYTES]; 2]> = LazyLock::new(|| [(); 2].map(|()| secret()));

fn secret() -> [u8; SECRET_BYTES] {
    let random = RandomState::new();
    let mut secret = [0; SECRET_BYTES];
    for (i, chunk) in secret.chunks_exact_mut(8).enumerate() {
        chunk.copy_from_slice(&random.hash_one(i).to_le_bytes());
    }
    secret
}

/// Stands for the bytes themselves: equal keys mean equal labels.
#[inline]
pub(super) fn label_key(version: Version, bytes: &[u8]) -> u128 {
    let secret = match version {
        Version::V1 => &SECRETS[0],
        Version::V2 => &SECRETS[1],
    };
    xxh3_128_with_secret(bytes, secret)
}

/// The key of a series of version 2.0 whose labels get its type and unit: they name another series where these
/// change.
pub(super) fn described_key(bytes: &[u8], kind: &str, unit: &[u8]) -> u128 {
    let mut hash = Xxh3::with_secret(SECRETS[1]);
    hash.update(bytes);
    // Labels are pairs of numbers of at most five bytes, so that nothing else can look like this.
    hash.update(&[0xff; 8]);
    hash.update(kind.as_bytes());
    hash.update(&[0]);
    hash.update(unit);
    hash.digest128()
}
