import { expect, test } from "vitest";
import { axisText, decimalsOf, valueText } from "./axis";

test.each([
  [1, 0],
  [0.5, 1],
  [0.25, 2],
  [0.1 + 0.2, 1],
  [1e-7, 7],
  [5000, 0],
])("decimalsOf(%d)", (step, expected) => {
  expect(decimalsOf(step)).toBe(expected);
});

test.each([
  ["percentunit", false, [0, 0.05, 0.1], 0.05, ["0%", "5%", "10%"]],
  ["short", false, [0, 0.2, 1], 0.2, ["0", "0.2", "1.0"]],
  ["short", false, [500, 1000, 1500], 500, ["500", "1 K", "1.50 K"]],
  ["none", false, [0, 0.5, 1], 0.5, ["0", "0.5", "1.0"]],
  ["Bps", true, [-2000, 0, 2000], 2000, ["2 kB/s", "0 B/s", "2 kB/s"]],
] as const)("ticks in %s", (unit, mirrored, ticks, step, expected) => {
  expect(axisText(unit, mirrored)(ticks, step)).toEqual(expected);
});

test("single values", () => {
  expect(valueText("percentunit")(0.000182)).toBe("0.0%");
  expect(valueText("Bps", true)(-1500)).toBe("1.50 kB/s");
});
