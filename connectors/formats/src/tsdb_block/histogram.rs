//! Chunks of histograms with integer counts: everything but the sum as double deltas.

use engine_model::Histogram;
use engine_model::histogram::Counts;
use engine_model::staleness::is_stale;

use super::bits::BitReader;
use super::error::BlockError;
use super::histogram_layout::Layout;
use super::xor::XorValue;

/// A number that is stored as the change of its change.
#[derive(Debug, Clone, Copy, Default)]
struct Delta {
    value: i64,
    delta: i64,
}

impl Delta {
    /// The first difference comes as such, later ones as their change: the same sum.
    fn read(&mut self, reader: &mut BitReader<'_>) -> Result<(), BlockError> {
        self.delta = self.delta.wrapping_add(reader.varbit_signed()?);
        self.value = self.value.wrapping_add(self.delta);
        Ok(())
    }
}

/// Decodes a chunk's data into timestamps (ms since the epoch) and histograms.
pub(super) fn decode(data: &[u8]) -> Result<Vec<(i64, Histogram)>, BlockError> {
    let mut reader = BitReader::new(data);
    let samples = reader.bits(16)? as usize;
    let layout = Layout::read(&mut reader)?;
    let (positive, negative) = layout.bucket_counts(&reader)?;
    let mut state = State {
        buckets: vec![Delta::default(); positive + negative],
        positive,
        ..State::default()
    };
    let mut decoded = Vec::new();
    for sample in 0..samples {
        state.read(sample, &mut reader)?;
        decoded.push((state.time.value, state.histogram(&layout, sample)));
    }
    Ok(decoded)
}

#[derive(Debug, Default)]
struct State {
    time: Delta,
    count: Delta,
    zero: Delta,
    sum: XorValue,
    /// Positive ones, then negative ones.
    buckets: Vec<Delta>,
    positive: usize,
}

impl State {
    fn read(&mut self, sample: usize, reader: &mut BitReader<'_>) -> Result<(), BlockError> {
        if sample == 0 {
            self.time.value = reader.varbit_signed()?;
            self.count.value = reader.varbit_unsigned()? as i64;
            self.zero.value = reader.varbit_unsigned()? as i64;
            self.sum = XorValue::new(reader.double()?);
            for bucket in &mut self.buckets {
                bucket.value = reader.varbit_signed()?;
            }
            return Ok(());
        }
        if sample == 1 {
            self.time.delta = reader.varbit_unsigned()? as i64;
            self.time.value = self.time.value.wrapping_add(self.time.delta);
        } else {
            self.time.read(reader)?;
        }
        self.count.read(reader)?;
        self.zero.read(reader)?;
        // A staleness marker has no buckets.
        if !is_stale(self.sum.read(reader)?) {
            for bucket in &mut self.buckets {
                bucket.read(reader)?;
            }
        }
        Ok(())
    }

    fn histogram(&self, layout: &Layout, sample: usize) -> Histogram {
        let sum = self.sum.value();
        if is_stale(sum) {
            return Histogram::stale();
        }
        let values = |buckets: &[Delta]| buckets.iter().map(|bucket| bucket.value).collect();
        let (positive, negative) = self.buckets.split_at(self.positive);
        Histogram {
            schema: layout.schema,
            reset_hint: layout.hint(sample),
            zero_threshold: layout.zero_threshold,
            sum,
            positive_spans: layout.positive_spans.clone(),
            negative_spans: layout.negative_spans.clone(),
            custom_values: layout.custom_values.clone(),
            counts: Counts::Integer {
                count: self.count.value as u64,
                zero: self.zero.value as u64,
                positive: values(positive),
                negative: values(negative),
            },
        }
    }
}
