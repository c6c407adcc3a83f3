//! Any value as JSON, for what is passed on as it is written. Plain scalars are typed as YAML types them.

use serde_json::Value as Json;

use super::Field;
use super::scalar::{parse_integer, parse_number};
use crate::diagnostics::Error;
use crate::yaml::{Scalar, Value};

impl Field<'_> {
    /// The value as JSON.
    ///
    /// # Errors
    /// A number that JSON does not have, such as `.inf`.
    pub fn json(self) -> Result<Json, Error> {
        match &self.node().value {
            Value::Scalar(scalar) => match plain(scalar) {
                Some(json) => Ok(json),
                None => Err(self.error(format!("{} is no number that JSON has", scalar.text))),
            },
            Value::List(_) => self.list(Field::json).map(Json::Array),
            Value::Mapping(_) => {
                let entries = self.entries()?.into_iter();
                let pairs = entries.map(|(key, field)| Ok((key, field.json()?)));
                pairs.collect::<Result<_, Error>>().map(Json::Object)
            }
        }
    }
}

fn plain(scalar: &Scalar) -> Option<Json> {
    let text = scalar.text.as_str();
    if scalar.is_null() {
        return Some(Json::Null);
    }
    if scalar.quoted {
        return Some(Json::from(text));
    }
    match text {
        "true" | "True" | "TRUE" => return Some(Json::Bool(true)),
        "false" | "False" | "FALSE" => return Some(Json::Bool(false)),
        _ => {}
    }
    match (parse_integer(text), parse_number(text)) {
        (Some(integer), _) => Some(Json::from(integer)),
        (None, Some(number)) => serde_json::Number::from_f64(number).map(Json::Number),
        (None, None) => Some(Json::from(text)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Document;

    #[test]
    fn scalars_keep_their_types() {
        let json = |text: &str| {
            let document = Document::parse("a.yml", text).expect("YAML");
            document.decode(Field::json).map_err(|error| error.to_string())
        };
        assert_eq!(
            json("{a: 1, b: '1', c: true, d: ~, e: [x, 1.5, -3], f: {g: yes}}"),
            Ok(json!({"a": 1, "b": "1", "c": true, "d": null, "e": ["x", 1.5, -3], "f": {"g": "yes"}}))
        );
        assert!(json("a: .inf").is_err_and(|error| error.contains("a.yml:1:4")));
    }
}
