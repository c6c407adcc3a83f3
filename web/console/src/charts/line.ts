// What a chart draws: named lines over shared times.
import type { MatrixSeries } from "../api/types";
import { type Column, type Grid, gridColumn, gridTimes } from "../data/grid";

export interface Line {
  name: string;
  values: Column;
  /** Place in the palette; given so that a line keeps its colour when others come and go. */
  color: number;
  dashed?: boolean;
}

export interface ChartData {
  /** Unix seconds. */
  times: number[];
  lines: Line[];
}

/** Lays series out on their grid; series of native histograms have no line and are left out. */
export function linesOf(matrix: readonly MatrixSeries[], grid: Grid, name: (series: MatrixSeries) => string): ChartData {
  const lines = matrix
    .filter((series) => series.values !== undefined)
    .map((series, color) => ({ name: name(series), values: gridColumn(series.values ?? [], grid), color }));
  return { times: gridTimes(grid), lines };
}

/** The newest value that is there. */
export function lastValue(values: Column): number | null {
  for (let step = values.length - 1; step >= 0; step--) {
    const value = values[step];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}

/** Leaves out lines that are zero throughout, unless there are no others. */
export function withoutIdle(lines: readonly Line[]): readonly Line[] {
  const busy = lines.filter((line) => line.values.some((value) => value !== null && value !== 0));
  return busy.length > 0 ? busy : lines;
}
