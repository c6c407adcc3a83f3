// The instant query of a panel.
import { queryInstant } from "../api/query";
import { Panel, panelState } from "../ui/Panel";
import { useResource } from "../ui/useResource";
import type { PanelQuery } from "./address";
import { Annotations } from "./Annotations";
import { noExpression } from "./noExpression";
import { ResultTable, seriesCount } from "./ResultTable";
import { Stats } from "./Stats";

interface Props {
  id: string;
  query: PanelQuery;
  /** Grows with every execution. */
  version: number;
}

export function TableTab({ id, query, version }: Props) {
  const { expr, endMs } = query;
  const identity = expr.trim() === "" ? null : JSON.stringify([expr, endMs]);
  const resource = useResource(identity, version, (signal) => queryInstant(expr, endMs ?? Date.now(), signal));
  if (identity === null) return noExpression(id);
  const { data } = resource;
  return (
    <Panel
      id={id}
      className="result-panel"
      title={data && <Stats loadMs={resource.loadMs} series={seriesCount(data.data)} kind={data.data.resultType} />}
      state={panelState(resource, (answer) => seriesCount(answer.data) === 0 && noRemarks(answer))}
      error={resource.error}
      empty="The expression has no result at this time."
    >
      {data && resource.error === undefined && (
        <>
          <Annotations warnings={data.warnings} infos={data.infos} />
          <ResultTable key={identity} result={data.data} />
        </>
      )}
    </Panel>
  );
}

/** An empty result with a remark is worth showing: the remark says why. */
const noRemarks = ({ warnings, infos }: { warnings: string[]; infos: string[] }) => warnings.length + infos.length === 0;
