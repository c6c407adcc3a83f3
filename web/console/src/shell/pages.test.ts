import { expect, test } from "vitest";
import { pageAt } from "./pages";

test.each([
  ["/", "Home"],
  ["/query", "Query"],
  ["/query/", "Query"],
  ["/graph", "Query"],
  ["/nothing", undefined],
  [null, undefined],
])("pageAt(%j)", (path, name) => {
  expect(pageAt(path)?.name).toBe(name);
});
