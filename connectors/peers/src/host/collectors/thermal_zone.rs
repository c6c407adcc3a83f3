//! `thermal_zone`: temperatures of thermal zones and states of cooling devices.

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use crate::host::text::{attribute, number_attribute, numbered_entries};

pub(super) struct ThermalZone;

impl Collector for ThermalZone {
    fn name(&self) -> &'static str {
        "thermal_zone"
    }

    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        let folder = roots.sys("class/thermal");
        for (zone, folder) in numbered_entries(&folder, "thermal_zone") {
            let Some(kind) = attribute(&folder.join("type")) else {
                continue;
            };
            // Drivers answer with an error while a sensor sleeps; its zone has no sample then.
            let Some(millidegrees) = number_attribute(&folder.join("temp")) else {
                continue;
            };
            metrics.gauge(
                "node_thermal_zone_temp",
                "Zone temperature in Celsius",
                &[("zone", &zone), ("type", &kind)],
                millidegrees as f64 / 1000.0,
            );
        }
        for (name, folder) in numbered_entries(&folder, "cooling_device") {
            let Some(kind) = attribute(&folder.join("type")) else {
                continue;
            };
            for (file, family, help) in [
                (
                    "cur_state",
                    "node_cooling_device_cur_state",
                    "Current throttle state of the cooling device",
                ),
                (
                    "max_state",
                    "node_cooling_device_max_state",
                    "Maximum throttle state of the cooling device",
                ),
            ] {
                if let Some(state) = number_attribute(&folder.join(file)) {
                    metrics.gauge(family, help, &[("name", &name), ("type", &kind)], state as f64);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::Fixture;

    #[test]
    fn zones_and_cooling_devices() {
        let fixture = Fixture::new();
        fixture.file("sys/class/thermal/thermal_zone0/type", "cpu-thermal\n");
        fixture.file("sys/class/thermal/thermal_zone0/temp", "12376\n");
        fixture.file("sys/class/thermal/thermal_zone1/type", "asleep\n");
        fixture.file("sys/class/thermal/cooling_device0/type", "Processor\n");
        fixture.file("sys/class/thermal/cooling_device0/cur_state", "-1\n");
        fixture.file("sys/class/thermal/cooling_device0/max_state", "3\n");
        assert_eq!(
            fixture.samples(&ThermalZone),
            [
                "node_cooling_device_cur_state{name=\"0\",type=\"Processor\"} -1",
                "node_cooling_device_max_state{name=\"0\",type=\"Processor\"} 3",
                "node_thermal_zone_temp{type=\"cpu-thermal\",zone=\"0\"} 12.376",
            ]
        );
        assert!(
            Fixture::new().samples(&ThermalZone).is_empty(),
            "none is no error, as in node_exporter"
        );
    }
}
