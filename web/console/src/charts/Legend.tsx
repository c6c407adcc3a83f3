// The names under a chart: a click hides a line, a click with Ctrl leaves it alone.
import { type MouseEvent, useState } from "react";
import { useScheme } from "../shell/theme";
import { lastValue, type Line } from "./line";
import { seriesColor } from "./palette";

/** Beyond this a legend helps nobody and slows the page. */
const entriesMax = 200;

interface Props {
  lines: readonly Line[];
  hidden: ReadonlySet<string>;
  onChange: (hidden: ReadonlySet<string>) => void;
  /** Formats each line's newest value; without it only names are shown. */
  format?: (value: number) => string;
}

export function Legend({ lines, hidden, onChange, format }: Props) {
  const scheme = useScheme();
  const toggle = (name: string, event: MouseEvent) => {
    onChange(event.ctrlKey || event.metaKey ? alone(lines, hidden, name) : toggled(hidden, name));
  };
  return (
    <ul className="legend">
      {lines.slice(0, entriesMax).map((line) => (
        <li key={line.name}>
          <button
            type="button"
            aria-pressed={!hidden.has(line.name)}
            title={`${line.name}\nClick hides, Ctrl+click shows it alone`}
            onClick={(event) => toggle(line.name, event)}
          >
            <span className="chart-swatch" style={{ background: seriesColor(scheme, line.color) }} />
            <span className="legend-name">{line.name}</span>
            {format && <Newest line={line} format={format} />}
          </button>
        </li>
      ))}
      {lines.length > entriesMax && <li className="legend-more">and {lines.length - entriesMax} more</li>}
    </ul>
  );
}

function Newest({ line, format }: { line: Line; format: (value: number) => string }) {
  const value = lastValue(line.values);
  return value === null ? null : <span className="legend-value">{format(value)}</span>;
}

/** The hidden set of a legend, by line name so that it outlives a refresh. */
export function useHidden() {
  return useState<ReadonlySet<string>>(new Set());
}

export function toggled(hidden: ReadonlySet<string>, name: string): ReadonlySet<string> {
  const next = new Set(hidden);
  if (!next.delete(name)) next.add(name);
  return next;
}

/** Hides all others; done again it shows all. */
export function alone(lines: readonly Line[], hidden: ReadonlySet<string>, name: string): ReadonlySet<string> {
  const others = lines.filter((line) => line.name !== name).map((line) => line.name);
  const already = !hidden.has(name) && others.every((other) => hidden.has(other));
  return new Set(already ? [] : others);
}
