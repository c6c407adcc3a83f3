import { expect, test } from "vitest";
import { edgeState, edgeWidth } from "./Diagram";

const edge = { from: "a", to: "b", batches_per_second: 0, samples_per_second: 0, depth: 0, capacity: 4, blocked_seconds: 0 };

test.each([
  [{}, "idle"],
  [{ samples_per_second: 3 }, "busy"],
  [{ depth: 1 }, "busy"],
  [{ depth: 4 }, "full"],
  [{ capacity: 0 }, "idle"],
])("edgeState(%j)", (part, expected) => {
  expect(edgeState({ ...edge, ...part })).toBe(expected);
});

test("edges widen with the rate and stay bounded", () => {
  expect(edgeWidth(0)).toBe(1.5);
  expect(edgeWidth(1000)).toBeGreaterThan(edgeWidth(10));
  expect(edgeWidth(1e12)).toBe(6);
});
