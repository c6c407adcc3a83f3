// What the home page asks and shows: one machine's host metrics and the server's own.
import { quote } from "../data/labels";

export interface GraphQuery {
  expr: string;
  /** Template of the line's name. */
  legend: string;
  /** Drawn downwards: the other direction of the same traffic. */
  downwards?: boolean;
  dashed?: boolean;
}

export interface GraphDefinition {
  id: string;
  title: string;
  unit: string;
  stacked?: boolean;
  /** Leaves out lines that are zero over the whole range: modes and devices that do nothing. */
  dropIdle?: boolean;
  queries: readonly GraphQuery[];
}

/** The machine that is looked at. */
export interface Subject {
  instance: string;
  /** Window of rates: at least four scrapes, so that one failed scrape tears no hole. */
  window: string;
}

/** Devices that are not the machine's own: loopback, containers' ends, loops, parts of others. */
const network = 'device!~"lo|veth.*|docker.*|br-.*|virbr.*|cni.*|flannel.*|cali.*"';
const disks = 'device!~"loop.*|ram.*|zram.*|sr.*|fd.*|dm-.*"';

export function hostGraphs({ instance, window }: Subject): GraphDefinition[] {
  const host = `instance=${quote(instance)}`;
  const rate = (metric: string, devices: string) => `rate(${metric}{${host}, ${devices}}[${window}])`;
  const cpu = (modes: string) => `rate(node_cpu_seconds_total{${modes}${host}}[${window}])`;
  return [
    {
      id: "cpu",
      title: "CPU by mode",
      unit: "percentunit",
      stacked: true,
      dropIdle: true,
      queries: [
        // Of all time that was counted, not of the clock: so the first minute is right as well.
        {
          expr: `sum by (mode) (${cpu('mode!="idle", ')}) / scalar(sum(${cpu("")}))`,
          legend: "{{mode}}",
        },
      ],
    },
    {
      id: "memory",
      title: "Memory",
      unit: "bytes",
      stacked: true,
      queries: [
        { expr: `node_memory_MemTotal_bytes{${host}} - node_memory_MemAvailable_bytes{${host}}`, legend: "used" },
        { expr: `node_memory_MemAvailable_bytes{${host}}`, legend: "available" },
      ],
    },
    {
      id: "load",
      title: "Load",
      unit: "none",
      queries: [
        { expr: `node_load1{${host}}`, legend: "1 min" },
        { expr: `node_load5{${host}}`, legend: "5 min" },
        { expr: `node_load15{${host}}`, legend: "15 min" },
        { expr: `count(node_cpu_seconds_total{${host}, mode="idle"})`, legend: "CPUs", dashed: true },
      ],
    },
    {
      id: "network",
      title: "Network, in ↑ out ↓",
      unit: "Bps",
      dropIdle: true,
      queries: [
        { expr: rate("node_network_receive_bytes_total", network), legend: "{{device}} in" },
        { expr: rate("node_network_transmit_bytes_total", network), legend: "{{device}} out", downwards: true },
      ],
    },
    {
      id: "disk",
      title: "Disk, read ↑ write ↓",
      unit: "Bps",
      dropIdle: true,
      queries: [
        { expr: rate("node_disk_read_bytes_total", disks), legend: "{{device}} read" },
        { expr: rate("node_disk_written_bytes_total", disks), legend: "{{device}} write", downwards: true },
      ],
    },
  ];
}

/** Filesystems with space of their own. */
export function filesystemQueries(instance: string): { size: string; available: string } {
  const selector = `{instance=${quote(instance)}, fstype!~"tmpfs|devtmpfs|ramfs|squashfs|iso9660|nsfs|proc|sysfs|cgroup.*|fuse.*"}`;
  return { size: `node_filesystem_size_bytes${selector}`, available: `node_filesystem_avail_bytes${selector}` };
}

export interface TileDefinition {
  id: string;
  title: string;
  expr: string;
  unit: string;
  suffix?: string;
}

/** The job under which the server scrapes itself. */
const self = 'job="weir"';

export const ownTiles: readonly TileDefinition[] = [
  {
    id: "samples",
    title: "Samples appended",
    expr: `sum(rate(prometheus_tsdb_head_samples_appended_total{${self}}[1m]))`,
    unit: "short",
    suffix: "/s",
  },
  { id: "series", title: "Active series", expr: `sum(prometheus_tsdb_head_series{${self}})`, unit: "short" },
  { id: "resident", title: "Weir's memory", expr: `sum(process_resident_memory_bytes{${self}})`, unit: "bytes" },
];
