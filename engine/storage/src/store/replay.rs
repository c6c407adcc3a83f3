//! The replay of the log, in the background: one thread reads, decodes and indexes, one applies, and new batches
//! are logged meanwhile. When the old files are done, what this process has logged itself is read back too, and
//! the committer does the rest of that before it takes over. So the log is the queue: memory stays bounded.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};

use engine_model::{SampleBatch, SampleBatchBuilder, SeriesTable};
use parking_lot::Mutex;

use super::Shared;
use super::committer::Requests;
use super::error::StoreError;
use super::series_limit::WithinLimit;
use crate::head::{Head, IndexBeside};
use crate::wal::WalError;
use crate::wal::reader::{FileReader, Survey};
use crate::wal::record::{BatchRecord, Record};
use crate::wal::references::References;

/// Samples that are handed from the reading to the applying thread at a time, some 400 kB: they are still in the
/// processor's caches when they are applied, and their memory is soon used again. A record counts as some.
const CHUNK_SAMPLES: usize = 16 << 10;
const RECORD_SAMPLES: usize = 64;
/// Chunks that wait: enough that neither thread idles.
const CHUNKS_MAX: usize = 8;
/// When no more than this is left of what was logged meanwhile, the committer can stop for it.
const HANDOVER_BYTES: u64 = 256 << 10;

/// What the replay needs.
pub(super) struct Replay {
    pub(super) shared: Arc<Shared>,
    pub(super) survey: Survey,
    /// The log file of this process.
    pub(super) own_path: PathBuf,
    pub(super) failure: Failure,
}

/// Why the replay failed, for whoever opened the store and waits for it.
pub(super) type Failure = Arc<Mutex<Option<StoreError>>>;

impl Replay {
    /// Starts the replay; when it is done, the committer is asked to take over.
    pub(super) fn start(self, committer: Requests) -> std::io::Result<()> {
        let thread = std::thread::Builder::new().name("weir-replay".to_owned());
        thread.spawn(move || {
            let shared = Arc::clone(&self.shared);
            let started = std::time::Instant::now();
            match self.run() {
                Ok(tail) => committer.take_over(tail, started),
                Err(error) => {
                    tracing::error!(error = %crate::error_chain(&error), "the write-ahead log cannot be replayed");
                    let reason = crate::error_chain(&error);
                    *self.failure.lock() = Some(error);
                    shared.gate.fail(reason);
                }
            }
        })?;
        Ok(())
    }

    fn run(&self) -> Result<OwnTail, StoreError> {
        let (chunks, inbox) = sync_channel(CHUNKS_MAX);
        let shared = &*self.shared;
        shared.head.write().expect_index();
        std::thread::scope(|scope| {
            let reading = std::thread::Builder::new()
                .name("weir-replay-read".to_owned())
                .spawn_scoped(scope, move || self.read(chunks))
                .map_err(|source| StoreError::Directory {
                    action: "start the replay of",
                    path: shared.config.path.clone(),
                    source,
                })?;
            for chunk in &inbox {
                let mut head = shared.head.write();
                for record in chunk {
                    apply(&mut head, shared, record);
                }
            }
            let (tail, index) = reading.join().unwrap_or(Err(StoreError::Closed))?;
            shared.head.write().take_index(index);
            Ok(tail)
        })
    }

    /// Reads all files, then what was logged meanwhile until little of it is left.
    fn read(&self, chunks: SyncSender<Vec<Record>>) -> Result<(OwnTail, IndexBeside), StoreError> {
        let shared = &*self.shared;
        let mut chunk = Chunk {
            records: Vec::new(),
            samples: 0,
            index: IndexBeside::default(),
            chunks,
        };
        let mut tail = OwnTail {
            reader: FileReader::open(&self.own_path, shared.logged_bytes())?,
            references: References::new(Arc::clone(&shared.table), shared.own_run),
            path: self.own_path.clone(),
        };
        for file in &self.survey.files {
            let mut reader = FileReader::open(&file.path, file.bytes)?;
            tail.references.begin(file.run);
            let mut from = 0;
            read_to_end(&mut reader, &mut tail.references, &file.path, |record, offset| {
                shared.gate.advance(offset - from);
                from = offset;
                chunk.push(record);
            })?;
            let disk = &*shared.config.disk;
            let torn = file.end_at(disk, reader.offset())?;
            if let Err(error) = file.seal(disk, reader.offset()) {
                // A full disk, for instance: the next start tries again.
                tracing::warn!(path = %file.path.display(), %error, "cannot seal a log file");
            }
            shared.counters.torn_bytes.add(torn);
        }
        tail.references.begin(Some(shared.own_run));
        loop {
            tail.read(shared.logged_bytes(), |record, _| chunk.push(record))?;
            if shared.logged_bytes() - tail.reader.offset() <= HANDOVER_BYTES {
                break;
            }
        }
        chunk.flush();
        Ok((tail, chunk.index))
    }
}

/// Records on their way to the applying thread, and the index of their series.
struct Chunk {
    records: Vec<Record>,
    /// What they count as.
    samples: usize,
    index: IndexBeside,
    chunks: SyncSender<Vec<Record>>,
}

impl Chunk {
    fn push(&mut self, record: Record) {
        self.samples += RECORD_SAMPLES;
        match &record {
            Record::Batch(batch) => {
                self.samples += batch.floats.len();
                // What was not judged yet may be refused with its series, so that applying tells what is new.
                for (series, labels) in batch.new_series.iter().filter(|_| batch.judged) {
                    self.index.add(*series, labels);
                }
            }
            Record::Image(image) => self.index.add(image.series, &image.labels),
            Record::Samples(samples) => self.index.add(samples.series, &samples.labels),
            Record::Start { .. } | Record::End { .. } | Record::Exemplar(..) => {}
        }
        self.records.push(record);
        if self.samples >= CHUNK_SAMPLES {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.samples = 0;
        let full = std::mem::take(&mut self.records);
        // The applying thread goes on until this end is dropped.
        drop(self.chunks.send(full));
    }
}

/// What this process has logged itself and the replay has not read yet.
pub(super) struct OwnTail {
    reader: FileReader,
    references: References,
    path: PathBuf,
}

impl OwnTail {
    /// Reads and applies the rest, up to `written` bytes of the file. Nothing may be appended meanwhile.
    pub(super) fn finish(mut self, shared: &Shared, written: u64) -> Result<(), StoreError> {
        let mut head = shared.head.write();
        self.read(written, |record, _| apply(&mut head, shared, record))
    }

    fn read(&mut self, written: u64, visit: impl FnMut(Record, u64)) -> Result<(), StoreError> {
        self.reader.extend(written)?;
        read_to_end(&mut self.reader, &mut self.references, &self.path, visit)?;
        if self.reader.offset() < written {
            return Err(damaged(&self.path, self.reader.offset()));
        }
        Ok(())
    }
}

/// Hands each record, with this process's references, and the byte after it to `visit`.
fn read_to_end(
    reader: &mut FileReader,
    references: &mut References,
    path: &Path,
    mut visit: impl FnMut(Record, u64),
) -> Result<(), StoreError> {
    loop {
        let offset = reader.offset();
        let Some(mut record) = reader.next()? else {
            return Ok(());
        };
        if references.translate(&mut record).is_err() {
            return Err(damaged(path, offset));
        }
        visit(record, reader.offset());
    }
}

fn damaged(path: &Path, offset: u64) -> StoreError {
    StoreError::Wal(WalError::Damaged {
        path: path.to_owned(),
        offset,
    })
}

fn apply(head: &mut Head, shared: &Shared, record: Record) {
    match record {
        Record::Batch(batch) if batch.judged => head.replay(&batch),
        Record::Batch(batch) => {
            let (commit, batch) = unjudged(batch, &shared.table);
            judge_and_apply(head, shared, commit, &batch);
        }
        Record::Image(image) => head.restore(*image),
        Record::Samples(series) => head.restore_samples(&series),
        Record::Exemplar(labels, exemplar) => drop(head.exemplars.add(&labels, &exemplar)),
        Record::Start { .. } | Record::End { .. } => {}
    }
}

/// A batch that was logged before the head was back. It has been acknowledged, so what is good in it stays, also where
/// its sender wanted all or nothing; new series beyond the limit are refused as ever.
fn judge_and_apply(head: &mut Head, shared: &Shared, commit: u64, batch: &SampleBatch) {
    let checked = head.check(batch, shared.limits());
    if let Some(room) = shared.room_below_limit(head.series_count(), checked.new_series.len()) {
        let refused = checked.new_series.get(room..).unwrap_or_default();
        let within = WithinLimit::of(batch, refused, &shared.table);
        return judge_and_apply(head, shared, commit, &within.batch);
    }
    shared.counters.count_rejected(&checked.rejected);
    head.apply(commit, batch, &checked);
}

/// A batch as its sender handed it in.
fn unjudged(record: BatchRecord, table: &Arc<SeriesTable>) -> (u64, SampleBatch) {
    let mut builder = SampleBatchBuilder::with_capacity(record.floats.len());
    let (floats, histograms) = (record.floats.len(), record.histograms.len());
    builder.set_float_starts(record.starts.column(0, floats));
    builder.set_histogram_starts(record.starts.column(floats, histograms));
    for (series, time, value) in record.floats {
        builder.push(series, time, value);
    }
    for sample in record.histograms {
        builder.push_histogram(sample.series, sample.timestamp, sample.histogram);
    }
    for exemplar in record.exemplars {
        builder.push_exemplar(exemplar);
    }
    (record.commit, builder.finish(table))
}
