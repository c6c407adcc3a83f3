// Which layer each node of the dataflow stands in, and the order within the layers.
import type { Dataflow, DataflowEdge, DataflowNode } from "../api/types";

/** A place in a layer: a node, or a free lane for an edge that passes through. */
export type Slot = { key: string; node: DataflowNode } | { key: string; node: null };

/** A node's layer: the longest way to it. An edge that would close a circle does not count. */
export function layersOf({ nodes, edges }: Dataflow): Map<string, number> {
  const incoming = new Map(nodes.map((node) => [node.id, [] as string[]]));
  for (const { from, to } of edges) if (incoming.has(from)) incoming.get(to)?.push(from);
  const layers = new Map<string, number>();
  const open = new Set<string>();
  const layer = (id: string): number => {
    const known = layers.get(id);
    if (known !== undefined) return known;
    open.add(id);
    const before = (incoming.get(id) ?? []).filter((from) => !open.has(from)).map(layer);
    open.delete(id);
    const own = before.length === 0 ? 0 : Math.max(...before) + 1;
    layers.set(id, own);
    return own;
  };
  for (const node of nodes) layer(node.id);
  return layers;
}

/** The slots that an edge runs through, its two nodes included. */
export function wayOf(edge: DataflowEdge, layers: ReadonlyMap<string, number>): string[] {
  const [from, to] = [layers.get(edge.from) ?? 0, layers.get(edge.to) ?? 0];
  const lanes = Array.from({ length: Math.max(0, to - from - 1) }, (_, index) => laneKey(edge, from + 1 + index));
  return [edge.from, ...lanes, edge.to];
}

const laneKey = ({ from, to }: DataflowEdge, layer: number) => `${from}\n${to}\n${layer}`;

/** The slots by layer, each near the mean row of what leads to it. */
export function columnsOf(flow: Dataflow): Slot[][] {
  const layers = layersOf(flow);
  const columns: Slot[][] = [];
  const before = new Map<string, string[]>();
  for (const node of flow.nodes) (columns[layers.get(node.id) ?? 0] ??= []).push({ key: node.id, node });
  for (const edge of flow.edges) {
    if (!layers.has(edge.from) || !layers.has(edge.to)) continue;
    const way = wayOf(edge, layers);
    way.slice(1).forEach((key, index) => {
      before.set(key, [...(before.get(key) ?? []), way[index] ?? ""]);
      if (index + 2 < way.length) columns[(layers.get(edge.from) ?? 0) + index + 1]?.push({ key, node: null });
    });
  }
  const rows = new Map<string, number>();
  for (const column of columns) {
    const pull = new Map(column.map(({ key }, row) => [key, mean((before.get(key) ?? []).flatMap((one) => rows.get(one) ?? [])) ?? row]));
    column.sort((a, b) => (pull.get(a.key) ?? 0) - (pull.get(b.key) ?? 0));
    column.forEach(({ key }, row) => rows.set(key, row - (column.length - 1) / 2));
  }
  return columns;
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
