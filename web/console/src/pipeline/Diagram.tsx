// The dataflow as a drawing: nodes in layers, edges as wide as what flows through them.
import { formatter } from "../gd";
import type { DataflowEdge } from "../api/types";
import { type Drawing, nodeHeight, type PlacedEdge, type PlacedNode } from "./layout";

const short = formatter("short");

export function Diagram({ drawing }: { drawing: Drawing }) {
  const { width, height } = drawing;
  return (
    <div className="diagram">
      <svg viewBox={`0 0 ${width} ${height}`} style={{ maxWidth: width, minWidth: Math.min(width, 760) }} role="img" aria-label="Dataflow graph; the table below has the same numbers">
        <defs>
          <marker id="tip" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">
            <path d="M0 0.5 7 4 0 7.5z" />
          </marker>
        </defs>
        {drawing.edges.map((placed) => (
          <Edge key={nameOf(placed)} placed={placed} />
        ))}
        {/* After all lines, so that none runs through a number. */}
        {drawing.edges.map((placed) => (
          <Rate key={nameOf(placed)} placed={placed} />
        ))}
        {drawing.nodes.map((node) => (
          <Node key={node.id} node={node} />
        ))}
      </svg>
    </div>
  );
}

/** How the edge does: full edges hold their senders up. */
export function edgeState({ samples_per_second, depth, capacity }: DataflowEdge): "full" | "busy" | "idle" {
  if (capacity > 0 && depth >= capacity) return "full";
  return samples_per_second > 0 || depth > 0 ? "busy" : "idle";
}

/** From 1.5 to 6 pixels, a pixel for each tenfold. */
export function edgeWidth(samplesPerSecond: number): number {
  return Math.min(6, 1.5 + Math.max(0, Math.log10(1 + samplesPerSecond)) * 0.7);
}

const nameOf = ({ edge }: PlacedEdge) => `${edge.from} ${edge.to}`;

function Edge({ placed: { edge, path } }: { placed: PlacedEdge }) {
  return (
    <g className={`edge ${edgeState(edge)}`} data-edge={`${edge.from}>${edge.to}`}>
      <title>{`${edge.from} → ${edge.to}: ${short(edge.samples_per_second)} samples/s in ${short(edge.batches_per_second)} batches/s, ${edge.depth} of ${edge.capacity} waiting`}</title>
      <path d={path} strokeWidth={edgeWidth(edge.samples_per_second)} markerEnd="url(#tip)" />
    </g>
  );
}

function Rate({ placed: { edge, labelX, labelY } }: { placed: PlacedEdge }) {
  return (
    <g className={`edge ${edgeState(edge)}`}>
      <text x={labelX} y={labelY - 9}>
        {short(edge.samples_per_second)}/s
      </text>
      {edge.depth > 0 && (
        <text className="depth" x={labelX} y={labelY + 18}>
          {edge.depth} of {edge.capacity}
        </text>
      )}
    </g>
  );
}

function Node({ node }: { node: PlacedNode }) {
  return (
    <g className="node" transform={`translate(${node.x} ${node.y})`} data-node={node.id}>
      <title>{`${node.id} (${node.kind})`}</title>
      <rect width={node.width} height={nodeHeight} rx="10" />
      <text className="node-id" x={node.width / 2} y="23">
        {node.id}
      </text>
      <text className="node-kind" x={node.width / 2} y="40">
        {node.kind}
      </text>
    </g>
  );
}
