import { expect, test } from "vitest";
import { valueRange } from "./options";

test.each([
  [null, null, true, [0, 1]],
  [0, 0, true, [0, 1]],
  [5, 5, false, [4.5, 5.5]],
  [2, 10, true, [0, 10.8]],
  [-10, 10, true, [-11.6, 11.6]],
  [-10, -5, true, [-10.8, 0]],
] as const)("valueRange(%s, %s, %s)", (min, max, fromZero, expected) => {
  const range = valueRange(min, max, fromZero);
  expect(range[0]).toBeCloseTo(expected[0]);
  expect(range[1]).toBeCloseTo(expected[1]);
});
