import { expect, test } from "vitest";
import { roughDuration } from "./duration";
import { ago, fromAddress, fromInput, tickLabels, toAddress, toInput } from "./time";

const instant = Date.UTC(2026, 10, 22, 15, 4, 5);

test.each([
  ["2026-11-22 15:04:05", instant],
  ["2026-11-22T15:04:05", instant],
  ["2026-11-22T16:04:05+01:00", instant],
  ["2026-11-22 15:04", instant - 5000],
  ["", null],
  ["yesterday", null],
])("fromAddress(%j)", (text, expected) => {
  expect(fromAddress(text)).toBe(expected);
});

test("instants survive both spellings", () => {
  expect(fromAddress(toAddress(instant))).toBe(instant);
  expect(fromInput(toInput(instant))).toBe(instant);
  expect(fromInput("")).toBeNull();
});

test("ticks show seconds only where they differ, dates at midnight", () => {
  const noon = new Date(2026, 10, 22, 12, 0, 30).getTime() / 1000;
  const midnight = new Date(2026, 10, 23).getTime() / 1000;
  expect(tickLabels([noon], 30)).toEqual(["12:00:30"]);
  expect(tickLabels([noon], 300)).toEqual(["12:00"]);
  expect(tickLabels([midnight], 300)).toEqual(["11-23"]);
  expect(tickLabels([noon], 86_400)).toEqual(["11-22"]);
});

test("ago", () => {
  expect(ago(new Date(instant).toISOString(), instant + 4000, roughDuration)).toBe("4 s ago");
  expect(ago("0001-01-01T00:00:00Z", instant, roughDuration)).toBe("never");
  expect(ago(undefined, instant, roughDuration)).toBe("never");
});
