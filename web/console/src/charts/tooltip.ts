// The box beside the crosshair: the time and the values there, largest first.
import type uPlot from "uplot";
import { localTime } from "../data/time";
import type { Line } from "./line";

/** More rows than this cover the chart that they explain. */
const rowsMax = 12;

interface Row {
  line: Line;
  value: number;
}

/** The rows at one step: largest first, and how many more there are than are shown. */
export function tooltipRows(lines: readonly Line[], step: number): { rows: Row[]; more: number } {
  const rows = lines
    .map((line) => ({ line, value: line.values[step] ?? null }))
    .filter((row): row is Row => row.value !== null)
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  return { rows: rows.slice(0, rowsMax), more: Math.max(0, rows.length - rowsMax) };
}

interface Content {
  /** Unstacked lines as they are now; read at every move, so that a refresh needs no new plugin. */
  lines: () => readonly Line[];
  color: (line: Line) => string;
  format: (value: number) => string;
}

export function tooltip(content: Content): uPlot.Plugin {
  const box = document.createElement("div");
  box.className = "chart-tooltip";
  box.hidden = true;
  // In charts that share a crosshair only the one under the pointer shows its box.
  let pointed = false;
  const leave = () => {
    pointed = false;
    box.hidden = true;
  };
  return {
    hooks: {
      init: (chart) => {
        chart.over.append(box);
        chart.over.addEventListener("pointerenter", () => (pointed = true));
        chart.over.addEventListener("pointerleave", leave);
      },
      setCursor: (chart) => {
        const step = chart.cursor.idx;
        const time = typeof step === "number" ? chart.data[0][step] : undefined;
        if (!pointed || typeof step !== "number" || time === undefined) {
          box.hidden = true;
          return;
        }
        fill(box, content, time, step);
        place(box, chart);
      },
    },
  };
}

function element(className: string, text: string): HTMLElement {
  const made = document.createElement("span");
  made.className = className;
  made.textContent = text;
  return made;
}

function fill(box: HTMLElement, content: Content, time: number, step: number): void {
  const { rows, more } = tooltipRows(content.lines(), step);
  const parts: HTMLElement[] = [element("chart-tooltip-time", localTime(time * 1000))];
  for (const { line, value } of rows) {
    const row = element("chart-tooltip-row", "");
    const swatch = element("chart-swatch", "");
    swatch.style.background = content.color(line);
    row.append(swatch, element("chart-tooltip-name", line.name), element("chart-tooltip-value", content.format(value)));
    parts.push(row);
  }
  if (rows.length === 0) parts.push(element("chart-tooltip-more", "no values here"));
  if (more > 0) parts.push(element("chart-tooltip-more", `and ${more} more`));
  box.replaceChildren(...parts);
}

/** Beside the crosshair, on the side that has room, inside the plot's height. */
function place(box: HTMLElement, chart: uPlot): void {
  box.hidden = false;
  const { left = 0, top = 0 } = chart.cursor;
  const { clientWidth, clientHeight } = chart.over;
  const onRight = left + 16 + box.offsetWidth <= clientWidth || left < clientWidth / 2;
  const x = onRight ? left + 16 : left - 16 - box.offsetWidth;
  const y = Math.min(Math.max(0, top - 20), Math.max(0, clientHeight - box.offsetHeight));
  box.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
}

