//! Whether two servers answer alike: the same series at the same times, and the same values to the last digit or but
//! for what the order of a sum makes.

use anyhow::{Context as _, Result};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

/// What is kept of an answer. The order of its series, and of the labels of each, does not count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Answer {
    /// Number of series.
    pub(super) series: usize,
    /// Number of points.
    pub(super) points: usize,
    /// Sum of the finite values.
    pub(super) sum: f64,
    /// Of the labels and times.
    shape: u64,
    /// Of the labels, times and values as text.
    digits: u64,
}

/// How alike two answers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    /// Every digit is the same.
    Equal,
    /// The same series and times, and sums of values within 1e-9.
    Close,
    /// Something else.
    Different,
}

impl Answer {
    /// Of a body of the query API.
    ///
    /// # Errors
    /// When it holds no result.
    pub(super) fn of(body: &[u8]) -> Result<Self> {
        let body: Value = serde_json::from_slice(body)?;
        let result = &body["data"]["result"];
        let (mut points, mut sum, mut shape, mut digits) = (0, 0.0, 0u64, 0u64);
        // A scalar is a point without labels.
        let alone = [serde_json::json!({ "value": result })];
        let series = match body["data"]["resultType"].as_str() {
            Some("scalar") => alone.as_slice(),
            _ => result.as_array().context("an answer without a result")?,
        };
        for one in series {
            let mut labels: Vec<String> = one["metric"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            labels.sort_unstable();
            let (mut times, mut values) = (labels.join(","), String::new());
            let listed = one["values"].as_array().map(Vec::as_slice);
            for point in listed.unwrap_or(std::slice::from_ref(&one["value"])) {
                let value = point[1].as_str().unwrap_or_default();
                sum += value
                    .parse()
                    .ok()
                    .filter(|value: &f64| value.is_finite())
                    .unwrap_or(0.0);
                points += 1;
                times.push_str(&format!(" {}", point[0]));
                values.push_str(&format!(" {value}"));
            }
            shape = shape.wrapping_add(xxh3_64(times.as_bytes()));
            digits = digits.wrapping_add(xxh3_64((times + &values).as_bytes()));
        }
        Ok(Self {
            series: series.len(),
            points,
            sum,
            shape,
            digits,
        })
    }

    /// How like another it is.
    pub(super) fn likeness(&self, other: &Self) -> Likeness {
        let near = (self.sum - other.sum).abs() <= 1e-9 * self.sum.abs().max(other.sum.abs());
        if (self.shape, self.digits) == (other.shape, other.digits) {
            Likeness::Equal
        } else if self.shape == other.shape && near {
            Likeness::Close
        } else {
            Likeness::Different
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(result: &str) -> Answer {
        let body = format!(r#"{{"data":{{"resultType":"matrix","result":{result}}}}}"#);
        Answer::of(body.as_bytes()).unwrap()
    }

    #[test]
    fn order_does_not_count_but_digits_labels_and_times_do() {
        let one = answer(
            r#"[{"metric":{"a":"1","b":"2"},"values":[[1,"2"],[2.5,"NaN"]]},{"metric":{},"values":[[1,"0.3"]]}]"#,
        );
        assert_eq!((one.series, one.points, one.sum), (2, 3, 2.3));
        let cases = [
            (
                r#"[{"metric":{},"values":[[1,"0.3"]]},{"metric":{"b":"2","a":"1"},"values":[[1,"2"],[2.5,"NaN"]]}]"#,
                Likeness::Equal,
            ),
            (
                r#"[{"metric":{},"values":[[1,"0.30000000000000004"]]},{"metric":{"b":"2","a":"1"},"values":[[1,"2"],[2.5,"NaN"]]}]"#,
                Likeness::Close,
            ),
            (
                r#"[{"metric":{},"values":[[1,"0.3"]]},{"metric":{"b":"2","a":"1"},"values":[[1,"2"],[3,"NaN"]]}]"#,
                Likeness::Different,
            ),
            (
                r#"[{"metric":{},"values":[[1,"0.3"]]},{"metric":{"b":"2","a":"2"},"values":[[1,"2"],[2.5,"NaN"]]}]"#,
                Likeness::Different,
            ),
            (
                r#"[{"metric":{},"values":[[1,"0.4"]]},{"metric":{"b":"2","a":"1"},"values":[[1,"2"],[2.5,"NaN"]]}]"#,
                Likeness::Different,
            ),
            ("[]", Likeness::Different),
        ];
        for (text, expected) in cases {
            assert_eq!(one.likeness(&answer(text)), expected, "{text}");
        }
    }

    #[test]
    fn instants_and_scalars_are_points() {
        let vector =
            Answer::of(br#"{"data":{"resultType":"vector","result":[{"metric":{},"value":[1,"2"]}]}}"#);
        let scalar = Answer::of(br#"{"data":{"resultType":"scalar","result":[1,"2"]}}"#);
        let (vector, scalar) = (vector.unwrap(), scalar.unwrap());
        assert_eq!((vector.points, vector.sum), (1, 2.0));
        assert_eq!(vector.likeness(&scalar), Likeness::Equal);
        assert!(Answer::of(b"{}").is_err());
    }
}
