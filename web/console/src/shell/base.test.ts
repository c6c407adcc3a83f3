import { expect, test } from "vitest";
import { basePath, pathWithin } from "./base";

test.each([
  ["http://h/", "/"],
  ["http://h/weir/", "/weir/"],
  ["http://h/weir/index.html", "/weir/"],
])("basePath of %s", (uri, expected) => {
  expect(basePath(uri)).toBe(expected);
});

test.each([
  ["/", "/", "/"],
  ["/query", "/", "/query"],
  ["/weir/query", "/weir/", "/query"],
  ["/weir", "/weir/", "/"],
  ["/weir/", "/weir/", "/"],
  ["/other", "/weir/", null],
])("%s within %s", (pathname, base, expected) => {
  expect(pathWithin(pathname, base)).toBe(expected);
});
