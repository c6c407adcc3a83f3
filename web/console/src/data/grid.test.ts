import { expect, test } from "vitest";
import { alignedGrid, gridColumn, gridEnding, gridTimes } from "./grid";

test("missing steps and values without a place on an axis are gaps", () => {
  const grid = gridEnding(1_700_000_040_500, 40_000, 10_000);
  const samples: [number, string][] = [
    [1_700_000_000.5, "1"],
    [1_700_000_010.5, "NaN"],
    [1_700_000_030.5, "-2.5"],
    [1_700_000_040.5, "+Inf"],
    [1_700_000_050.5, "9"],
  ];
  expect(gridColumn(samples, grid)).toEqual([1, null, null, -2.5, null]);
  expect(gridTimes(grid)).toHaveLength(5);
  expect(gridTimes(grid)[4]).toBe(1_700_000_040.5);
});

test("an aligned grid lies on multiples of its step", () => {
  expect(alignedGrid(103_999, 60_000, 15_000)).toEqual({ startMs: 30_000, endMs: 90_000, stepMs: 15_000 });
});
