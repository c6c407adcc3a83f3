//! How the values of one target's series move, a step a scrape.

use super::random::Random;
use super::shape::{Kind, LES, SeriesShape};

/// A value, in the form that its text is made from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// A whole number.
    Whole(i64),
    /// Hundredths.
    Cents(i64),
    /// A double with all its digits.
    Odd(f64),
}

impl Value {
    /// The double that a server reads from the text.
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Cents(cents) => cents as f64 / 100.0,
            Self::Odd(odd) => odd,
        }
    }
}

/// The values of a target's series at one step.
#[derive(Debug, Clone)]
pub struct Values {
    series: Vec<Moving>,
}

#[derive(Debug, Clone)]
struct Moving {
    kind: Kind,
    begins_histogram: bool,
    /// What a counter gains in a step, about; pages that a gauge moves at most.
    pace: u32,
    /// Whole things, cents or pages; the bits of an odd double.
    state: i64,
    random: Random,
}

const PAGE: i64 = 4096;

impl Values {
    /// The values of step 0 of the target with this seed.
    pub fn new(seed: u64, shapes: &[SeriesShape]) -> Self {
        let mut series = Vec::with_capacity(shapes.len());
        for (number, shape) in shapes.iter().enumerate() {
            let mut random = Random::new(seed.wrapping_mul(0x1_0000_0001) ^ (number as u64) << 20);
            // Paces are spread evenly over their magnitudes, from 1 to a million.
            let pace = 10f64.powf(6.0 * random.unit()) as u32;
            let state = match shape.kind {
                Kind::Constant => [0, 0, 1, 1_500, 1 << 37][random.below(5) as usize],
                Kind::Counter => i64::from(pace) * random.below(100_000) as i64,
                Kind::Cents => random.below(100_000_000) as i64,
                Kind::Pages => (1 << 20) + random.below(1 << 22) as i64,
                Kind::Odd => random.unit().to_bits() as i64,
                Kind::Bucket => 0,
            };
            let begins_histogram = shape
                .labels
                .iter()
                .any(|(name, value)| *name == "le" && value == LES[0]);
            series.push(Moving {
                kind: shape.kind,
                begins_histogram,
                pace,
                state,
                random,
            });
        }
        Self { series }
    }

    /// Moves every series one step on.
    pub fn step(&mut self) {
        let mut observed = 0;
        for series in &mut self.series {
            let random = &mut series.random;
            match series.kind {
                Kind::Constant => {}
                Kind::Counter => {
                    let pace = u64::from(series.pace);
                    series.state += (pace / 2 + random.below(pace + 1)) as i64;
                }
                Kind::Cents => series.state += random.below(1500) as i64,
                Kind::Pages => {
                    // Three of ten steps find memory and disks as they were.
                    if random.below(10) >= 3 {
                        let most = u64::from(series.pace % 2000) + 1;
                        let moved = random.below(2 * most + 1) as i64 - most as i64;
                        series.state = (series.state + moved).max(0);
                    }
                }
                Kind::Odd => series.state = random.unit().to_bits() as i64,
                Kind::Bucket => {
                    if series.begins_histogram {
                        observed = 0;
                    }
                    observed += random.below(8) as i64;
                    series.state += observed;
                }
            }
        }
    }

    /// The values at this step, in order of the shapes.
    pub fn iter(&self) -> impl Iterator<Item = Value> + '_ {
        self.series.iter().map(|series| match series.kind {
            Kind::Constant | Kind::Counter | Kind::Bucket => Value::Whole(series.state),
            Kind::Pages => Value::Whole(series.state * PAGE),
            Kind::Cents => Value::Cents(series.state),
            Kind::Odd => Value::Odd(f64::from_bits(series.state as u64)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::shapes;

    #[test]
    fn counters_rise_buckets_accumulate_and_seeds_repeat() {
        let shapes = shapes(1000);
        let mut values = Values::new(7, &shapes);
        let mut again = Values::new(7, &shapes);
        let before: Vec<f64> = values.iter().map(Value::to_f64).collect();
        values.step();
        again.step();
        let after: Vec<f64> = values.iter().map(Value::to_f64).collect();
        assert_eq!(after, again.iter().map(Value::to_f64).collect::<Vec<_>>());
        let mut moved = 0;
        let mut last_bucket = 0.0;
        for ((shape, before), after) in shapes.iter().zip(&before).zip(&after) {
            match shape.kind {
                Kind::Constant => assert_eq!(before, after),
                Kind::Counter | Kind::Cents => assert!(after >= before),
                Kind::Pages => assert_eq!(after % 4096.0, 0.0),
                Kind::Odd => assert_ne!(before, after),
                Kind::Bucket => {
                    assert!(shape.labels[1].1 == LES[0] || *after >= last_bucket);
                    last_bucket = *after;
                }
            }
            moved += usize::from(before != after);
        }
        assert!(moved > 400, "only {moved} of 1000 series moved");
    }
}
