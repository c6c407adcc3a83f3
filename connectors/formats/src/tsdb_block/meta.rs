//! A block's `meta.json`, as far as an import needs it.

use serde::Deserialize;

use super::error::BlockError;

/// What a block says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct BlockMeta {
    /// The block's name.
    pub ulid: String,
    /// First ms that it may hold.
    #[serde(rename = "minTime")]
    pub min_ms: i64,
    /// First ms that it does not hold.
    #[serde(rename = "maxTime")]
    pub max_ms: i64,
    /// Format version of the block: 1.
    pub version: u64,
    /// Counts.
    #[serde(default)]
    pub stats: BlockStats,
}

/// Counts of a block, tombstones not subtracted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct BlockStats {
    /// Samples of all kinds.
    pub num_samples: u64,
    /// Series.
    pub num_series: u64,
    /// Chunks.
    pub num_chunks: u64,
}

impl BlockMeta {
    /// Reads a `meta.json`.
    pub fn parse(text: &[u8]) -> Result<Self, BlockError> {
        let meta: Self = serde_json::from_slice(text).map_err(|error| BlockError::Meta(error.to_string()))?;
        match meta.version {
            1 => Ok(meta),
            found => Err(BlockError::Unsupported {
                what: "block version",
                found,
            }),
        }
    }
}
