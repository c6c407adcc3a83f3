//! What is wrong with a request: as a whole, or with parts of it that are left out.

use connectors_formats::remote_write::WireError;
use engine_model::histogram::HistogramError;

/// Faults that a sender is told of at most; the rest is counted, so that an answer stays small.
const TOLD_MAX: usize = 20;

/// Why a request, or one sample of it, is refused. Texts begin as Prometheus's.
#[derive(Debug, thiserror::Error)]
pub(super) enum RequestError {
    #[error("cannot decode the protobuf message: {0}")]
    Wire(#[from] WireError),
    #[error("out of bounds: sample at {timestamp} ms for series {labels} is too far in the future")]
    OutOfBounds { labels: String, timestamp: i64 },
    #[error("{error}: histogram at {timestamp} ms for series {labels}")]
    Histogram {
        labels: String,
        timestamp: i64,
        error: HistogramError,
    },
}

/// What is left out of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Faults {
    texts: Vec<String>,
    count: usize,
    /// Samples of series with invalid labels.
    pub(super) invalid_labels_samples: usize,
    /// Exemplars with invalid labels, which the sender is not told of.
    pub(super) exemplars: usize,
}

impl Faults {
    /// Notes a fault.
    pub(super) fn add(&mut self, text: impl FnOnce() -> String) {
        self.count += 1;
        if self.texts.len() < TOLD_MAX {
            self.texts.push(text());
        }
    }

    /// Notes a series with labels that are not valid.
    pub(super) fn invalid_labels(&mut self, samples: usize, text: impl FnOnce() -> String) {
        self.invalid_labels_samples += samples;
        self.add(text);
    }

    /// Notes `count` faults of which one is known.
    pub(super) fn add_many(&mut self, count: usize, text: impl FnOnce() -> String) {
        self.add(text);
        self.count += count.saturating_sub(1);
    }

    /// All of it, a line each; `None` when there is nothing.
    pub(super) fn text(&self) -> Option<String> {
        if self.count == 0 {
            return None;
        }
        let mut text = self.texts.join("\n");
        let more = self.count - self.texts.len();
        if more > 0 {
            text.push_str(&format!("\nand {more} more"));
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_first_and_counts_the_rest() {
        let mut faults = Faults::default();
        assert_eq!(faults.text(), None);
        faults.add(|| "a".to_owned());
        faults.add_many(3, || "b".to_owned());
        assert_eq!(faults.text().as_deref(), Some("a\nb\nand 2 more"));
        for _ in 0..50 {
            faults.invalid_labels(2, || "c".to_owned());
        }
        let text = faults.text().expect("faults");
        assert_eq!(text.lines().count(), TOLD_MAX + 1);
        assert!(text.ends_with("\nand 34 more"), "{text}");
        assert_eq!(faults.invalid_labels_samples, 100);
    }
}
