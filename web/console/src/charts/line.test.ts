import { expect, test } from "vitest";
import { lastValue, linesOf, withoutIdle } from "./line";

const line = (name: string, ...values: (number | null)[]) => ({ name, values, color: 0 });

test("idle lines are left out while others move", () => {
  const [still, gone, moving] = [line("still", 0, 0), line("gone", null, null), line("moving", 0, -1)];
  expect(withoutIdle([still, gone, moving])).toEqual([moving]);
  expect(withoutIdle([still, gone])).toEqual([still, gone]);
});

test("the newest value skips gaps", () => {
  expect(lastValue([1, 2, null])).toBe(2);
  expect(lastValue([null])).toBeNull();
});

test("series of native histograms have no line", () => {
  const grid = { startMs: 0, endMs: 1000, stepMs: 1000 };
  const matrix = [{ metric: { a: "1" }, values: [[1, "5"]] as [number, string][] }, { metric: { a: "2" }, histograms: [] }];
  expect(linesOf(matrix, grid, (series) => series.metric.a ?? "").lines).toEqual([{ name: "1", values: [null, 5], color: 0 }]);
});
