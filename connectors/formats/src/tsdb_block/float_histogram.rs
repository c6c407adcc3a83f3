//! Chunks of histograms with float counts: times as double deltas, everything else by exclusive or.

use engine_model::Histogram;
use engine_model::histogram::Counts;
use engine_model::staleness::is_stale;

use super::bits::BitReader;
use super::error::BlockError;
use super::histogram_layout::Layout;
use super::xor::XorValue;

/// Decodes a chunk's data into timestamps (ms since the epoch) and histograms.
pub(super) fn decode(data: &[u8]) -> Result<Vec<(i64, Histogram)>, BlockError> {
    let mut reader = BitReader::new(data);
    let samples = reader.bits(16)? as usize;
    let layout = Layout::read(&mut reader)?;
    let (positive, negative) = layout.bucket_counts(&reader)?;
    let (mut time, mut delta) = (0i64, 0i64);
    let [mut count, mut zero, mut sum] = [XorValue::default(); 3];
    let mut buckets = vec![XorValue::default(); positive + negative];
    let mut decoded = Vec::new();
    for sample in 0..samples {
        if sample == 0 {
            time = reader.varbit_signed()?;
            for value in [&mut count, &mut zero, &mut sum].into_iter().chain(&mut buckets) {
                *value = XorValue::new(reader.double()?);
            }
        } else {
            delta = delta.wrapping_add(reader.varbit_signed()?);
            time = time.wrapping_add(delta);
            for value in [&mut count, &mut zero, &mut sum] {
                value.read(&mut reader)?;
            }
            // A staleness marker has no buckets.
            if !is_stale(sum.value()) {
                for bucket in &mut buckets {
                    bucket.read(&mut reader)?;
                }
            }
        }
        if is_stale(sum.value()) {
            decoded.push((time, Histogram::stale()));
            continue;
        }
        let values = |buckets: &[XorValue]| buckets.iter().map(|bucket| bucket.value()).collect();
        let (positive, negative) = buckets.split_at(positive);
        let histogram = Histogram {
            schema: layout.schema,
            reset_hint: layout.hint(sample),
            zero_threshold: layout.zero_threshold,
            sum: sum.value(),
            positive_spans: layout.positive_spans.clone(),
            negative_spans: layout.negative_spans.clone(),
            custom_values: layout.custom_values.clone(),
            counts: Counts::Float {
                count: count.value(),
                zero: zero.value(),
                positive: values(positive),
                negative: values(negative),
            },
        };
        decoded.push((time, histogram));
    }
    Ok(decoded)
}
