//! Makes the checksums of fuzzed files of a block right, so that what is behind them is reached.

/// Sums the bytes in `range` and writes the result behind them, where it all fits.
fn sum(bytes: &mut [u8], start: usize, end: usize) -> Option<()> {
    let checksum = crc32c::crc32c(bytes.get(start..end)?);
    bytes
        .get_mut(end..end.checked_add(4)?)?
        .copy_from_slice(&checksum.to_be_bytes());
    Some(())
}

/// A chunk of this encoding around `data`.
pub fn framed_chunk(encoding: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut length = data.len();
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    let start = bytes.len();
    bytes.push(encoding);
    bytes.extend_from_slice(data);
    let checksum = crc32c::crc32c(&bytes[start..]);
    bytes.extend_from_slice(&checksum.to_be_bytes());
    bytes
}

/// Magic and version are as they are; the checksum covers what is behind them.
pub fn correct_tombstones(bytes: &mut [u8]) {
    let end = bytes.len().saturating_sub(4);
    sum(bytes, 5, end);
}

/// Table of contents, symbols and each series, as far as the table leads to them.
pub fn correct_index(bytes: &mut [u8]) {
    correct_sections(bytes);
}

fn correct_sections(bytes: &mut [u8]) -> Option<()> {
    let contents = bytes.len().checked_sub(52)?;
    sum(bytes, contents, contents + 48)?;
    let reference = |bytes: &[u8], number: usize| {
        let at = contents + 8 * number;
        let value = u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?);
        usize::try_from(value).ok().filter(|value| *value <= contents)
    };
    let (symbols, series) = (reference(bytes, 0)?, reference(bytes, 1)?);
    let length = u32::from_be_bytes(bytes.get(symbols..symbols + 4)?.try_into().ok()?) as usize;
    sum(bytes, symbols + 4, (symbols + 4).checked_add(length)?)?;
    let mut at = series;
    loop {
        at = at.next_multiple_of(16);
        let (length, start) = uvarint(bytes, at)?;
        let end = start
            .checked_add(length)
            .filter(|end| length > 0 && *end <= contents)?;
        sum(bytes, start, end)?;
        at = end + 4;
    }
}

fn uvarint(bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let mut value = 0;
    for shift in (0..28).step_by(7) {
        let byte = *bytes.get(at)?;
        at += 1;
        value |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((value, at));
        }
    }
    None
}
