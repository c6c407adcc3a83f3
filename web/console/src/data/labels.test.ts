import { expect, test } from "vitest";
import { legendText, seriesText } from "./labels";

test.each([
  [{}, "{}"],
  [{ __name__: "up" }, "up"],
  [{ __name__: "up", job: "node", instance: "a" }, 'up{instance="a", job="node"}'],
  [{ job: 'a"b\\c\n' }, '{job="a\\"b\\\\c\\n"}'],
  [{ __name__: "with space", "a.b": "x" }, '{"with space", "a.b"="x"}'],
])("seriesText(%j)", (labels, expected) => {
  expect(seriesText(labels)).toBe(expected);
});

test("legend templates take labels by name", () => {
  expect(legendText("{{device}} in", { device: "eth0" })).toBe("eth0 in");
  expect(legendText("{{ none }}x", {})).toBe("x");
  expect(legendText(undefined, { __name__: "up" })).toBe("up");
});
