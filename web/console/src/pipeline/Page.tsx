// The dataflow graph with live rates.
import { dataflow } from "../api/status";
import { Panel, panelState } from "../ui/Panel";
import { useResource } from "../ui/useResource";
import { useTick } from "../ui/useTick";
import { Diagram } from "./Diagram";
import { EdgeTable } from "./EdgeTable";
import { draw } from "./layout";
import "./pipeline.css";

export default function PipelinePage() {
  const nowMs = useTick(2000);
  const resource = useResource("graph", nowMs, dataflow);
  const flow = resource.data;
  return (
    <div className="page">
      <div className="page-head">
        <div>
          <h1>Pipeline</h1>
          <p>What flows from sources to the store. A full edge (red) holds its sender up.</p>
        </div>
      </div>
      <Panel
        id="pipeline"
        state={panelState(resource, (data) => data.nodes.length === 0)}
        error={resource.error}
        empty="The dataflow has no nodes."
      >
        {flow && (
          <>
            <Diagram drawing={draw(flow)} />
            <EdgeTable edges={flow.edges} />
          </>
        )}
      </Panel>
    </div>
  );
}
