//! How the values of one host move from the page on: counters grow at a pace drawn once, with the day and with noise;
//! gauges wander around what the page says. Numbers keep the form that they have on the page, so that whole ones stay
//! whole, hundredths hundredths and bytes of pages pages.

use std::f64::consts::TAU;

use xxhash_rust::xxh3::xxh3_64;

use super::page::{Nature, PageSeries};
use crate::load::Random;
use crate::queries::data::Source;

const DAY_MS: i64 = 86_400_000;
/// Bytes of a page of memory.
const PAGE: f64 = 4096.0;
/// More decimals than these are all a double has.
const DECIMALS_MAX: usize = 6;

/// The values of all series of the page.
#[derive(Debug)]
pub(super) struct Host(Vec<Moving>);

#[derive(Debug)]
struct Moving {
    start: f64,
    form: Form,
    manner: Manner,
    random: Random,
    /// When in its day it is busiest, as a part of a circle.
    phase: f64,
    /// What a counter has gained, in its pace's steps; how far a gauge has gone, from -1 to 1.
    state: f64,
}

/// The numbers that a series may show.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    /// Multiples of this.
    Multiple(f64),
    /// This many decimals, as the power of ten.
    Decimals(f64),
    /// Any.
    Free,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Manner {
    /// Never moves.
    Still,
    /// Is the time of the sample.
    Clock,
    /// Gains about this much a step.
    Grows(f64),
    /// Goes about this far from where it started.
    Wanders(f64),
}

impl Host {
    /// The values of the first step are near those of the page.
    pub(super) fn new(series: &[PageSeries]) -> Self {
        Self(series.iter().map(Moving::new).collect())
    }
}

impl Source for Host {
    fn next(&mut self, time_ms: i64) -> Vec<f64> {
        self.0.iter_mut().map(|moving| moving.next(time_ms)).collect()
    }
}

impl Moving {
    fn new(series: &PageSeries) -> Self {
        let mut random = Random::new(seed(series));
        let phase = random.unit();
        let form = Form::of(series.value);
        Self {
            start: series.value,
            form,
            manner: manner(series, form, &mut random),
            random,
            phase,
            state: 0.0,
        }
    }

    fn next(&mut self, time_ms: i64) -> f64 {
        let part = (time_ms.rem_euclid(DAY_MS)) as f64 / DAY_MS as f64;
        let wave = ((part + self.phase) * TAU).sin();
        match self.manner {
            Manner::Still => self.start,
            Manner::Clock => time_ms as f64 / 1000.0,
            Manner::Grows(pace) => {
                self.state += (1.0 + 0.5 * wave) * (0.5 + self.random.unit());
                self.form.below(self.start + pace * self.state)
            }
            Manner::Wanders(reach) => {
                self.state = 0.9 * self.state + 0.1 * (2.0 * self.random.unit() - 1.0);
                let gone = self.start + reach * (0.5 * wave + self.state);
                // What is never negative on the page is never negative.
                self.form
                    .below(if self.start < 0.0 { gone } else { gone.max(0.0) })
            }
        }
    }
}

impl Form {
    fn of(value: f64) -> Self {
        if value >= PAGE && value % PAGE == 0.0 {
            return Self::Multiple(PAGE);
        }
        let text = value.to_string();
        match text.split_once('.').map_or(0, |(_, decimals)| decimals.len()) {
            0 => Self::Multiple(1.0),
            more if more > DECIMALS_MAX => Self::Free,
            few => Self::Decimals(10f64.powi(few as i32)),
        }
    }

    /// The largest such number that is not above `value`, so that what grows never falls.
    fn below(self, value: f64) -> f64 {
        match self {
            Self::Multiple(unit) => (value / unit).floor() * unit,
            Self::Decimals(power) => (value * power).floor() / power,
            Self::Free => value,
        }
    }

    /// How far apart its numbers are.
    fn unit(self) -> f64 {
        match self {
            Self::Multiple(unit) => unit,
            Self::Decimals(power) => power.recip(),
            Self::Free => 0.0,
        }
    }
}

/// Counters of nothing, flags and facts stay as they are, as on a real host; a quarter of the other gauges are limits
/// and sizes, which stay too.
fn manner(series: &PageSeries, form: Form, random: &mut Random) -> Manner {
    let (name, value) = (series.labels.metric_name(), series.value);
    if value == 0.0 || !value.is_finite() {
        return Manner::Still;
    }
    match series.nature {
        // A counter doubles within 100 to 10,000 steps: what is rare on the page stays rare.
        Nature::Counter | Nature::Part => Manner::Grows(value.abs() * 10f64.powf(-4.0 + 2.0 * random.unit())),
        Nature::Gauge if name == "node_time_seconds" => Manner::Clock,
        Nature::Gauge if value == 1.0 || name.ends_with("_time_seconds") || random.below(4) == 0 => {
            Manner::Still
        }
        Nature::Gauge => Manner::Wanders((value.abs() * 0.2 * random.unit()).max(2.0 * form.unit())),
    }
}

/// A series' own seed; the parts of a histogram share one, so that they grow by the same share and stay in order.
fn seed(series: &PageSeries) -> u64 {
    if series.nature != Nature::Part {
        return xxh3_64(series.labels.encoded());
    }
    let name = series.labels.metric_name();
    let family = name.rsplit_once('_').map_or(name, |(family, _)| family);
    let shared = series.labels.without(&["__name__", "le"]);
    xxh3_64(shared.with("__name__", family).encoded())
}

#[cfg(test)]
mod tests {
    use engine_model::Labels;

    use super::*;

    const STEP_MS: i64 = 120_000;

    fn series(name: &str, label: (&str, &str), nature: Nature, value: f64) -> PageSeries {
        PageSeries {
            labels: Labels::from_pairs([("__name__", name), label]),
            nature,
            value,
        }
    }

    /// The values of two days.
    fn days(page: &[PageSeries]) -> Vec<Vec<f64>> {
        let mut host = Host::new(page);
        (0..1440).map(|step| host.next(step * STEP_MS)).collect()
    }

    #[test]
    fn numbers_keep_their_form_and_repeat() {
        let mut page = vec![
            series("cents_total", ("a", ""), Nature::Counter, 1234.5),
            series("whole_total", ("a", ""), Nature::Counter, 98_765.0),
            series("idle_total", ("a", ""), Nature::Counter, 0.0),
            series("flag", ("a", ""), Nature::Gauge, 1.0),
            series("node_time_seconds", ("a", ""), Nature::Gauge, 1.5e9),
            series("node_boot_time_seconds", ("a", ""), Nature::Gauge, 1.4e9),
        ];
        let free: Vec<String> = (0..40).map(|number| number.to_string()).collect();
        let gauges = free
            .iter()
            .map(|number| series("free_bytes", ("n", number), Nature::Gauge, 4096.0 * 1e5));
        page.extend(gauges);
        let values = days(&page);
        assert_eq!(values, days(&page));
        for pair in values.windows(2) {
            assert!(pair[0][0] <= pair[1][0] && pair[0][1] <= pair[1][1]);
        }
        let (first, last) = (&values[0], &values[1439]);
        assert!(last[0] > 1.1 * first[0] && last[1] > 1.1 * first[1]);
        for (step, row) in values.iter().enumerate() {
            assert_eq!(((row[0] * 10.0).round() / 10.0, row[1].fract()), (row[0], 0.0));
            assert_eq!(row[2..6], [0.0, 1.0, step as f64 * 120.0, 1.4e9]);
            assert!(row[6..].iter().all(|bytes| bytes % 4096.0 == 0.0 && *bytes > 2e8));
        }
        let moved = (6..46).filter(|&gauge| values.iter().any(|row| row[gauge] != first[gauge]));
        let moved = moved.count();
        assert!((20..40).contains(&moved), "{moved} of 40 gauges move");
    }

    #[test]
    fn buckets_stay_cumulative() {
        let bounds = [("0.1", 1003.0), ("1", 1004.0), ("+Inf", 5000.0)];
        let mut page: Vec<_> = bounds
            .iter()
            .map(|(le, value)| series("wait_bucket", ("le", le), Nature::Part, *value))
            .collect();
        page.push(series("wait_count", ("a", ""), Nature::Part, 5000.0));
        for row in days(&page) {
            assert!(row.is_sorted() && row[2] == row[3], "{row:?}");
        }
    }

    #[test]
    fn forms_are_read_off_the_value() {
        let values = [8192.0, 5000.0, 0.25, 1.0 / 3.0, 1e300];
        let expected = [
            Form::Multiple(PAGE),
            Form::Multiple(1.0),
            Form::Decimals(100.0),
            Form::Free,
            Form::Multiple(PAGE),
        ];
        assert_eq!(values.map(Form::of), expected);
    }
}
