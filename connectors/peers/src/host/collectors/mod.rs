//! The collectors, one file each, named as node_exporter's; all are among those that it enables by default.

mod arp;
mod conntrack;
mod cpu;
mod cpufreq;
mod diskstats;
mod entropy;
mod filefd;
mod filesystem;
mod hwmon;
mod loadavg;
mod meminfo;
mod netclass;
mod netdev;
mod netstat;
mod nvme;
mod os;
mod pressure;
mod schedstat;
mod selinux;
mod sockstat;
mod softnet;
mod stat;
mod thermal_zone;
mod time;
mod timex;
mod udp_queues;
mod uname;
mod vmstat;

use super::collector::Collector;

/// Every collector, in the order in which they run.
pub(super) fn all() -> Vec<Box<dyn Collector>> {
    vec![
        Box::new(arp::Arp),
        Box::new(conntrack::Conntrack),
        Box::new(cpu::Cpu::default()),
        Box::new(cpufreq::Cpufreq),
        Box::new(diskstats::Diskstats),
        Box::new(entropy::Entropy),
        Box::new(filefd::Filefd),
        Box::new(filesystem::Filesystem::default()),
        Box::new(hwmon::Hwmon),
        Box::new(loadavg::Loadavg),
        Box::new(meminfo::Meminfo),
        Box::new(netclass::Netclass),
        Box::new(netdev::Netdev),
        Box::new(netstat::Netstat),
        Box::new(nvme::Nvme),
        Box::new(os::Os),
        Box::new(pressure::Pressure),
        Box::new(schedstat::Schedstat),
        Box::new(selinux::Selinux),
        Box::new(sockstat::Sockstat),
        Box::new(softnet::Softnet),
        Box::new(stat::Stat),
        Box::new(thermal_zone::ThermalZone),
        Box::new(time::Time),
        Box::new(timex::Timex),
        Box::new(udp_queues::UdpQueues),
        Box::new(uname::Uname),
        Box::new(vmstat::Vmstat),
    ]
}
