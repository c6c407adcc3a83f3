// A panel's title, which opens its expressions on the query page.
import { formatDuration } from "../data/duration";
import { panelsAddress, standardPanel } from "../query/address";
import { Link } from "../shell/router";

interface Props {
  title: string;
  queries: readonly { expr: string }[];
  rangeMs: number;
  stacked?: boolean;
}

export function PanelTitle({ title, queries, rangeMs, stacked = false }: Props) {
  const panels = queries.map(({ expr }) => ({ ...standardPanel, expr, tab: "graph" as const, rangeMs, stacked }));
  const what = `${queries.map(({ expr }) => expr).join("\n")}\n\nOpen the last ${formatDuration(rangeMs)} on the query page`;
  return (
    <Link to={panelsAddress(panels)} className="panel-link" title={what}>
      {title}
      <span aria-hidden="true"> ↗</span>
    </Link>
  );
}
