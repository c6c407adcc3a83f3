//! Merges compared with a model: a map from series and time to the first accepted value.

use std::collections::BTreeMap;
use std::fs;

use engine_model::Labels;
use engine_model::histogram::Histogram;
use proptest::collection::vec;
use proptest::prelude::*;

use super::{MergeOptions, merge, merge_with, plan};
use crate::disk::real;
use crate::segment::tests::{header, read_all, series, write};
use crate::segment::{Level, Segment, SegmentError, SegmentInfo, verify};
use crate::series_samples::SeriesSamples;

const HOUR: i64 = 3_600_000;

type Model = BTreeMap<(Vec<u8>, i64), u64>;

fn model(segments: &[Segment]) -> Model {
    let mut sorted: Vec<&Segment> = segments.iter().collect();
    sorted.sort_by_key(|segment| segment.sequence());
    let mut model = Model::new();
    for segment in sorted {
        for series in read_all(segment) {
            for (time, value) in series.timestamps.iter().zip(&series.values) {
                let key = (series.labels.encoded().to_vec(), *time);
                model.entry(key).or_insert(value.to_bits());
            }
        }
    }
    model
}

/// One small segment: few series and times, so that segments collide.
fn dataset() -> impl Strategy<Value = Vec<SeriesSamples>> {
    let samples = vec((0i64..200, 0u32..1000), 1..40);
    vec((0u8..6, samples), 1..6).prop_map(|series| {
        let mut model: BTreeMap<u8, BTreeMap<i64, f64>> = BTreeMap::new();
        for (id, samples) in series {
            let times = model.entry(id).or_default();
            for (tick, value) in samples {
                times.insert(tick * 97_000 - HOUR, f64::from(value) / 4.0);
            }
        }
        let of = |(id, samples): (u8, BTreeMap<i64, f64>)| SeriesSamples {
            labels: Labels::from_pairs([("__name__", "m".to_owned()), ("id", id.to_string())]),
            timestamps: samples.keys().copied().collect(),
            values: samples.values().copied().collect(),
            histograms: Vec::new(),
            starts: Vec::new(),
        };
        model.into_iter().map(of).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn merging_equals_the_model(data in vec(dataset(), 1..6), to_day in any::<bool>()) {
        let dir = tempfile::tempdir().unwrap();
        let level = if to_day { Level::Day } else { Level::TwoHours };
        let inputs: Vec<Segment> = (1u64..)
            .zip(&data)
            .map(|(sequence, data)| write(dir.path(), header(Level::Cut, sequence), data))
            .collect();
        let reversed: Vec<Segment> = inputs.iter().rev().cloned().collect();
        let outputs = merge(&real(), &reversed, dir.path(), level, 5).unwrap();
        prop_assert_eq!(model(&outputs), model(&inputs));
        let total: u64 = outputs.iter().map(Segment::sample_count).sum();
        prop_assert_eq!(total, model(&inputs).len() as u64);
        let width = level.window_ms().unwrap();
        for output in &outputs {
            prop_assert_eq!(output.min_time().div_euclid(width), output.max_time().div_euclid(width));
            prop_assert_eq!((output.level(), output.sequence()), (level, 1));
            prop_assert_eq!(output.sources().count(), inputs.len());
            verify(output.path()).unwrap();
        }
        prop_assert!(outputs.is_sorted_by(|a, b| a.max_time() < b.min_time()));
    }
}

#[test]
fn plans_are_carried_out_until_nothing_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let mut live: Vec<Segment> = (0..60)
        .map(|i| {
            let id = (i % 4).to_string();
            let samples: Vec<(i64, f64)> = (0..30)
                .map(|s| (i * HOUR / 2 + s * 60_000, (i * s) as f64))
                .collect();
            let labels = [("__name__", "m"), ("id", id.as_str())];
            write(
                dir.path(),
                header(Level::Cut, i as u64),
                &[series(&labels, &samples)],
            )
        })
        .collect();
    let before = model(&live);
    loop {
        let view: Vec<SegmentInfo> = live.iter().map(Segment::info).collect();
        let Some(choice) = plan(&view, 29 * HOUR).into_iter().next() else {
            break;
        };
        let (inputs, rest): (Vec<Segment>, Vec<Segment>) = live
            .into_iter()
            .partition(|segment| choice.inputs.contains(segment.id()));
        live = rest;
        live.extend(merge(&real(), &inputs, dir.path(), choice.level, 0).unwrap());
        for input in inputs {
            fs::remove_dir_all(input.path()).unwrap();
        }
    }
    assert_eq!(model(&live), before);
    let mut levels: Vec<u8> = live.iter().map(|segment| segment.level().number()).collect();
    levels.sort_unstable();
    assert_eq!(
        levels,
        [0, 0, 0, 0, 1, 1, 2],
        "24 h in one day, 24-28 h in two, the rest is not due"
    );
}

#[test]
fn an_input_over_many_windows_is_read_in_passes() {
    let dir = tempfile::tempdir().unwrap();
    let far = [(i64::MIN, 1.0), (-9 * HOUR, 2.0)].into_iter();
    let samples: Vec<(i64, f64)> = far
        .chain((0..40).map(|i| (i * HOUR, i as f64)))
        .chain([(i64::MAX, 3.0)])
        .collect();
    let input = write(
        dir.path(),
        header(Level::Cut, 1),
        &[
            series(&[("__name__", "a")], &samples[20..30]),
            series(&[("__name__", "b")], &samples),
        ],
    );
    let outputs = merge(
        &real(),
        std::slice::from_ref(&input),
        dir.path(),
        Level::TwoHours,
        0,
    )
    .unwrap();
    assert_eq!(outputs.len(), 23);
    assert_eq!(model(&outputs), model(&[input]));
}

#[test]
fn a_failed_merge_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let samples: Vec<(i64, f64)> = (0..40).map(|i| (i * HOUR, i as f64 / 3.0)).collect();
    let input = write(
        dir.path(),
        header(Level::Cut, 1),
        &[series(&[("__name__", "a")], &samples)],
    );
    // A page of the time column, damaged where only a reader of samples looks.
    let file = input.path().join("samples.parquet");
    let mut bytes = fs::read(&file).unwrap();
    for byte in &mut bytes[30..90] {
        *byte = 0xff;
    }
    fs::write(&file, bytes).unwrap();
    let error = merge(
        &real(),
        &[Segment::open(input.path()).unwrap()],
        dir.path(),
        Level::TwoHours,
        0,
    )
    .unwrap_err();
    assert!(error.is_corrupt(), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    assert!(matches!(
        merge(&real(), &[], dir.path(), Level::Day, 0),
        Err(SegmentError::Refused { .. })
    ));
    assert!(matches!(
        merge(&real(), &[input], dir.path(), Level::Cut, 0),
        Err(SegmentError::Refused { .. })
    ));
}

#[test]
fn a_large_window_is_split_into_parts_that_stay() {
    let dir = tempfile::tempdir().unwrap();
    let input = |sequence: u64| {
        let of = |id: usize| {
            let id = format!("{id:03}");
            let samples: Vec<(i64, f64)> = (0..200)
                .map(|i| {
                    (
                        i * 30_000 + sequence as i64,
                        (i * i * 7919 % 1_000_003) as f64 / 7.0,
                    )
                })
                .collect();
            let mut series = series(&[("__name__", "m"), ("id", &id)], &samples);
            series.histograms = vec![(-1 - sequence as i64, std::sync::Arc::new(Histogram::stale()))];
            series
        };
        let data: Vec<SeriesSamples> = (0..60).map(of).collect();
        write(dir.path(), header(Level::Cut, sequence), &data)
    };
    let inputs = [input(1), input(2)];
    let options = MergeOptions {
        part_bytes: 40_000,
        ..MergeOptions::default()
    };
    let disk = real();
    let outputs = merge_with(&disk, &inputs, dir.path(), Level::Day, 5, &options).unwrap();
    assert_eq!(model(&outputs), model(&inputs));
    let histograms: u64 = outputs.iter().map(Segment::histogram_count).sum();
    assert_eq!(histograms, 120);
    let infos: Vec<SegmentInfo> = outputs.iter().map(Segment::info).collect();
    let (old, day): (Vec<&SegmentInfo>, Vec<&SegmentInfo>) =
        infos.iter().partition(|info| info.max_time_ms < 0);
    assert_eq!(old.len(), 1, "the histograms are before midnight");
    assert!(day.len() > 1, "{} parts", day.len());
    assert!(
        day.iter()
            .all(|info| info.part_of.is_some() && info.part_of == day[0].part_of)
    );
    assert!(plan(&infos, i64::MAX).is_empty(), "parts are not merged again");
    let one = &outputs[outputs.len() - 1..];
    let rewritten = merge_with(&disk, one, dir.path(), Level::Day, 6, &MergeOptions::default()).unwrap();
    assert_eq!(
        rewritten[0].info().part_of,
        day[0].part_of,
        "a part that is written again stays one"
    );
    for output in &outputs {
        verify(output.path()).unwrap();
    }
}
