import { expect, test } from "vitest";
import { tooltipRows } from "./tooltip";

const line = (name: string, value: number | null) => ({ name, values: [value], color: 0 });

test("largest first by size, gaps left out", () => {
  const { rows, more } = tooltipRows([line("a", 1), line("b", null), line("c", -5)], 0);
  expect(rows.map((row) => row.line.name)).toEqual(["c", "a"]);
  expect(more).toBe(0);
});

test("says how many it leaves out", () => {
  const many = Array.from({ length: 15 }, (_, index) => line(`s${index}`, index));
  expect(tooltipRows(many, 0).more).toBe(3);
});
