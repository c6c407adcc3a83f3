//! The samples of both servers: half an hour at 15 s, fixed values.

use connectors_formats::remote_write::v1::Sample;
use engine_model::Labels;
use engine_model::staleness::STALE_NAN;

const STEP_MS: i64 = 15_000;
const STEPS: i64 = 120;
/// Samples of a series in one request.
const SLICE: usize = 40;

type Series = (Labels, Vec<Sample>);

/// All series; the last samples are at `end_ms`.
pub(super) fn all(end_ms: i64) -> Vec<Series> {
    let mut series = Vec::new();
    let mut add = |pairs: &[(&str, &str)], value: &dyn Fn(i64) -> Option<f64>| {
        let samples = (0..STEPS).filter_map(|step| {
            Some(Sample {
                timestamp: end_ms - (STEPS - 1 - step) * STEP_MS,
                value: value(step)?,
            })
        });
        series.push((Labels::from_pairs(pairs.iter().copied()), samples.collect()));
    };
    for (job, instance, up) in [("api", "a:1", 1.0), ("api", "b:1", 0.0), ("web", "c:1", 1.0)] {
        let target = [("job", job), ("instance", instance)];
        add(&[&[("__name__", "up")][..], &target].concat(), &|_| Some(up));
        for (code, factor) in [("200", 7.0), ("404", 1.0), ("500", 0.25)] {
            let pairs = [
                &[("__name__", "http_requests_total"), ("code", code)][..],
                &target,
            ]
            .concat();
            add(&pairs, &|step| Some((step % 100) as f64 * factor));
        }
        for (le, factor) in [("0.1", 1.0), ("0.5", 3.0), ("1", 4.0), ("+Inf", 5.0)] {
            let pairs = [&[("__name__", "latency_seconds_bucket"), ("le", le)][..], &target].concat();
            add(&pairs, &|step| Some(step as f64 * factor));
        }
        let pairs = [&[("__name__", "temperature")][..], &target].concat();
        add(&pairs, &|step| Some(20.0 + (step % 7) as f64 / 10.0));
    }
    add(&[("__name__", "odd_values"), ("kind", "nan")], &|_| {
        Some(f64::NAN)
    });
    add(&[("__name__", "odd_values"), ("kind", "inf")], &|_| {
        Some(f64::INFINITY)
    });
    add(&[("__name__", "odd_values"), ("kind", "tiny")], &|_| Some(1e-9));
    add(&[("__name__", "odd_values"), ("kind", "huge")], &|_| {
        Some(1.5e300)
    });
    add(&[("__name__", "odd_values"), ("kind", "fraction")], &|step| {
        Some(step as f64 / 3.0)
    });
    add(
        &[
            ("__name__", "name.with.dots"),
            ("label.with.dots", "grüße \"x\"\\\n"),
        ],
        &|_| Some(1.0),
    );
    add(
        &[("__name__", "escaped<html>&"), ("tag", "<b>&amp;</b>\u{2028}")],
        &|_| Some(1.0),
    );
    add(&[("__name__", "ended")], &|step| match step {
        0..=99 => Some(1.0),
        100 => Some(STALE_NAN),
        _ => None,
    });
    add(&[("__name__", "sparse")], &|step| {
        (step % 20 == 0).then_some(step as f64)
    });
    series
}

/// The same in requests that both servers take in order.
pub(super) fn slices(series: &[Series]) -> Vec<Vec<Series>> {
    let part = |slice: usize| {
        let parts = series.iter().map(|(labels, samples)| {
            let end = samples.len().min((slice + 1) * SLICE);
            let start = end.min(slice * SLICE);
            (labels.clone(), samples[start..end].to_vec())
        });
        parts.filter(|(_, samples)| !samples.is_empty()).collect()
    };
    (0..(STEPS as usize).div_ceil(SLICE)).map(part).collect()
}
