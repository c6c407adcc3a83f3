// How full each filesystem is, from two instant vectors.
import type { QueryResult } from "../api/types";
import { parseValue } from "../data/number";

export interface Filesystem {
  mountpoint: string;
  device: string;
  sizeBytes: number;
  usedBytes: number;
}

/**
 * Joins sizes with what is available. A device mounted in several places is one filesystem, shown
 * by its shortest mount point; the fullest come first.
 */
export function filesystems(sizes: QueryResult, available: QueryResult): Filesystem[] {
  if (sizes.resultType !== "vector" || available.resultType !== "vector") return [];
  const free = new Map<string, number>();
  for (const { metric, value } of available.result) {
    if (value) free.set(`${metric.device}\n${metric.mountpoint}`, parseValue(value[1]));
  }
  const byDevice = new Map<string, Filesystem>();
  for (const { metric, value } of sizes.result) {
    const { device = "", mountpoint = "" } = metric;
    const freeBytes = free.get(`${device}\n${mountpoint}`);
    const sizeBytes = value ? parseValue(value[1]) : 0;
    if (freeBytes === undefined || !(sizeBytes > 0)) continue;
    const key = `${device}\n${sizeBytes}`;
    const known = byDevice.get(key);
    if (known && known.mountpoint.length <= mountpoint.length) continue;
    byDevice.set(key, { mountpoint, device, sizeBytes, usedBytes: sizeBytes - freeBytes });
  }
  return [...byDevice.values()].sort((a, b) => b.usedBytes / b.sizeBytes - a.usedBytes / a.sizeBytes);
}
