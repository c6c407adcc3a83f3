import { expect, test } from "vitest";
import { formatDuration, parseDuration, roughDuration } from "./duration";

test.each([
  ["1h30m", 5_400_000],
  ["15s", 15_000],
  ["250ms", 250],
  ["1w", 604_800_000],
  [" 5m ", 300_000],
  ["0", 0],
  ["", null],
  ["5", null],
  ["1m1h", null],
  ["-5m", null],
  ["1.5h", null],
])("parseDuration(%j)", (text, expected) => {
  expect(parseDuration(text)).toBe(expected);
});

test.each([
  [0, "0s"],
  [5_400_000, "1h30m"],
  [86_400_000, "1d"],
  [604_800_000, "1w"],
  [694_800_000, "8d1h"],
  [1_250, "1s250ms"],
])("formatDuration(%d)", (ms, expected) => {
  expect(formatDuration(ms)).toBe(expected);
});

test.each([
  [0, "0 s"],
  [59_400, "59 s"],
  [3_600_000, "1 h"],
  [3_605_000, "1 h"],
  [90_061_000, "1 d 1 h"],
])("roughDuration(%d)", (ms, expected) => {
  expect(roughDuration(ms)).toBe(expected);
});

test("minutes are not mistaken for metres", () => {
  expect(roughDuration(61_000)).toBe("1 min 1 s");
});
