// The time grid of a range query, and samples laid out on it with gaps where steps are missing.
import type { Sample } from "../api/types";
import { drawable } from "./number";

export interface Grid {
  startMs: number;
  endMs: number;
  stepMs: number;
}

/** A column of a chart: a value per grid time, null where there is none. */
export type Column = (number | null)[];

/** The grid of `rangeMs` ending at `endMs`. */
export function gridEnding(endMs: number, rangeMs: number, stepMs: number): Grid {
  return { startMs: endMs - rangeMs, endMs, stepMs };
}

/** The same on absolute multiples of the step, so that a refresh moves no point. */
export function alignedGrid(endMs: number, rangeMs: number, stepMs: number): Grid {
  const end = Math.floor(endMs / stepMs) * stepMs;
  return { startMs: end - Math.floor(rangeMs / stepMs) * stepMs, endMs: end, stepMs };
}

export function gridSteps(grid: Grid): number {
  return Math.floor((grid.endMs - grid.startMs) / grid.stepMs) + 1;
}

/** The grid's times in Unix seconds. */
export function gridTimes(grid: Grid): number[] {
  return Array.from({ length: gridSteps(grid) }, (_, step) => (grid.startMs + step * grid.stepMs) / 1000);
}

export function gridColumn(samples: readonly Sample[], grid: Grid): Column {
  const column: Column = new Array<number | null>(gridSteps(grid)).fill(null);
  for (const [time, value] of samples) {
    const step = Math.round((time * 1000 - grid.startMs) / grid.stepMs);
    if (step >= 0 && step < column.length) column[step] = drawable(value);
  }
  return column;
}
