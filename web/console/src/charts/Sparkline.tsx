// A number's recent course, without axes.
import type { Column } from "../data/grid";

const width = 100;
const height = 28;

/** An SVG path through the values, broken at gaps; empty when there is nothing to draw. */
export function sparkPath(values: Column): string {
  const present = values.filter((value) => value !== null);
  if (present.length === 0) return "";
  const min = Math.min(...present);
  const span = Math.max(...present) - min;
  let path = "";
  let pen = "M";
  values.forEach((value, step) => {
    if (value === null) {
      pen = "M";
      return;
    }
    const x = (step / Math.max(1, values.length - 1)) * width;
    const y = span === 0 ? height / 2 : height - 2 - ((value - min) / span) * (height - 4);
    path += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = "L";
  });
  return path;
}

export function Sparkline({ values }: { values: Column }) {
  return (
    <svg className="sparkline" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      <path d={sparkPath(values)} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
