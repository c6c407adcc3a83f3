//! Families, units and help of one sensor's elements (`input`, `max`, `alarm`, …), by the sensor's type.

use std::collections::BTreeMap;

use super::clean;
use crate::host::exposition::Metrics;

/// A sensor's files by what follows the underscore in their names.
pub(super) type Elements = BTreeMap<String, String>;

const MILLI: f64 = 0.001;
const MICRO: f64 = 1_000_000.0;

/// Adds every element of one sensor that is a number.
pub(super) fn add(chip: &str, sensor: &str, kind: &str, elements: &Elements, metrics: &mut Metrics) {
    let labels = [("chip", chip), ("sensor", sensor)];
    if let Some(label) = elements.get("label") {
        metrics.gauge(
            "node_hwmon_sensor_label",
            "Label for given chip and sensor",
            &[("chip", chip), ("sensor", sensor), ("label", label)],
            1.0,
        );
    }
    if let Some((name, help, factor)) = whole_chip(kind) {
        if let Some(value) = elements.get("").and_then(|value| value.parse::<f64>().ok()) {
            metrics.gauge(name, help, &labels, value * factor);
        }
        return;
    }
    for (element, value) in elements.iter().filter(|(element, _)| *element != "label") {
        let Ok(value) = value.parse::<f64>() else { continue };
        if kind == "freq" && element == "input" {
            add_frequency(chip, elements, value, metrics);
            continue;
        }
        let name = match element.as_str() {
            // `input` is the value itself, unless a file without element claims the plain name.
            "input" if !elements.contains_key("") => format!("node_hwmon_{kind}"),
            "" => format!("node_hwmon_{kind}"),
            element => format!("node_hwmon_{kind}_{}", clean(element)),
        };
        let family = family(kind, element);
        let name = name + family.suffix;
        if kind == "energy" && !matches!(element.as_str(), "fault" | "alarm" | "beep") {
            metrics.counter(name, family.help, &labels, value / MICRO);
        } else {
            metrics.gauge(name, family.help, &labels, family.scale.apply(value));
        }
    }
}

/// Settings of the whole chip, which have no number and no elements.
fn whole_chip(kind: &str) -> Option<(&'static str, &'static str, f64)> {
    match kind {
        "beep_enable" => Some(("node_hwmon_beep_enabled", "Hardware beep enabled", 1.0)),
        "vrm" => Some((
            "node_hwmon_voltage_regulator_version",
            "Hardware voltage regulator",
            1.0,
        )),
        "update_interval" => Some((
            "node_hwmon_update_interval_seconds",
            "Hardware monitor update interval",
            MILLI,
        )),
        _ => None,
    }
}

/// A clock's sensor is named by its label, because numbers mean nothing across graphics cards.
fn add_frequency(chip: &str, elements: &Elements, hertz: f64, metrics: &mut Metrics) {
    let Some(label) = elements.get("label") else {
        return;
    };
    let family = if elements.contains_key("") {
        "node_hwmon_freq_input_freq_mhz"
    } else {
        "node_hwmon_freq_freq_mhz"
    };
    metrics.gauge(
        family,
        "Hardware monitor for GPU frequency in MHz",
        &[("chip", chip), ("sensor", &clean(label))],
        hertz / MICRO,
    );
}

#[derive(Clone, Copy)]
enum Scale {
    One,
    Milli,
    Micro,
}

impl Scale {
    fn apply(self, value: f64) -> f64 {
        match self {
            Self::One => value,
            Self::Milli => value * MILLI,
            Self::Micro => value / MICRO,
        }
    }
}

struct Family {
    suffix: &'static str,
    help: String,
    scale: Scale,
}

fn family(kind: &str, element: &str) -> Family {
    let (suffix, help, scale) = match (kind, element) {
        (_, "fault" | "alarm") => (
            "",
            format!("Hardware sensor {element} status ({kind})"),
            Scale::One,
        ),
        (_, "beep") => (
            "_enabled",
            "Hardware monitor sensor has beeping enabled".into(),
            Scale::One,
        ),
        ("in" | "cpu", _) => (
            "_volts",
            format!("Hardware monitor for voltage ({element})"),
            Scale::Milli,
        ),
        ("temp", element) if element != "type" => {
            let element = if element.is_empty() { "input" } else { element };
            (
                "_celsius",
                format!("Hardware monitor for temperature ({element})"),
                Scale::Milli,
            )
        }
        ("curr", _) => (
            "_amps",
            format!("Hardware monitor for current ({element})"),
            Scale::Milli,
        ),
        ("energy", _) => (
            "_joule_total",
            format!("Hardware monitor for joules used so far ({element})"),
            Scale::Micro,
        ),
        ("power", "accuracy") => (
            "",
            "Hardware monitor power meter accuracy, as a ratio".into(),
            Scale::Micro,
        ),
        ("power", "average_interval" | "average_interval_min" | "average_interval_max") => (
            "_seconds",
            format!("Hardware monitor power usage update interval ({element})"),
            Scale::Milli,
        ),
        ("power", _) => (
            "_watt",
            format!("Hardware monitor for power usage in watts ({element})"),
            Scale::Micro,
        ),
        ("humidity", _) => {
            let help = "Hardware monitor for humidity, as a ratio (multiply with 100.0 to get the humidity as a percentage)";
            ("", format!("{help} ({element})"), Scale::Micro)
        }
        ("fan", "input" | "min" | "max" | "target") => (
            "_rpm",
            format!("Hardware monitor for fan revolutions per minute ({element})"),
            Scale::One,
        ),
        _ => (
            "",
            format!("Hardware monitor {kind} element {element}"),
            Scale::One,
        ),
    };
    Family { suffix, help, scale }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Type, element, content of the file, sample.
    const CASES: [(&str, &str, &str, &str); 11] = [
        (
            "temp",
            "input",
            "55000",
            "node_hwmon_temp_celsius{chip=\"c\",sensor=\"s\"} 55",
        ),
        (
            "temp",
            "crit_alarm",
            "0",
            "node_hwmon_temp_crit_alarm_celsius{chip=\"c\",sensor=\"s\"} 0",
        ),
        (
            "temp",
            "type",
            "6",
            "node_hwmon_temp_type{chip=\"c\",sensor=\"s\"} 6",
        ),
        (
            "temp",
            "alarm",
            "1",
            "node_hwmon_temp_alarm{chip=\"c\",sensor=\"s\"} 1",
        ),
        (
            "fan",
            "min",
            "600",
            "node_hwmon_fan_min_rpm{chip=\"c\",sensor=\"s\"} 600",
        ),
        (
            "fan",
            "beep",
            "1",
            "node_hwmon_fan_beep_enabled{chip=\"c\",sensor=\"s\"} 1",
        ),
        (
            "in",
            "max",
            "3300",
            "node_hwmon_in_max_volts{chip=\"c\",sensor=\"s\"} 3.3000000000000003",
        ),
        (
            "power",
            "average",
            "25000000",
            "node_hwmon_power_average_watt{chip=\"c\",sensor=\"s\"} 25",
        ),
        (
            "energy",
            "input",
            "5000000",
            "node_hwmon_energy_joule_total{chip=\"c\",sensor=\"s\"} 5",
        ),
        ("pwm", "", "128", "node_hwmon_pwm{chip=\"c\",sensor=\"s\"} 128"),
        (
            "update_interval",
            "",
            "1000",
            "node_hwmon_update_interval_seconds{chip=\"c\",sensor=\"s\"} 1",
        ),
    ];

    #[test]
    fn names_units_and_kinds() {
        for (kind, element, value, expected) in CASES {
            let mut metrics = Metrics::default();
            add(
                "c",
                "s",
                kind,
                &Elements::from([(element.to_owned(), value.to_owned())]),
                &mut metrics,
            );
            let mut out = String::new();
            metrics.write(&mut out);
            assert!(
                out.ends_with(&format!("\n{expected}\n")),
                "{kind} {element}: {out}"
            );
            let kind_of_family = if kind == "energy" {
                " counter\n"
            } else {
                " gauge\n"
            };
            assert!(out.contains(kind_of_family), "{out}");
        }
    }

    #[test]
    fn clocks_are_named_by_their_label_and_words_are_skipped() {
        let mut metrics = Metrics::default();
        let elements = [("input", "214000000"), ("label", "sclk"), ("mode", "auto")];
        let elements = elements.map(|(name, value)| (name.to_owned(), value.to_owned()));
        add("card", "freq1", "freq", &Elements::from(elements), &mut metrics);
        let mut out = String::new();
        metrics.write(&mut out);
        assert!(
            out.contains("node_hwmon_freq_freq_mhz{chip=\"card\",sensor=\"sclk\"} 214\n"),
            "{out}"
        );
        assert_eq!(out.matches("# TYPE").count(), 2, "{out}");
    }
}
