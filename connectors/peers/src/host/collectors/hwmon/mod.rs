//! `hwmon`: temperatures, fans, voltages, power and other sensors of `/sys/class/hwmon`, as lm-sensors shows.

mod sensor;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use crate::host::text::{attribute, entries};
use sensor::Elements;

/// Sensor files are `<type><number>_<element>`; files of other types are not sensors.
const TYPES: [&str; 14] = [
    "vrm",
    "beep_enable",
    "update_interval",
    "in",
    "cpu",
    "fan",
    "pwm",
    "temp",
    "curr",
    "power",
    "energy",
    "humidity",
    "intrusion",
    "freq",
];

struct Chip {
    folder: PathBuf,
    /// From the device's place in sysfs, which is stable where numbering is not.
    base_name: String,
    name_file: String,
}

pub(super) struct Hwmon;

impl Collector for Hwmon {
    fn name(&self) -> &'static str {
        "hwmon"
    }

    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        let folder = roots.sys("class/hwmon");
        let names = entries(&folder).map_err(|_| CollectError::NoData("no hardware monitors"))?;
        let chips: Vec<Chip> = names.iter().filter_map(|name| chip(folder.join(name))).collect();
        let mut by_name = HashMap::<&str, u32>::new();
        let mut by_both = HashMap::<(&str, &str), u32>::new();
        for chip in &chips {
            *by_name.entry(&chip.base_name).or_default() += 1;
            *by_both.entry((&chip.base_name, &chip.name_file)).or_default() += 1;
        }
        for chip in &chips {
            // Monitors of one device share its name; its `name` file, else its number, tells them apart.
            let mut label = chip.base_name.clone();
            if by_name[chip.base_name.as_str()] > 1 {
                let mut suffix = clean(&chip.name_file);
                if suffix.is_empty() || by_both[&(chip.base_name.as_str(), chip.name_file.as_str())] > 1 {
                    suffix = chip
                        .folder
                        .file_name()
                        .map_or_else(String::new, |name| clean(&name.to_string_lossy()));
                }
                label = format!("{label}_{suffix}");
            }
            add_chip(chip, &label, metrics);
        }
        Ok(())
    }
}

fn chip(folder: PathBuf) -> Option<Chip> {
    if !folder.is_dir() {
        return None;
    }
    let name_file = attribute(&folder.join("name")).unwrap_or_default();
    let base_name = device_name(&folder)
        .or_else(|| Some(clean(&name_file)).filter(|name| !name.is_empty()))
        .or_else(|| Some(clean(&folder.canonicalize().ok()?.file_name()?.to_string_lossy())))
        .filter(|name| !name.is_empty())?;
    Some(Chip {
        folder,
        base_name,
        name_file,
    })
}

/// `platform_coretemp_0` for a device at `…/platform/coretemp.0`.
fn device_name(folder: &Path) -> Option<String> {
    let device = folder.join("device").canonicalize().ok()?;
    let name = clean(&device.file_name()?.to_string_lossy());
    let bus = device
        .parent()?
        .file_name()
        .map_or_else(String::new, |bus| clean(&bus.to_string_lossy()));
    match (bus.is_empty(), name.is_empty()) {
        (_, true) => None,
        (true, false) => Some(name),
        (false, false) => Some(format!("{bus}_{name}")),
    }
}

/// Lower case, and underscores for what may not stand in a metric name.
fn clean(name: &str) -> String {
    let replaced: String = name
        .to_lowercase()
        .chars()
        .map(|c| {
            if c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, ':' | '_') {
                c
            } else {
                '_'
            }
        })
        .collect();
    replaced.trim_matches('_').to_owned()
}

fn add_chip(chip: &Chip, label: &str, metrics: &mut Metrics) {
    let chip_name = clean(&chip.name_file);
    if !chip_name.is_empty() {
        metrics.gauge(
            "node_hwmon_chip_names",
            "Annotation metric for human-readable chip names",
            &[("chip", label), ("chip_name", &chip_name)],
            1.0,
        );
    }
    let mut sensors = BTreeMap::<String, (&'static str, Elements)>::new();
    // Older drivers put their files in the device's own folder.
    for folder in [chip.folder.clone(), chip.folder.join("device")] {
        for file in entries(&folder).unwrap_or_default() {
            let Some((kind, number, element)) = split(&file) else {
                continue;
            };
            let Some(value) = attribute(&folder.join(&file)) else {
                continue;
            };
            let (_, elements) = sensors
                .entry(format!("{kind}{number}"))
                .or_insert_with(|| (kind, Elements::new()));
            elements.insert(element.to_owned(), value);
        }
    }
    for (sensor, (kind, elements)) in &sensors {
        sensor::add(label, sensor, kind, elements, metrics);
    }
}

/// `temp1_crit_alarm` → (`temp`, 1, `crit_alarm`); a missing number is 0, a missing element is empty.
fn split(file: &str) -> Option<(&'static str, u32, &str)> {
    let digits_at = file.find(|c: char| c.is_ascii_digit()).unwrap_or(file.len());
    let (kind, rest) = file.split_at(digits_at);
    let kind = TYPES.into_iter().find(|known| *known == kind)?;
    let element_at = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (number, element) = rest.split_at(element_at);
    let number = if number.is_empty() {
        0
    } else {
        number.parse().ok()?
    };
    if element.is_empty() {
        return Some((kind, number, ""));
    }
    element
        .strip_prefix('_')
        .filter(|element| !element.is_empty())
        .map(|element| (kind, number, element))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::{Fixture, assert_has};

    #[test]
    fn chips_are_named_after_their_device() {
        let fixture = Fixture::new();
        fixture.file("sys/devices/platform/coretemp.0/uevent", "");
        for (file, content) in [
            ("name", "coretemp"),
            ("temp1_input", "55000"),
            ("temp1_label", "Core 0"),
        ] {
            fixture.file(&format!("sys/class/hwmon/hwmon0/{file}"), &format!("{content}\n"));
        }
        fixture.file("sys/class/hwmon/hwmon1/fan1_input", "1200\n");
        fixture.file("sys/class/hwmon/hwmon2/name", "Nct-6779\n");
        std::os::unix::fs::symlink(
            fixture.path("sys/devices/platform/coretemp.0"),
            fixture.path("sys/class/hwmon/hwmon0/device"),
        )
        .unwrap();
        let samples = fixture.samples(&Hwmon);
        assert_has(
            &samples,
            &[
                "node_hwmon_chip_names{chip=\"platform_coretemp_0\",chip_name=\"coretemp\"} 1",
                "node_hwmon_chip_names{chip=\"nct_6779\",chip_name=\"nct_6779\"} 1",
                "node_hwmon_temp_celsius{chip=\"platform_coretemp_0\",sensor=\"temp1\"} 55",
                "node_hwmon_sensor_label{chip=\"platform_coretemp_0\",label=\"Core 0\",sensor=\"temp1\"} 1",
                "node_hwmon_fan_rpm{chip=\"hwmon1\",sensor=\"fan1\"} 1200",
            ],
        );
        assert_eq!(samples.len(), 5);
    }

    #[test]
    fn monitors_of_one_device_stay_apart() {
        let fixture = Fixture::new();
        for (folder, name) in [("hwmon0", "asus"), ("hwmon1", "asus"), ("hwmon2", "other")] {
            fixture.file(&format!("sys/class/hwmon/{folder}/name"), name);
            let target = fixture.path("sys/devices/platform/asus-nb-wmi");
            std::fs::create_dir_all(&target).unwrap();
            std::os::unix::fs::symlink(target, fixture.path(&format!("sys/class/hwmon/{folder}/device")))
                .unwrap();
        }
        let samples = fixture.samples(&Hwmon);
        for chip in ["hwmon0", "hwmon1", "other"] {
            let label = format!("chip=\"platform_asus_nb_wmi_{chip}\"");
            assert!(
                samples.iter().any(|sample| sample.contains(&label)),
                "{label} in {samples:?}"
            );
        }
    }

    #[test]
    fn file_names() {
        for (file, expected) in [
            ("temp1_input", Some(("temp", 1, "input"))),
            ("temp12_crit_alarm", Some(("temp", 12, "crit_alarm"))),
            ("pwm1", Some(("pwm", 1, ""))),
            ("update_interval", Some(("update_interval", 0, ""))),
            ("in0_min", Some(("in", 0, "min"))),
            ("temp1x", None),
            ("name", None),
            ("uevent", None),
            ("temp1_", None),
        ] {
            assert_eq!(split(file), expected, "{file}");
        }
    }

    #[test]
    fn a_machine_without_monitors_has_no_data() {
        assert!(matches!(
            Fixture::new().run(&Hwmon).1,
            Err(CollectError::NoData(_))
        ));
    }
}
