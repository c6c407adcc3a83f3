//! Alertmanager's functions and data for notifications.

mod data;
mod encoding;
mod json;

use std::sync::{Arc, OnceLock};

use chrono_tz::Tz;

pub use data::{AlertData, NotificationData, alert_status};

use super::escape::url_query_unescape;
use super::humanize::humanize_duration;
use super::text::{matches, of_string, replace_all, title};
use super::{Args, Functions};
use crate::error::FunctionError;
use crate::format::to_text;
use crate::value::{List, Map, MapType, Time, Value, Zone};

type Outcome = Result<Value, FunctionError>;

/// The functions of one notification: Go's builtins and Alertmanager's, with `now` and `since`
/// counted from `now_ms`.
pub fn functions(now_ms: i64) -> Functions {
    let mut functions = fixed().clone();
    let now = move || Time::from_unix_ms(now_ms).ok_or_else(|| FunctionError::failed("time out of range"));
    functions.add("now", move |args| {
        args.exactly(0)?;
        Ok(Value::Time(now()?))
    });
    functions.add("since", move |args| {
        args.exactly(1)?;
        Ok(Value::Duration(crate::value::difference_ns(
            &now()?,
            args.time(0)?,
        )))
    });
    functions
}

/// The functions that depend on nothing, built once.
fn fixed() -> &'static Functions {
    static FIXED: OnceLock<Functions> = OnceLock::new();
    FIXED.get_or_init(|| {
        let mut functions = Functions::builtins();
        add_texts(&mut functions);
        add_collections(&mut functions);
        add_times(&mut functions);
        functions.freeze()
    })
}

fn add_texts(functions: &mut Functions) {
    functions.add("toUpper", |args| of_string(args, str::to_uppercase));
    functions.add("toLower", |args| of_string(args, str::to_lowercase));
    functions.add("title", |args| of_string(args, |text| title(text, true)));
    functions.add("trimSpace", |args| of_string(args, |text| text.trim().to_owned()));
    functions.add("safeHtml", |args| of_string(args, str::to_owned));
    functions.add("safeUrl", |args| of_string(args, str::to_owned));
    functions.add("urlUnescape", |args| {
        args.exactly(1)?;
        Ok(url_query_unescape(args.string(0)?)
            .map_err(FunctionError::Failed)?
            .into())
    });
    functions.add("match", matches);
    functions.add("reReplaceAll", replace_all);
    functions.add("base64encode", |args| {
        of_string(args, |text| encoding::encode(text.as_bytes()))
    });
    functions.add("base64decode", |args| {
        args.exactly(1)?;
        let bytes = encoding::decode(args.string(0)?).map_err(FunctionError::Failed)?;
        Ok(Value::String(Arc::from(String::from_utf8_lossy(&bytes))))
    });
    functions.add("toJson", |args| {
        args.exactly(1)?;
        Ok(json::to_json(args.value(0))
            .map_err(FunctionError::Failed)?
            .into())
    });
    functions.add("join", |args| {
        args.exactly(2)?;
        let parts: Vec<String> = args.list(1)?.iter().map(to_text).collect();
        Ok(parts.join(args.string(0)?).into())
    });
}

fn add_collections(functions: &mut Functions) {
    functions.add("stringSlice", |args| {
        let count = args.values().len();
        let texts: Result<Vec<&str>, FunctionError> = (0..count).map(|i| args.string(i)).collect();
        Ok(Value::strings(texts?))
    });
    functions.add("list", |args| Ok(Value::list(args.values().to_vec())));
    functions.add("append", |args| {
        args.at_least(1)?;
        let mut items = args.list(0)?.to_vec();
        items.extend_from_slice(&args.values()[1..]);
        let Value::List(list) = args.value(0) else {
            return Ok(Value::list(items));
        };
        Ok(Value::List(Arc::new(List::new(list.of, items))))
    });
    functions.add("dict", dict);
}

/// `dict "a" 1 "b" 2` is a map.
fn dict(args: &Args<'_>) -> Outcome {
    if !args.values().len().is_multiple_of(2) {
        return Err(FunctionError::failed(
            "dict needs an even number of arguments: keys and values in turn",
        ));
    }
    let mut entries = Vec::with_capacity(args.values().len() / 2);
    for i in (0..args.values().len()).step_by(2) {
        entries.push((Arc::from(args.string(i)?), args.value(i + 1).clone()));
    }
    Ok(Value::Map(Arc::new(Map::new(&MapType::ANY, entries))))
}

fn add_times(functions: &mut Functions) {
    functions.add("date", |args| {
        args.exactly(2)?;
        Ok(args.time(1)?.format(args.string(0)?).into())
    });
    functions.add("tz", |args| {
        args.exactly(2)?;
        let (name, time) = (args.string(0)?, args.time(1)?);
        Ok(Value::Time(Time {
            instant: time.instant,
            zone: zone(name)?,
        }))
    });
    functions.add("humanizeDuration", |args| {
        args.exactly(1)?;
        Ok(humanize_duration(args.to_float(0)?).into())
    });
    functions.add("toDate", |args| {
        args.exactly(2)?;
        Ok(Value::Time(
            Time::parse(args.string(0)?, args.string(1)?).unwrap_or_else(|_| Time::zero()),
        ))
    });
    functions.add("mustToDate", |args| {
        args.exactly(2)?;
        Ok(Value::Time(
            Time::parse(args.string(0)?, args.string(1)?).map_err(FunctionError::Failed)?,
        ))
    });
}

fn zone(name: &str) -> Result<Zone, FunctionError> {
    if matches!(name, "" | "UTC" | "Local") {
        return Ok(Zone::Utc);
    }
    let parsed = name.parse::<Tz>().map(Zone::Named);
    parsed.map_err(|_| FunctionError::Failed(format!("unknown time zone {name}")))
}
