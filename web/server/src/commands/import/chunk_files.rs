//! Reads chunks out of a block's files, which hold them in nearly the order in which they are asked for.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use connectors_formats::tsdb_block::{
    BlockError, CHUNKS_HEADER_BYTES, ChunkMeta, ChunkSamples, check_chunks_header, decode_chunk,
};
use engine_model::Labels;
use engine_storage::SeriesSamples;

/// Bytes read at once: some hundred chunks of floats.
const WINDOW_BYTES: usize = 256 << 10;
/// A larger chunk is damage: the largest histograms take some hundred KiB.
const CHUNK_BYTES_MAX: usize = 64 << 20;

/// The files of a block's `chunks` folder.
#[derive(Debug)]
pub(super) struct ChunkFiles {
    folder: PathBuf,
    /// By number, from 0 for `000001`.
    open: HashMap<u32, ChunkFile>,
}

#[derive(Debug)]
struct ChunkFile {
    file: File,
    path: PathBuf,
    /// Bytes from `start` on.
    window: Vec<u8>,
    start: usize,
}

impl ChunkFiles {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            open: HashMap::new(),
        }
    }

    /// The samples of one chunk, as those of a series with `labels`.
    pub(super) fn read(&mut self, chunk: ChunkMeta, labels: &Labels) -> Result<SeriesSamples> {
        if !self.open.contains_key(&chunk.file) {
            let path = self.folder.join(format!("{:06}", u64::from(chunk.file) + 1));
            self.open.insert(chunk.file, ChunkFile::open(path)?);
        }
        let file = self.open.get_mut(&chunk.file).expect("opened above");
        let decoded = file
            .decode(chunk.offset as usize)
            .with_context(|| format!("{}: chunk of {labels}", file.path.display()))?;
        let mut samples = SeriesSamples::new(labels.clone());
        match decoded {
            ChunkSamples::Floats(timestamps, values) => {
                (samples.timestamps, samples.values) = (timestamps, values)
            }
            ChunkSamples::Histograms(histograms) => {
                let shared = |(time, histogram)| (time, Arc::new(histogram));
                samples.histograms = histograms.into_iter().map(shared).collect();
            }
        }
        let ascend = samples.timestamps.is_sorted_by(|a, b| a < b)
            && samples.histograms.is_sorted_by(|a, b| a.0 < b.0);
        if !ascend {
            bail!(
                "{}: times of a chunk of {labels} do not ascend",
                file.path.display()
            );
        }
        Ok(samples)
    }
}

impl ChunkFile {
    fn open(path: PathBuf) -> Result<Self> {
        let file = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        let mut opened = Self {
            file,
            path,
            window: Vec::new(),
            start: 0,
        };
        opened.load(0, WINDOW_BYTES)?;
        let header = &opened.window[..opened.window.len().min(CHUNKS_HEADER_BYTES)];
        check_chunks_header(header).with_context(|| opened.path.display().to_string())?;
        Ok(opened)
    }

    /// Decodes the chunk at `offset`, reading more where the window ends inside of it.
    fn decode(&mut self, offset: usize) -> Result<ChunkSamples> {
        let mut wanted = WINDOW_BYTES;
        loop {
            let inside = offset
                .checked_sub(self.start)
                .and_then(|at| self.window.get(at..));
            match inside
                .filter(|bytes| !bytes.is_empty())
                .map(|bytes| decode_chunk(bytes, offset))
            {
                Some(Ok(samples)) => return Ok(samples),
                Some(Err(error))
                    if !may_be_cut_off(&error) || self.start == offset && self.window.len() < wanted =>
                {
                    return Err(error.into());
                }
                _ => {}
            }
            // Once from the chunk on, then more and more of it.
            if self.start == offset && inside.is_some() {
                wanted *= 4;
            }
            if wanted > CHUNK_BYTES_MAX {
                bail!("the chunk at byte {offset} is longer than {CHUNK_BYTES_MAX} bytes");
            }
            self.load(offset, wanted)?;
            if self.window.is_empty() {
                bail!("the file ends before byte {offset}");
            }
        }
    }

    fn load(&mut self, start: usize, bytes: usize) -> Result<()> {
        self.window.resize(bytes, 0);
        let mut filled = 0;
        while filled < bytes {
            let read = self
                .file
                .read_at(&mut self.window[filled..], (start + filled) as u64)
                .with_context(|| format!("cannot read {}", self.path.display()))?;
            if read == 0 {
                break;
            }
            filled += read;
        }
        self.window.truncate(filled);
        self.start = start;
        Ok(())
    }
}

/// Whether more bytes could make sense of what was read: the end came too early, or a length is longer than
/// the window.
fn may_be_cut_off(error: &BlockError) -> bool {
    matches!(error, BlockError::Truncated { .. } | BlockError::Malformed { .. })
}
