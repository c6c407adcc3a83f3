//! Native histograms, exemplars and partial writes: what version 2.0 adds, and what both versions share.

use connectors_formats::remote_write::v1::Sample;
use connectors_formats::remote_write::{compress, v1, v2};
use engine_dataflow::{CommitReceipt, DeliveryError, RejectPolicy, RejectReason, Rejections};
use engine_model::histogram::{Counts, Histogram, Span};
use engine_model::{Exemplar, Labels, SeriesRef};
use http::StatusCode;

use super::{NOW_MS, V1_HEADER, fixture};

pub(super) fn histogram(count: u64) -> Histogram {
    Histogram {
        sum: 2.5,
        positive_spans: vec![Span { offset: 0, length: 1 }],
        counts: Counts::Integer {
            count,
            zero: 0,
            positive: vec![3],
            negative: Vec::new(),
        },
        ..Histogram::stale()
    }
}

fn exemplar(trace: &str) -> Exemplar {
    Exemplar {
        series: SeriesRef(0),
        labels: Labels::from_pairs([("trace_id", trace)]),
        timestamp: 900,
        value: 0.5,
    }
}

pub(super) fn sample(timestamp: i64) -> [Sample; 1] {
    [Sample {
        timestamp,
        value: 1.0,
    }]
}

pub(super) fn sent<'s>(labels: &'s Labels, samples: &'s [Sample]) -> v2::Sent<'s> {
    v2::Sent {
        labels,
        samples,
        start_timestamp: 0,
        histograms: &[],
        exemplars: &[],
        metadata: None,
    }
}

#[tokio::test]
async fn histograms_and_exemplars_come_in_both_versions() {
    let fixture = fixture().await;
    let labels = Labels::from_pairs([("__name__", "h")]);
    let (histograms, exemplars) = ([(1000, histogram(3))], [exemplar("a")]);
    let mut message = v1::encode_series([v1::Sent {
        labels: &labels,
        samples: &[],
        histograms: &histograms,
        exemplars: &exemplars,
    }]);
    // Metadata: h is a histogram.
    message.extend_from_slice(b"\x1a\x05\x08\x03\x12\x01h");
    let (status, headers, text) = fixture
        .send(&[V1_HEADER], compress(&message).expect("small"))
        .await;
    assert_eq!((status.as_u16(), text.as_str()), (204, ""));
    assert!(!headers.contains_key("x-prometheus-remote-write-samples-written"));
    let answer = fixture
        .write_v2(&[v2::Sent {
            histograms: &[(2000, histogram(3))],
            exemplars: &exemplars,
            metadata: Some((3, "how long it takes", "seconds")),
            ..sent(&labels, &[])
        }])
        .await;
    assert_eq!(answer, (204, ["0", "1", "1"].map(str::to_owned), String::new()));
    let of = |at| {
        [
            format!("{{__name__=\"h\"}} histogram of 2.5@{at}"),
            "{__name__=\"h\"} # {trace_id=\"a\"} 0.5@900".to_owned(),
        ]
    };
    assert_eq!(*fixture.stored.lock(), [of(1000), of(2000)].concat());
    assert_eq!(
        *fixture.policies.lock(),
        [RejectPolicy::RollBack, RejectPolicy::DropSamples]
    );
    let said = fixture.receiver.metadata().read(Some("h"));
    assert_eq!(
        (said[0].1.kind, said[0].1.help.as_str()),
        ("histogram", "how long it takes")
    );
    let metrics = fixture.receiver.metrics();
    assert_eq!((metrics.histograms.get(), metrics.exemplars.get()), (2, 2));
}

/// As Prometheus sends them.
#[tokio::test]
async fn exemplars_come_in_series_of_their_own() {
    let fixture = fixture().await;
    let labels = Labels::from_pairs([("__name__", "total")]);
    let answer = fixture
        .write_v2(&[
            sent(&labels, &sample(1000)),
            v2::Sent {
                exemplars: &[exemplar("a")],
                ..sent(&labels, &[])
            },
        ])
        .await;
    assert_eq!(answer, (204, ["1", "0", "1"].map(str::to_owned), String::new()));
    assert_eq!(
        fixture.stored.lock()[1],
        "{__name__=\"total\"} # {trace_id=\"a\"} 0.5@900"
    );
}

#[tokio::test]
async fn version_1_refuses_a_histogram_that_is_not_valid_with_all_else() {
    let fixture = fixture().await;
    let labels = Labels::from_pairs([("__name__", "h")]);
    let (samples, histograms) = (sample(1), [(1000, histogram(2))]);
    let message = v1::encode_series([v1::Sent {
        labels: &labels,
        samples: &samples,
        histograms: &histograms,
        exemplars: &[],
    }]);
    let (status, text) = fixture
        .post(&[V1_HEADER], compress(&message).expect("small"))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(
        text.starts_with("3 observations found in buckets, but the Count field is 2"),
        "{text}"
    );
    assert!(
        text.contains("{__name__=\"h\"}") && fixture.stored.lock().is_empty(),
        "{text}"
    );
}

#[tokio::test]
async fn version_2_stores_what_is_good_and_tells_of_the_rest() {
    let fixture = fixture().await;
    let of = |name: &str| Labels::from_pairs([("__name__", name)]);
    let (good, late, both) = (of("good"), of("late"), of("both"));
    let nameless = Labels::from_pairs([("a", "b")]);
    let (now, future) = (sample(1000), sample(NOW_MS + 600_001));
    let answer = fixture
        .write_v2(&[
            sent(&nameless, &now),
            sent(&good, &now),
            sent(&late, &future),
            v2::Sent {
                histograms: &[(1000, histogram(3))],
                ..sent(&both, &now)
            },
            sent(&of("none"), &[]),
            v2::Sent {
                histograms: &[(1000, histogram(2))],
                ..sent(&of("invalid"), &[])
            },
        ])
        .await;
    let (status, written, text) = answer;
    assert_eq!((status, written), (400, ["1", "0", "0"].map(str::to_owned)));
    let lines: Vec<&str> = text.lines().collect();
    for (line, expected) in [
        "invalid metric name or labels, got {a=\"b\"}",
        "out of bounds: sample at 1600001 ms for series {__name__=\"late\"} is too far in the future",
        "TimeSeries must contain either samples or histograms for series, not both: {__name__=\"both\"}",
        "TimeSeries must contain at least one sample or histogram for series {__name__=\"none\"}",
        "3 observations found in buckets, but the Count field is 2",
    ]
    .iter()
    .enumerate()
    {
        assert!(lines[line].starts_with(expected), "{text}");
    }
    assert_eq!(lines.len(), 5, "{text}");
    assert_eq!(
        *fixture.stored.lock(),
        [r#"{__name__="good"} 3ff0000000000000@1000"#]
    );
}

#[tokio::test]
async fn version_2_tells_what_the_store_refused() {
    let fixture = fixture().await;
    let (a, b) = (
        Labels::from_pairs([("__name__", "a")]),
        Labels::from_pairs([("__name__", "b")]),
    );
    let now = sample(1000);
    let mut rejected = Rejections::default();
    rejected.add(1, RejectReason::OutOfOrder);
    let receipt = CommitReceipt {
        accepted: 1,
        rejected,
        ..CommitReceipt::default()
    };
    *fixture.next_answer.lock() = Some(Ok(receipt));
    assert_eq!(
        fixture.write_v2(&[sent(&a, &now), sent(&b, &now)]).await,
        (
            400,
            ["1", "0", "0"].map(str::to_owned),
            "out of order sample: sample at 1000 ms for series {__name__=\"b\"}\n".to_owned()
        )
    );
    *fixture.next_answer.lock() = Some(Err(DeliveryError::Unavailable("no space left on device".into())));
    let (status, written, _) = fixture.write_v2(&[sent(&a, &now)]).await;
    assert_eq!((status, written), (503, ["0", "0", "0"].map(str::to_owned)));
}

#[tokio::test]
async fn both_versions_tell_of_the_limit_of_series() {
    let fixture = fixture().await;
    let receipt = || {
        let mut rejected = Rejections::default();
        rejected.add(0, RejectReason::SeriesLimit);
        CommitReceipt {
            rejected,
            ..CommitReceipt::default()
        }
    };
    *fixture.next_answer.lock() = Some(Ok(receipt()));
    assert_eq!(fixture.write(&[(&[("__name__", "a")], 1000, 1.0)]).await.0, 400);
    *fixture.next_answer.lock() = Some(Ok(receipt()));
    let a = Labels::from_pairs([("__name__", "a")]);
    let (status, _, text) = fixture.write_v2(&[sent(&a, &sample(2000))]).await;
    assert!(
        status == 400 && text.starts_with("the limit of series is reached"),
        "{status} {text}"
    );
}

#[tokio::test]
async fn a_series_that_comes_again_is_found_by_its_bytes_in_either_version() {
    let fixture = fixture().await;
    let labels = [("__name__", "m"), ("job", "a")];
    let set = Labels::from_pairs(labels);
    for at in [1, 2, 3] {
        assert_eq!(fixture.write(&[(&labels, at, 1.0)]).await.0, 204);
        assert_eq!(fixture.write_v2(&[sent(&set, &sample(at))]).await.0, 204);
    }
    assert_eq!((fixture.table.len(), fixture.receiver.cached_series()), (1, 2));
    // What the table forgot is made again.
    let series = fixture.table.get(&set).expect("known");
    fixture.table.forget([series]);
    assert_eq!(fixture.table.forget([series]), [series]);
    assert_eq!(fixture.write(&[(&labels, 4, 1.0)]).await.0, 204);
    let stored = fixture.stored.lock().clone();
    assert_eq!(stored.len(), 7);
    assert!(
        stored.iter().all(|line| line.starts_with(&set.to_string())),
        "{stored:?}"
    );
}

#[tokio::test]
async fn a_refused_request_leaves_no_series_behind() {
    let fixture = fixture().await;
    let body = fixture
        .write(&[
            (&[("__name__", "a")], 1, 1.0),
            (&[("__name__", "b")], NOW_MS * 2, 1.0),
        ])
        .await;
    assert_eq!(body.0, StatusCode::BAD_REQUEST);
    assert_eq!((fixture.table.len(), fixture.receiver.cached_series()), (0, 0));
}

#[tokio::test]
async fn finer_histograms_than_the_store_knows_are_merged() {
    let fixture = fixture().await;
    let labels = Labels::from_pairs([("__name__", "h")]);
    let fine = |schema| Histogram {
        schema,
        ..histogram(3)
    };
    let answer = fixture
        .write_v2(&[v2::Sent {
            histograms: &[(1000, fine(9)), (2000, fine(52)), (3000, fine(53))],
            ..sent(&labels, &[])
        }])
        .await;
    assert_eq!(
        (answer.0, answer.1),
        (400, ["0", "2", "0"].map(str::to_owned)),
        "{}",
        answer.2
    );
    assert!(
        answer.2.contains("got schema 53") && answer.2.lines().count() == 1,
        "{}",
        answer.2
    );
    assert_eq!(fixture.stored.lock().len(), 2);
}
