import { fireEvent, render, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import type { QueryResult } from "../api/types";
import { bucketText } from "./HistogramCell";
import { ResultTable } from "./ResultTable";

const rows = (result: QueryResult) => {
  const { container } = render(<ResultTable result={result} />);
  return [...container.querySelectorAll("tbody tr")].map((row) => row.textContent);
};

test("values are shown as sent", () => {
  const result = [
    { metric: { __name__: "up", job: "a" }, value: [1, "1"] as [number, string] },
    { metric: {}, value: [1, "NaN"] as [number, string] },
  ];
  expect(rows({ resultType: "vector", result })).toEqual(['up{job="a"}1', "{}NaN"]);
});

test("a range vector shows value @ time", () => {
  const result = [{ metric: { __name__: "up" }, values: [[1.5, "0"], [2.5, "+Inf"]] as [number, string][] }];
  expect(rows({ resultType: "matrix", result })).toEqual(["up0 @1.5+Inf @2.5"]);
});

test("scalars and strings have one row", () => {
  expect(rows({ resultType: "scalar", result: [1, "42"] })).toEqual(["scalar42"]);
  expect(rows({ resultType: "string", result: [1, "hi"] })).toEqual(["stringhi"]);
});

test("many rows are shown when asked for", () => {
  const result = Array.from({ length: 600 }, (_, n) => ({ metric: { n: `${n}` }, value: [1, "1"] as [number, string] }));
  const { container } = render(<ResultTable result={{ resultType: "vector", result }} />);
  expect(container.querySelectorAll("tbody tr")).toHaveLength(500);
  fireEvent.click(screen.getByText("Show all"));
  expect(container.querySelectorAll("tbody tr")).toHaveLength(600);
});

test.each([
  [[0, "1", "2", "3"], "(1, 2]"],
  [[1, "1", "2", "3"], "[1, 2)"],
  [[2, "1", "2", "3"], "(1, 2)"],
  [[3, "-1", "1", "3"], "[-1, 1]"],
] as const)("bucketText(%j)", (bucket, expected) => {
  expect(bucketText([...bucket])).toBe(expected);
});
