import { expect, test } from "vitest";
import type { Dataflow, DataflowEdge } from "../api/types";
import { columnsOf, layersOf } from "./layers";
import { draw } from "./layout";

const edge = (from: string, to: string): DataflowEdge => ({
  from,
  to,
  batches_per_second: 0,
  samples_per_second: 0,
  depth: 0,
  capacity: 8,
  blocked_seconds: 0,
});

const flow = (ids: string, ...edges: string[]): Dataflow => ({
  nodes: [...ids].map((id) => ({ id, kind: "operator" })),
  edges: edges.map((pair) => edge(pair[0] ?? "", pair[1] ?? "")),
});

test.each([
  [flow("abc", "ab", "bc"), { a: 0, b: 1, c: 2 }],
  [flow("abcd", "ab", "bd", "ad", "cd"), { a: 0, b: 1, c: 0, d: 2 }],
  [flow("ab", "ab", "ba"), { a: 1, b: 0 }],
  [flow("a", "xa"), { a: 0 }],
])("layers %#", (given, expected) => {
  expect(Object.fromEntries(layersOf(given))).toEqual(expected);
});

test("nodes do not overlap and every edge has its nodes", () => {
  const drawing = draw(flow("abcdef", "ad", "bd", "cd", "de", "df", "dx"));
  expect(drawing.nodes).toHaveLength(6);
  expect(drawing.edges).toHaveLength(5);
  for (const [index, one] of drawing.nodes.entries()) {
    expect(one.x + one.width).toBeLessThanOrEqual(drawing.width);
    for (const other of drawing.nodes.slice(index + 1)) {
      const apart = one.x + one.width <= other.x || other.x + other.width <= one.x || Math.abs(one.y - other.y) >= 52;
      expect(apart, `${one.id} and ${other.id}`).toBe(true);
    }
  }
});

test("an edge that runs back goes below all nodes", () => {
  const drawing = draw(flow("bac", "ab", "cb", "ba"));
  const back = drawing.edges.find(({ edge: { from } }) => from === "b");
  const lowest = Math.max(...drawing.nodes.map(({ y }) => y + 52));
  expect(drawing.edges).toHaveLength(3);
  expect(back?.labelY).toBeGreaterThan(lowest);
  expect(back?.labelY).toBeLessThan(drawing.height);
});

test("nothing to draw", () => {
  expect(draw({ nodes: [], edges: [] }).nodes).toEqual([]);
});

test("an edge over several layers has lanes to itself", () => {
  const columns = columnsOf(flow("abcd", "ab", "bc", "cd", "ad"));
  expect(columns.map((column) => column.map((slot) => slot.node?.id ?? "lane"))).toEqual([
    ["a"],
    ["b", "lane"],
    ["c", "lane"],
    ["d"],
  ]);
});
