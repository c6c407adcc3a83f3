//! What feature flags add to pushes of version 2.0: labels of type and unit, start timestamps that are kept.

use connectors_formats::remote_write::v2;
use engine_model::Labels;

use super::kinds::{histogram, sample, sent};
use super::{Fixture, fixture, fixture_with};
use crate::IngestFeatures;

fn stored(fixture: &Fixture) -> Vec<String> {
    std::mem::take(&mut *fixture.stored.lock())
}

#[tokio::test]
async fn types_and_units_become_labels() {
    let fixture = fixture_with(IngestFeatures {
        type_and_unit_labels: true,
        ..IngestFeatures::default()
    })
    .await;
    let labels = Labels::from_pairs([("__name__", "m"), ("__type__", "mine"), ("__unit__", "mine")]);
    let of = |metadata| v2::Sent {
        metadata,
        ..sent(&labels, &[])
    };
    let (one, two) = (sample(1000), sample(2000));
    for (metadata, expected) in [
        (Some((1, "", "bytes")), r#"__type__="counter", __unit__="bytes""#),
        (Some((2, "", "bytes")), r#"__type__="gauge", __unit__="bytes""#),
        (Some((2, "", "")), r#"__type__="gauge""#),
        (Some((0, "", "bytes")), r#"__unit__="bytes""#),
        (Some((0, "text", "")), r#"__type__="mine", __unit__="mine""#),
        (None, r#"__type__="mine", __unit__="mine""#),
    ] {
        // The second time the series is found by the bytes of its labels and what is said of it.
        for samples in [&one, &two] {
            let (status, ..) = fixture
                .write_v2(&[v2::Sent {
                    samples,
                    ..of(metadata)
                }])
                .await;
            assert_eq!(status, 204);
            let at = samples[0].timestamp;
            assert_eq!(
                stored(&fixture),
                [format!(r#"{{__name__="m", {expected}}} 3ff0000000000000@{at}"#)],
                "{metadata:?}"
            );
        }
    }
}

#[tokio::test]
async fn start_timestamps_are_kept_when_asked_for() {
    let (labels, bare) = (
        Labels::from_pairs([("__name__", "h")]),
        Labels::from_pairs([("__name__", "c")]),
    );
    let (floats, histograms) = (sample(1000), [(1000, histogram(3)), (2000, histogram(3))]);
    let series = [
        sent(&bare, &floats),
        v2::Sent {
            start_timestamp: 400,
            ..sent(&bare, &floats)
        },
        v2::Sent {
            start_timestamp: 500,
            histograms: &histograms,
            ..sent(&labels, &[])
        },
    ];
    let on = fixture_with(IngestFeatures {
        start_timestamps: true,
        ..IngestFeatures::default()
    })
    .await;
    assert_eq!(on.write_v2(&series).await.0, 204);
    let with_starts = [
        r#"{__name__="c"} 3ff0000000000000@1000"#,
        r#"{__name__="c"} 3ff0000000000000@1000 since 400"#,
        r#"{__name__="h"} histogram of 2.5@1000 since 500"#,
        r#"{__name__="h"} histogram of 2.5@2000 since 500"#,
    ];
    assert_eq!(stored(&on), with_starts);
    let off = fixture().await;
    assert_eq!(off.write_v2(&series).await.0, 204);
    let bare = with_starts.map(|line| line.split(" since").next().unwrap_or_default().to_owned());
    assert_eq!(stored(&off), bare);
}
