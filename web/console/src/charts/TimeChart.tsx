// Lines over time, drawn by uPlot; React gives it a place, a size and new data.
import { useEffect, useLayoutEffect, useMemo, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { stack } from "../data/stack";
import { useScheme } from "../shell/theme";
import { valueText } from "./axis";
import "./chart.css";
import type { ChartData, Line } from "./line";
import { chartOptions, type Look } from "./options";
import { seriesColor } from "./palette";
import { tooltip } from "./tooltip";

interface Props {
  data: ChartData;
  /** Names of lines that are switched off. */
  hidden?: ReadonlySet<string>;
  unit?: string;
  stacked?: boolean;
  mirrored?: boolean;
  fromZero?: boolean;
  syncKey?: string;
  /** Called with the dragged range in milliseconds; without it dragging does nothing. */
  onZoom?: (fromMs: number, toMs: number) => void;
  /** What the picture shows, for those who cannot see it. */
  label: string;
}

const nothingHidden: ReadonlySet<string> = new Set();

export function TimeChart({ data, hidden = nothingHidden, unit = "short", stacked = false, ...rest }: Props) {
  const { mirrored = false, fromZero = false, syncKey, onZoom, label } = rest;
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const scheme = useScheme();
  const lines = useMemo(() => data.lines.filter((line) => !hidden.has(line.name)), [data, hidden]);
  const table = useMemo(() => tableOf(data.times, lines, stacked), [data.times, lines, stacked]);
  const now = useRef({ lines, onZoom, table });
  now.current = { lines, onZoom, table };

  const zoomable = onZoom !== undefined;
  const look: Look = { scheme, unit, stacked, mirrored, fromZero, zoomable, syncKey };
  // uPlot's options are fixed at birth: another look or other lines need another chart.
  const birth = JSON.stringify([look, lines.map((line) => [line.name, line.color, line.dashed])]);

  useLayoutEffect(() => {
    const node = place.current;
    if (!node) return;
    const box = tooltip({
      lines: () => now.current.lines,
      color: (line) => seriesColor(scheme, line.color),
      format: valueText(unit, mirrored),
    });
    const options = chartOptions(look, now.current.lines, [box]);
    options.hooks = { setSelect: [(born) => zoomTo(born, now.current.onZoom)] };
    const size = () => ({ width: Math.max(50, node.clientWidth), height: Math.max(50, node.clientHeight) });
    const born = new uPlot({ ...options, ...size() }, now.current.table, node);
    chart.current = born;
    const watch = new ResizeObserver(() => born.setSize(size()));
    watch.observe(node);
    return () => {
      watch.disconnect();
      born.destroy();
      chart.current = null;
    };
    // `birth` spells out everything that the options are made from.
  }, [birth]);

  useEffect(() => {
    const born = chart.current;
    if (born && born.data !== table) born.setData(table);
  }, [table]);

  return <div className="chart" ref={place} role="img" aria-label={label} />;
}

function tableOf(times: number[], lines: readonly Line[], stacked: boolean): uPlot.AlignedData {
  const columns = lines.map((line) => line.values);
  return [times, ...(stacked ? stack(columns) : columns)];
}

/** A drag of a few pixels is a click that slipped, not a range. */
function zoomTo(chart: uPlot, onZoom: Props["onZoom"]): void {
  const { left, width } = chart.select;
  if (width < 5) return;
  const [from, to] = [chart.posToVal(left, "x"), chart.posToVal(left + width, "x")];
  chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  onZoom?.(from * 1000, to * 1000);
}
