//! Start timestamps of version 2.0 as zeros.

use connectors_formats::remote_write::v1::Sample;
use connectors_formats::remote_write::v2;
use engine_dataflow::{CommitReceipt, DeliveryError, RejectReason, Rejections};
use engine_model::Labels;

use super::kinds::{histogram, sample, sent};
use super::{Fixture, fixture, fixture_with};
use crate::IngestFeatures;

const ZEROS: IngestFeatures = IngestFeatures {
    synthesized_starts: false,
    start_timestamp_zeros: true,
    start_timestamps: false,
    type_and_unit_labels: false,
};

async fn write(fixture: &Fixture, started_ms: i64, samples: &[Sample]) -> (u16, [String; 3], String) {
    let labels = Labels::from_pairs([("__name__", "c_total")]);
    let series = v2::Sent {
        start_timestamp: started_ms,
        ..sent(&labels, samples)
    };
    fixture.write_v2(&[series]).await
}

fn stored(fixture: &Fixture) -> Vec<String> {
    let stored = std::mem::take(&mut *fixture.stored.lock());
    let of = |line: &String| line.replace("{__name__=\"c_total\"} ", "");
    stored.iter().map(of).collect()
}

const ONE: &str = "3ff0000000000000";

#[tokio::test]
async fn a_start_is_a_zero_before_its_series_once() {
    let fixture = fixture_with(ZEROS).await;
    let written = (204, ["1", "0", "0"].map(str::to_owned), String::new());
    assert_eq!(write(&fixture, 500, &sample(1000)).await, written);
    assert_eq!(stored(&fixture), ["0@500".to_owned(), format!("{ONE}@1000")]);
    assert_eq!(write(&fixture, 500, &sample(2000)).await, written);
    assert_eq!(stored(&fixture), [format!("{ONE}@2000")], "once");
    assert_eq!(write(&fixture, 2500, &sample(3000)).await, written);
    assert_eq!(stored(&fixture), ["0@2500".to_owned(), format!("{ONE}@3000")]);
    for started_ms in [0, 4000, 5000] {
        write(&fixture, started_ms, &sample(4000)).await;
        assert_eq!(stored(&fixture).len(), 1, "{started_ms} is no start before 4000");
    }
}

#[tokio::test]
async fn histograms_begin_empty() {
    let fixture = fixture_with(ZEROS).await;
    let labels = Labels::from_pairs([("__name__", "h")]);
    let answer = fixture
        .write_v2(&[v2::Sent {
            start_timestamp: 500,
            histograms: &[(1000, histogram(3)), (2000, histogram(3))],
            ..sent(&labels, &[])
        }])
        .await;
    assert_eq!(answer, (204, ["0", "2", "0"].map(str::to_owned), String::new()));
    let of = |sum, at| format!("{{__name__=\"h\"}} histogram of {sum}@{at}");
    assert_eq!(
        *fixture.stored.lock(),
        [of(0.0, 500), of(2.5, 1000), of(2.5, 2000)]
    );
}

#[tokio::test]
async fn a_zero_that_the_store_has_is_no_fault_of_the_sender() {
    let fixture = fixture_with(ZEROS).await;
    let mut rejected = Rejections::default();
    rejected.add(0, RejectReason::OutOfOrder);
    *fixture.next_answer.lock() = Some(Ok(CommitReceipt {
        rejected,
        ..CommitReceipt::default()
    }));
    let written = (204, ["1", "0", "0"].map(str::to_owned), String::new());
    assert_eq!(write(&fixture, 500, &sample(1000)).await, written);
    assert_eq!(stored(&fixture), [format!("{ONE}@1000")]);
    // A store that takes nothing is another matter: all of it comes again.
    *fixture.next_answer.lock() = Some(Err(DeliveryError::Unavailable("no space left".into())));
    assert_eq!(write(&fixture, 1500, &sample(2000)).await.0, 503);
    assert!(stored(&fixture).is_empty());
    assert_eq!(write(&fixture, 1500, &sample(2000)).await, written);
    assert_eq!(stored(&fixture), ["0@1500".to_owned(), format!("{ONE}@2000")]);
}

#[tokio::test]
async fn nothing_is_written_where_the_feature_is_off() {
    let fixture = fixture().await;
    write(&fixture, 500, &sample(1000)).await;
    assert_eq!(stored(&fixture), [format!("{ONE}@1000")]);
}
