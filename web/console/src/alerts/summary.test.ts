import { expect, test } from "vitest";
import type { AlertingRule, AlertState, RuleGroup } from "../api/types";
import { countStates, listRules, matches } from "./summary";

const rule = (name: string, state: AlertState): AlertingRule => ({
  type: "alerting",
  name,
  state,
  query: "up == 0",
  duration: 0,
  health: "ok",
  alerts: [{ labels: { job: "node" }, annotations: {}, state, value: "0e+00" }],
});

const groups: RuleGroup[] = [
  { name: "g", file: "f.yml", interval: 15, rules: [rule("Quiet", "inactive"), { type: "recording", name: "r", query: "1" }] },
  { name: "h", file: "f.yml", interval: 15, rules: [rule("Soon", "pending"), rule("Loud", "firing")] },
];

test("worst first, recording rules left out, counted", () => {
  const rules = listRules(groups);
  expect(rules.map(({ rule: { name } }) => name)).toEqual(["Loud", "Soon", "Quiet"]);
  expect(countStates(rules)).toEqual({ firing: 1, pending: 1, unknown: 0, inactive: 1 });
});

test.each([
  ["", true],
  ["loud", true],
  ["UP job=no", true],
  ["loud soon", false],
])("the search %j", (search, expected) => {
  const loud = listRules(groups)[0];
  expect(loud && matches(loud, search)).toBe(expected);
});
