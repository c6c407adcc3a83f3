// One graph of the home page.
import { queryRange } from "../api/query";
import { valueText } from "../charts/axis";
import { Legend, useHidden } from "../charts/Legend";
import { type ChartData, type Line, linesOf, withoutIdle } from "../charts/line";
import { TimeChart } from "../charts/TimeChart";
import { alignedGrid, type Grid, gridTimes } from "../data/grid";
import { legendText } from "../data/labels";
import { Panel, panelState } from "../ui/Panel";
import { useResource } from "../ui/useResource";
import type { GraphDefinition } from "./definitions";
import { PanelTitle } from "./PanelTitle";
import { stepFor } from "./view";

interface Props {
  graph: GraphDefinition;
  rangeMs: number;
  nowMs: number;
}

export function GraphPanel({ graph, rangeMs, nowMs }: Props) {
  const identity = JSON.stringify([graph, rangeMs]);
  const resource = useResource(identity, nowMs, (signal) =>
    loadGraph(graph, alignedGrid(nowMs, rangeMs, stepFor(rangeMs)), signal),
  );
  const [hidden, setHidden] = useHidden();
  const mirrored = graph.queries.some((query) => query.downwards);
  return (
    <Panel
      id={graph.id}
      className="graph"
      title={<PanelTitle title={graph.title} queries={graph.queries} rangeMs={rangeMs} stacked={graph.stacked === true} />}
      state={panelState(resource, (data) => data.lines.length === 0)}
      error={resource.error}
      empty="No series in this range."
    >
      {resource.data && (
        <>
          <div className="graph-plot">
            <TimeChart
              data={resource.data}
              hidden={hidden}
              unit={graph.unit}
              stacked={graph.stacked === true}
              mirrored={mirrored}
              fromZero
              syncKey="home"
              label={`${graph.title} over time`}
            />
          </div>
          <Legend lines={resource.data.lines} hidden={hidden} onChange={setHidden} format={valueText(graph.unit, mirrored)} />
        </>
      )}
    </Panel>
  );
}

async function loadGraph(graph: GraphDefinition, grid: Grid, signal: AbortSignal): Promise<ChartData> {
  const answers = await Promise.all(graph.queries.map((query) => queryRange(query.expr, grid, signal)));
  const lines = answers.flatMap((answer, index): Line[] => {
    const query = graph.queries[index];
    const drawn = linesOf(answer.data, grid, (series) => legendText(query?.legend, series.metric)).lines;
    return drawn.map((line) => ({
      ...line,
      dashed: query?.dashed === true,
      values: query?.downwards ? line.values.map((value) => (value === null ? null : -value)) : line.values,
    }));
  });
  const shown = graph.dropIdle ? withoutIdle(lines) : lines;
  return { times: gridTimes(grid), lines: shown.map((line, color) => ({ ...line, color })) };
}
