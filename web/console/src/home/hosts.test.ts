import { expect, test } from "vitest";
import type { Target } from "../api/types";
import { subjectOf } from "./hosts";

const target = (instance: string, scrapeInterval: string) => ({ labels: { instance }, scrapeInterval }) as unknown as Target;
const hosts = { instances: ["a", "b"], targets: [target("a", "5s"), target("b", "30s"), target("b", "1m")] };

test.each([
  ["", { instance: "a", window: "1m" }],
  ["b", { instance: "b", window: "4m" }],
  ["gone", { instance: "gone", window: "1m" }],
])("subjectOf(%j)", (wanted, expected) => {
  expect(subjectOf(hosts, wanted)).toEqual(expected);
});

test("no machine, no subject", () => {
  expect(subjectOf({ instances: [], targets: [] }, "")).toBeUndefined();
});
