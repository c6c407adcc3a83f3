// How long a query took and how much it returned.
import { formatDuration } from "../data/duration";

interface Props {
  loadMs: number | undefined;
  series: number;
  kind?: string;
  stepMs?: number;
}

export function Stats({ loadMs, series, kind, stepMs }: Props) {
  return (
    <span className="stats">
      {loadMs !== undefined && <span>Load time {Math.round(loadMs)} ms</span>}
      <span>Result series {series}</span>
      {stepMs !== undefined && <span>Step {formatDuration(stepMs)}</span>}
      {kind !== undefined && <span>{kind}</span>}
    </span>
  );
}
