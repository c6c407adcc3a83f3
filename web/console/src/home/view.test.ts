import { expect, test } from "vitest";
import { parseView, stepFor, viewAddress } from "./view";

test.each([
  ["", "/"],
  ["?range=1h&refresh=0", "/?range=1h&refresh=0"],
  ["?instance=a%3A9100", "/?instance=a%3A9100"],
  ["?range=junk&refresh=10ms", "/"],
])("the address %j stays itself or becomes standard", (search, expected) => {
  expect(viewAddress(parseView(search))).toBe(expected);
});

test.each([
  [5 * 60_000, 5000],
  [30 * 60_000, 10_000],
  [86_400_000, 600_000],
])("stepFor(%d)", (range, expected) => {
  expect(stepFor(range)).toBe(expected);
});
