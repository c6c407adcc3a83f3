import { expect, test } from "vitest";
import { formatter } from "./gd";

test.each([
  ["bytes", 1536, undefined, "1.50 KiB"],
  ["Bps", 2_500_000, undefined, "2.50 MB/s"],
  ["percentunit", 0.256, undefined, "25.6%"],
  ["percentunit", 0.25, 0, "25%"],
  ["short", 12_300, undefined, "12.3 K"],
  ["s", 90, undefined, "1.50 mins"],
  ["none", 0.5, undefined, "0.500"],
] as const)("%s of %d", (unit, value, decimals, expected) => {
  expect(formatter(unit)(value, decimals)).toBe(expected);
});
