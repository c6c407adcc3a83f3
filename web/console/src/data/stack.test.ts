import { expect, test } from "vitest";
import { stack } from "./stack";

test("sums upwards and keeps gaps", () => {
  const columns = [
    [1, 2, null],
    [10, null, 30],
    [100, 200, 300],
  ];
  expect(stack(columns)).toEqual([
    [1, 2, null],
    [11, null, 30],
    [111, 202, 330],
  ]);
  expect(stack([])).toEqual([]);
});
