// The numbers of every edge.
import type { DataflowEdge } from "../api/types";
import { formatter } from "../gd";
import { edgeState } from "./Diagram";

const short = formatter("short");
const seconds = formatter("s");

export function EdgeTable({ edges }: { edges: readonly DataflowEdge[] }) {
  return (
    <div className="table-scroll">
      <table className="table edges">
        <thead>
          <tr>
            <th>From</th>
            <th>To</th>
            <th className="number">Samples/s</th>
            <th className="number">Batches/s</th>
            <th className="number">Waiting</th>
            <th className="number">Blocked</th>
          </tr>
        </thead>
        <tbody>
          {edges.map((edge) => (
            <tr key={`${edge.from} ${edge.to}`}>
              <td>{edge.from}</td>
              <td>{edge.to}</td>
              <td className="number">{short(edge.samples_per_second)}</td>
              <td className="number">{short(edge.batches_per_second)}</td>
              <td className="number">
                <span className="fill" aria-hidden="true">
                  <span className={edgeState(edge)} style={{ width: `${share(edge)}%` }} />
                </span>
                <span className="waiting">
                  {edge.depth} of {edge.capacity}
                </span>
              </td>
              <td className="number">{seconds(edge.blocked_seconds)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** How full an edge is, in percent; one without room counts as empty. */
const share = ({ depth, capacity }: DataflowEdge) => (capacity > 0 ? Math.min(100, (depth / capacity) * 100) : 0);
