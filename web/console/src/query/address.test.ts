import { expect, test } from "vitest";
import { panelsAddress, parsePanels, parseStep, standardPanel } from "./address";

test.each([
  ["", {}],
  ["?g0.expr=up&g0.tab=1", { expr: "up" }],
  ["?g0.expr=up&g0.tab=0&g0.range_input=2h", { expr: "up", tab: "graph", rangeMs: 7_200_000 }],
  ["?g0.expr=up&g0.tab=graph&g0.step_input=15", { expr: "up", tab: "graph", resolution: { stepMs: 15_000 } }],
  ["?g0.expr=up&g0.end_input=2026-11-22%2015:04:05", { expr: "up", endMs: Date.UTC(2026, 10, 22, 15, 4, 5) }],
  ["?g0.expr=up&g0.res_type=auto&g0.res_density=high&g0.res_step=5", { expr: "up", resolution: { density: "high" } }],
  ["?g0.expr=up&g0.stacked=1", { expr: "up", stacked: true }],
  ["?g0.expr=up&g0.range_input=junk&g0.end_input=junk", { expr: "up" }],
])("one panel from %j", (search, expected) => {
  expect(parsePanels(search)).toEqual([{ ...standardPanel, ...expected }]);
});

test("several panels keep their order and lose their holes", () => {
  expect(parsePanels("?g3.expr=c&g0.expr=a").map((panel) => panel.expr)).toEqual(["a", "c"]);
});

test("what is written is what is read", () => {
  const panels = [
    { ...standardPanel, expr: 'rate(x{a="&="}[5m])', tab: "graph" as const, endMs: 1_700_000_000_000, stacked: true },
    { ...standardPanel, expr: "b", resolution: { stepMs: 2500 } },
  ];
  expect(parsePanels(panelsAddress(panels).slice("/query".length))).toEqual(panels);
});

test.each([
  ["15", 15_000],
  ["0.5", 500],
  ["1m", 60_000],
  ["0", null],
  ["-1", null],
  ["", null],
])("parseStep(%j)", (text, expected) => {
  expect(parseStep(text)).toBe(expected);
});
