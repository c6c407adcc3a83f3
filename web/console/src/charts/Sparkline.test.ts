import { expect, test } from "vitest";
import { sparkPath } from "./Sparkline";

test.each([
  [[], ""],
  [[null, null], ""],
  [[1, 1], "M0.0 14.0L100.0 14.0"],
  [[0, null, 10], "M0.0 26.0M100.0 2.0"],
])("sparkPath(%j)", (values, expected) => {
  expect(sparkPath(values)).toBe(expected);
});
