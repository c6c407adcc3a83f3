import { expect, test } from "vitest";
import type { QueryResult } from "../api/types";
import { filesystems } from "./filesystems";

const vector = (...rows: [device: string, mountpoint: string, value: string][]): QueryResult => ({
  resultType: "vector",
  result: rows.map(([device, mountpoint, value]) => ({ metric: { device, mountpoint }, value: [0, value] })),
});

test("one row a filesystem, fullest first", () => {
  const sizes = vector(["sda1", "/var/log", "100"], ["sda1", "/", "100"], ["sdb1", "/data", "1000"], ["sdc", "/gone", "5"]);
  const available = vector(["sda1", "/var/log", "60"], ["sda1", "/", "60"], ["sdb1", "/data", "100"]);
  expect(filesystems(sizes, available)).toEqual([
    { mountpoint: "/data", device: "sdb1", sizeBytes: 1000, usedBytes: 900 },
    { mountpoint: "/", device: "sda1", sizeBytes: 100, usedBytes: 40 },
  ]);
});
