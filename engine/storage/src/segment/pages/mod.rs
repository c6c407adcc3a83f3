//! Reads single columns of our own Parquet files page by page, straight into plain numbers: the path that
//! queries take. It knows just what this crate writes today (zstd, differences or plain numbers, one level of
//! nulls); files of older versions, and everything nested, go through the parquet crate (`read`).

mod cache;
mod column;
mod delta;
mod header;
mod levels;
#[cfg(test)]
mod tests;
mod values;

pub(crate) use cache::PageCache;
pub(super) use column::PageReader;
pub(super) use values::ValueReader;

/// A little-endian base-128 number at `at`, and where it ends; `None` where the bytes end before it or it has
/// more than 64 bits.
fn varint(bytes: &[u8], mut at: usize) -> Option<(u64, usize)> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(at)?;
        at += 1;
        if shift == 63 && byte > 1 {
            return None;
        }
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some((number, at));
        }
    }
    None
}

/// The signed number that is written as `number`.
fn zigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}
