//! What the targets check beyond not panicking: guesses change no answer, equal readings are equal, and no
//! allocation is out of proportion.

mod bounded;
mod checksums;

use connectors_formats::exposition::{Entry, Format, Options, Parser};
use connectors_formats::remote_write::{Series, WireError};
use engine_model::Labels;

pub use checksums::{correct_index, correct_tombstones, framed_chunk};

/// Everything that a body says. `known` are the series of an earlier reading, each a guess at the next.
fn read(format: Format, body: &[u8], options: Options, known: &[Vec<u8>]) -> (Vec<String>, Vec<Vec<u8>>) {
    let mut parser = Parser::new(format, body, options);
    let (mut said, mut series) = (Vec::new(), Vec::new());
    loop {
        let guess = known.get(series.len()).map_or(&[][..], Vec::as_slice);
        let Some(entry) = parser.next_guessing(guess.len(), |bytes| bytes == guess) else {
            return (said, series);
        };
        match entry {
            Ok(Entry::Sample(sample)) => {
                said.push(format!("{:x} {:?}", sample.value.to_bits(), sample.timestamp))
            }
            Ok(Entry::Histogram { timestamp, .. }) => {
                let histogram = parser.histogram();
                let valid = histogram
                    .as_ref()
                    .is_ok_and(|histogram| histogram.validate().is_ok());
                said.push(format!("{timestamp:?} {valid} {histogram:?}"));
            }
            other => {
                said.push(format!("{other:?}"));
                continue;
            }
        }
        let labels = parser.labels().map(|labels| labels.to_labels());
        if let Ok(labels) = &labels {
            // What a log is read back with refuses, for one, a name that is empty.
            let again = Labels::from_encoded(labels.encoded());
            assert_eq!(again.as_ref().ok(), Some(labels), "labels that can be stored");
        }
        said.push(format!(
            "{labels:?} {:?} {:?}",
            parser.exemplars(),
            parser.start_timestamp_ms()
        ));
        series.push(parser.series().to_vec());
    }
}

/// Reads a body with the options that its first byte chooses, then again with right and with shifted guesses.
pub fn exposition(format: Format, data: &[u8]) {
    let Some((choice, body)) = data.split_first() else {
        return;
    };
    let options = Options {
        ignore_native_histograms: choice & 1 != 0,
        keep_classic_histograms: choice & 2 != 0,
        convert_classic_histograms: choice & 4 != 0,
        skip_created_series: choice & 8 != 0,
        describe_series: choice & 16 != 0,
    };
    let (plain, mut series) = read(format, body, options, &[]);
    assert_eq!(read(format, body, options, &series).0, plain);
    if !series.is_empty() {
        series.rotate_left(1);
        assert_eq!(read(format, body, options, &series).0, plain);
    }
}

/// Reads all that a series of a write request holds.
///
/// # Errors
/// When its bytes are no message.
pub fn series(series: &Series<'_>) -> Result<(), WireError> {
    for label in series.labels() {
        label?;
    }
    for histogram in &series.histograms {
        // Valid or not, checking must end.
        drop(histogram.decode()?.validate());
    }
    for (_, labels) in series.exemplars() {
        for label in labels {
            label?;
        }
    }
    assert!(series.start_timestamps.is_empty() || series.start_timestamps.len() <= series.samples.len());
    Ok(())
}
