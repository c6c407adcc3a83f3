import { expect, test } from "vitest";
import { longerRange, shorterRange, stepOf } from "./resolution";

test.each([
  [{ density: "medium" }, 3_600_000, 14_000],
  [{ density: "high" }, 60_000, 1000],
  [{ density: "low" }, 86_400_000, 864_000],
  [{ stepMs: 2500 }, 3_600_000, 2500],
] as const)("stepOf(%j, %d)", (resolution, range, expected) => {
  expect(stepOf(resolution, range)).toBe(expected);
});

test("ranges grow and shrink, also from between the steps", () => {
  expect(longerRange(3_600_000)).toBe(7_200_000);
  expect(longerRange(3_700_000)).toBe(7_200_000);
  expect(shorterRange(3_700_000)).toBe(3_600_000);
  expect(shorterRange(60_000)).toBe(60_000);
});
