// The range query of a panel, drawn.
import { queryRange } from "../api/query";
import { Legend, useHidden } from "../charts/Legend";
import { linesOf } from "../charts/line";
import { TimeChart } from "../charts/TimeChart";
import { gridEnding } from "../data/grid";
import { seriesText } from "../data/labels";
import { Panel, panelState } from "../ui/Panel";
import { useResource } from "../ui/useResource";
import type { PanelQuery } from "./address";
import { Annotations } from "./Annotations";
import { noExpression } from "./noExpression";
import { stepOf } from "./resolution";
import { Stats } from "./Stats";

/** A chart of more lines is neither readable nor quick. */
const linesMax = 1000;

interface Props {
  id: string;
  query: PanelQuery;
  /** Grows with every execution. */
  version: number;
  onZoom: (fromMs: number, toMs: number) => void;
}

export function GraphTab({ id, query, version, onZoom }: Props) {
  const { expr, endMs, rangeMs } = query;
  const stepMs = stepOf(query.resolution, rangeMs);
  const identity = expr.trim() === "" ? null : JSON.stringify([expr, endMs, rangeMs, stepMs]);
  const [hidden, setHidden] = useHidden();
  const resource = useResource(identity, version, async (signal) => {
    const grid = gridEnding(endMs ?? Date.now(), rangeMs, stepMs);
    const answer = await queryRange(expr, grid, signal);
    const chart = linesOf(answer.data.slice(0, linesMax), grid, (series) => seriesText(series.metric));
    return { ...answer, chart };
  });
  if (identity === null) return noExpression(id);
  const { data } = resource;
  return (
    <Panel
      id={id}
      className="result-panel"
      title={data && <Stats loadMs={resource.loadMs} series={data.data.length} stepMs={stepMs} />}
      state={panelState(resource, (answer) => answer.data.length + answer.warnings.length + answer.infos.length === 0)}
      error={resource.error}
      empty="The expression has no result in this range."
    >
      {data && resource.error === undefined && (
        <>
          <Annotations warnings={[...data.warnings, ...leftOut(data.data.length, data.chart.lines.length)]} infos={data.infos} />
          <div className="query-plot">
            <TimeChart
              data={data.chart}
              hidden={hidden}
              stacked={query.stacked}
              fromZero={query.stacked}
              onZoom={onZoom}
              label={`${expr} over time`}
            />
          </div>
          <Legend lines={data.chart.lines} hidden={hidden} onChange={setHidden} />
        </>
      )}
    </Panel>
  );
}

/** Says what the picture does not show. */
export function leftOut(series: number, drawn: number): string[] {
  const overLimit = Math.max(0, series - linesMax);
  const histograms = series - overLimit - drawn;
  return [
    ...(overLimit > 0 ? [`Only the first ${linesMax} of ${series} series are drawn.`] : []),
    ...(histograms > 0 ? [`${histograms} series of native histograms are not drawn; the table shows them.`] : []),
  ];
}
