import { expect, test } from "vitest";
import { leftOut } from "./GraphTab";

test.each([
  [3, 3, []],
  [3, 2, ["1 series of native histograms are not drawn; the table shows them."]],
  [1500, 1000, ["Only the first 1000 of 1500 series are drawn."]],
])("leftOut(%d, %d)", (series, drawn, expected) => {
  expect(leftOut(series, drawn)).toEqual(expected);
});
