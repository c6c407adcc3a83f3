import { expect, test } from "vitest";
import type { Target } from "../api/types";
import { pools } from "./pools";

const target = (scrapePool: string, host: string, health: Target["health"]) =>
  ({ scrapePool, health, scrapeUrl: `http://${host}/metrics`, labels: { instance: host }, lastError: "" }) as unknown as Target;

const targets = [target("node", "b", "up"), target("node", "c", "down"), target("app", "a", "up"), target("node", "a", "up")];

test.each([
  ["all", "", ["app 1/1: a", "node 2/3: c a b"]],
  ["down", "", ["node 2/3: c"]],
  ["all", "instance=a", ["app 1/1: a", "node 2/3: a"]],
  ["up", "nowhere", []],
])("health %j, search %j", (health, search, expected) => {
  const shown = pools(targets, health, search);
  expect(shown.map((pool) => `${pool.name} ${pool.up}/${pool.total}: ${pool.targets.map((t) => t.labels.instance).join(" ")}`)).toEqual(expected);
});
