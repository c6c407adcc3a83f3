// One number about the server itself, with its recent course.
import { queryRange } from "../api/query";
import { lastValue, linesOf } from "../charts/line";
import { Sparkline } from "../charts/Sparkline";
import { alignedGrid } from "../data/grid";
import { formatter } from "../gd";
import { Panel, panelState } from "../ui/Panel";
import { useResource } from "../ui/useResource";
import type { TileDefinition } from "./definitions";
import { PanelTitle } from "./PanelTitle";
import { stepFor } from "./view";

interface Props {
  tile: TileDefinition;
  rangeMs: number;
  nowMs: number;
}

export function StatTile({ tile, rangeMs, nowMs }: Props) {
  const resource = useResource(JSON.stringify([tile, rangeMs]), nowMs, async (signal) => {
    const grid = alignedGrid(nowMs, rangeMs, stepFor(rangeMs));
    return linesOf((await queryRange(tile.expr, grid, signal)).data, grid, () => tile.title).lines[0]?.values ?? [];
  });
  const values = resource.data ?? [];
  // A value that ended some steps ago is no present value.
  const present = lastValue(values.slice(-3));
  return (
    <Panel
      id={tile.id}
      className="tile"
      title={<PanelTitle title={tile.title} queries={[tile]} rangeMs={rangeMs} />}
      state={panelState(resource, (data) => data.length === 0)}
      error={resource.error}
      empty="No samples of this server yet."
    >
      {resource.data && (
        <>
          <p className="tile-value">
            {present === null ? "—" : formatter(tile.unit)(present)}
            {tile.suffix && <small>{tile.suffix}</small>}
          </p>
          <Sparkline values={values} />
        </>
      )}
    </Panel>
  );
}
