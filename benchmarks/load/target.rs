//! One target's exposition text. Everything but the values is rendered once.

use super::shape::SeriesShape;
use super::values::{Value, Values};

/// A target whose values move each time it is asked.
#[derive(Debug)]
pub struct Target {
    /// For each series the bytes before its value, comments included, end to end.
    before_values: Vec<u8>,
    /// Where each series' bytes end.
    ends: Vec<u32>,
    values: Values,
}

impl Target {
    /// The target with this seed.
    pub fn new(seed: u64, shapes: &[SeriesShape]) -> Self {
        let mut before_values = Vec::new();
        let mut ends = Vec::with_capacity(shapes.len());
        let mut family = "";
        for shape in shapes {
            let name = shape.name.strip_suffix("_bucket").unwrap_or(shape.name);
            if family != name {
                family = name;
                let comments = format!(
                    "# HELP {name} What a target of this kind tells about {name}.\n# TYPE {name} {}\n",
                    shape.metric_type
                );
                before_values.extend_from_slice(comments.as_bytes());
            }
            before_values.extend_from_slice(shape.name.as_bytes());
            for (number, (name, value)) in shape.labels.iter().enumerate() {
                let opening = if number == 0 { '{' } else { ',' };
                before_values.extend_from_slice(format!("{opening}{name}=\"{value}\"").as_bytes());
            }
            before_values.extend_from_slice(if shape.labels.is_empty() { b" " } else { b"} " });
            ends.push(before_values.len() as u32);
        }
        Self {
            before_values,
            ends,
            values: Values::new(seed, shapes),
        }
    }

    /// Number of series.
    pub fn series(&self) -> usize {
        self.ends.len()
    }

    /// Moves the values one step and renders them after what `body` holds.
    pub fn render_next(&mut self, body: &mut Vec<u8>) {
        self.values.step();
        body.reserve(self.before_values.len() + 20 * self.ends.len());
        let mut start = 0;
        for (end, value) in self.ends.iter().zip(self.values.iter()) {
            let end = *end as usize;
            body.extend_from_slice(&self.before_values[start..end]);
            render_value(body, value);
            body.push(b'\n');
            start = end;
        }
    }
}

fn render_value(body: &mut Vec<u8>, value: Value) {
    match value {
        Value::Whole(whole) => render_whole(body, whole),
        Value::Cents(cents) => {
            render_whole(body, cents / 100);
            let rest = (cents % 100) as u8;
            body.extend_from_slice(&[b'.', b'0' + rest / 10, b'0' + rest % 10]);
        }
        Value::Odd(odd) => body.extend_from_slice(odd.to_string().as_bytes()),
    }
}

/// No value of ours is negative.
fn render_whole(body: &mut Vec<u8>, whole: i64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = whole.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    body.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use connectors_formats::prometheus_text::{Event, Parser};

    use super::*;
    use crate::load::shapes;

    #[test]
    fn the_text_says_what_the_values_are() {
        let shapes = shapes(400);
        let mut target = Target::new(3, &shapes);
        let mut body = Vec::new();
        target.render_next(&mut body);
        let mut values = Values::new(3, &shapes);
        values.step();
        let mut parsed = Vec::new();
        for event in Parser::new(&body) {
            if let Event::Sample(sample) = event.unwrap() {
                parsed.push(sample.value);
            }
        }
        assert_eq!(parsed, values.iter().map(Value::to_f64).collect::<Vec<_>>());
        assert_eq!(target.series(), 400);
    }
}
