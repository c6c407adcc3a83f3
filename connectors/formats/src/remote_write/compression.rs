//! Snappy's block format, bounded before anything is allocated.

/// Largest message after decompression, as in Prometheus's receiver.
pub const DECODED_BYTES_MAX: usize = 32 << 20;

/// Snappy's densest element turns 3 bytes into 64; a header that promises more is a lie.
const EXPANSION_MAX: usize = 22;

/// A body that cannot be decompressed.
#[derive(Debug, thiserror::Error)]
pub enum CompressionError {
    /// More than [`DECODED_BYTES_MAX`].
    #[error("message is {decoded_bytes} bytes after decompression, limit is {DECODED_BYTES_MAX}")]
    TooLarge {
        /// What the header says.
        decoded_bytes: usize,
    },
    /// Not a snappy block.
    #[error("not a snappy block")]
    Malformed(#[source] snap::Error),
    /// The header promises more than the body can hold.
    #[error("snappy header promises {decoded_bytes} bytes, too many for a body of {body_bytes}")]
    Implausible {
        /// What the header says.
        decoded_bytes: usize,
        /// Bytes of the body.
        body_bytes: usize,
    },
}

/// The size of a snappy block's content, checked against [`DECODED_BYTES_MAX`] and against what the
/// body can hold.
pub fn decompressed_bytes(body: &[u8]) -> Result<usize, CompressionError> {
    let decoded_bytes = snap::raw::decompress_len(body).map_err(CompressionError::Malformed)?;
    if decoded_bytes > DECODED_BYTES_MAX {
        return Err(CompressionError::TooLarge { decoded_bytes });
    }
    if decoded_bytes > body.len() * EXPANSION_MAX {
        return Err(CompressionError::Implausible {
            decoded_bytes,
            body_bytes: body.len(),
        });
    }
    Ok(decoded_bytes)
}

/// Decompresses a snappy block.
pub fn decompress(body: &[u8]) -> Result<Vec<u8>, CompressionError> {
    let mut message = Vec::new();
    decompress_into(body, &mut message)?;
    Ok(message)
}

/// Decompresses a snappy block into `message`, whose content is replaced.
pub fn decompress_into(body: &[u8], message: &mut Vec<u8>) -> Result<(), CompressionError> {
    let decoded_bytes = decompressed_bytes(body)?;
    message.resize(decoded_bytes, 0);
    let written = snap::raw::Decoder::new()
        .decompress(body, message)
        .map_err(CompressionError::Malformed)?;
    message.truncate(written);
    Ok(())
}

/// Compresses into a snappy block.
///
/// # Errors
/// Only when `message` is larger than snappy's 4 GiB.
pub fn compress(message: &[u8]) -> Result<Vec<u8>, CompressionError> {
    snap::raw::Encoder::new()
        .compress_vec(message)
        .map_err(CompressionError::Malformed)
}
