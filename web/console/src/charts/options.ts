// uPlot's options for one look of a chart: axes, series and bands.
import uPlot from "uplot";
import { tickLabels } from "../data/time";
import type { Scheme } from "../shell/theme";
import { axisText, tickSteps } from "./axis";
import type { Line } from "./line";
import { palette, seriesColor, withAlpha } from "./palette";

export interface Look {
  scheme: Scheme;
  unit: string;
  stacked: boolean;
  /** Lines below zero are another direction, not negative amounts. */
  mirrored: boolean;
  /** The value axis always includes zero. */
  fromZero: boolean;
  zoomable: boolean;
  /** Charts with the same key share their crosshair. */
  syncKey?: string | undefined;
}

const font = '11px "Inter Variable", system-ui, sans-serif';

function axes(look: Look): uPlot.Axis[] {
  const { axis: stroke, grid } = palette(look.scheme);
  const shared = { stroke, font, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
  const text = axisText(look.unit, look.mirrored);
  const steps = tickSteps(look.unit);
  return [
    { ...shared, gap: 6, size: 26, space: 72, values: (_, ticks, _axis, _space, step) => tickLabels(ticks, step) },
    {
      ...shared,
      gap: 8,
      space: 34,
      ...(steps && { incrs: steps }),
      values: (_, ticks, _axis, _space, step) => text(ticks, step),
      size: (chart, values) => axisWidth(chart, values),
    },
  ];
}

/** Room for the widest number, so that none is cut and none wastes space. */
function axisWidth(chart: uPlot, values: string[] | null): number {
  if (!values || values.length === 0) return 40;
  chart.ctx.save();
  chart.ctx.font = font;
  const widest = Math.max(...values.map((value) => chart.ctx.measureText(value).width));
  chart.ctx.restore();
  return Math.ceil(widest) + 16;
}

function seriesOf(line: Line, look: Look, count: number): uPlot.Series {
  const color = seriesColor(look.scheme, line.color);
  // A wash under each of many lines turns to mud.
  const alpha = look.stacked ? 0.32 : count <= 4 && !line.dashed ? 0.1 : 0;
  return {
    label: line.name,
    stroke: color,
    width: 1.5,
    ...(alpha > 0 && { fill: withAlpha(color, alpha) }),
    ...(line.dashed && { dash: [5, 5] }),
    points: { show: true, filter: onlyIsolated, size: 4, fill: color, stroke: color },
  };
}

/** A value between two gaps has no line and would be invisible: those alone get a dot. */
function onlyIsolated(chart: uPlot, series: number): number[] {
  const values = chart.data[series] ?? [];
  const steps: number[] = [];
  values.forEach((value, step) => {
    if (value != null && (values[step - 1] ?? null) === null && (values[step + 1] ?? null) === null) steps.push(step);
  });
  return steps;
}

export function chartOptions(look: Look, lines: readonly Line[], plugins: uPlot.Plugin[]): uPlot.Options {
  const series = lines.map((line) => seriesOf(line, look, lines.length));
  return {
    width: 100,
    height: 100,
    padding: [10, 12, 0, 4],
    legend: { show: false },
    plugins,
    cursor: {
      points: { size: 7 },
      drag: { x: look.zoomable, y: false, setScale: false },
      ...(look.syncKey !== undefined && { sync: { key: look.syncKey } }),
    },
    scales: {
      x: { time: true },
      y: { range: (_, min, max) => valueRange(min, max, look.fromZero) },
    },
    axes: axes(look),
    series: [{}, ...series],
    bands: look.stacked ? lines.slice(1).map((_, index) => ({ series: [index + 2, index + 1] })) : [],
  };
}

/** The value axis: some air above, zero at the bottom where asked, never of no height. */
export function valueRange(min: number | null, max: number | null, fromZero: boolean): uPlot.Range.MinMax {
  if (min === null || max === null) return [0, 1];
  const low = fromZero ? Math.min(0, min) : min;
  const high = fromZero ? Math.max(0, max) : max;
  if (low === high) return low === 0 ? [0, 1] : [low - Math.abs(low) / 10, high + Math.abs(high) / 10];
  const air = (high - low) * 0.08;
  return [fromZero && low === 0 ? 0 : low - air, fromZero && high === 0 ? 0 : high + air];
}
