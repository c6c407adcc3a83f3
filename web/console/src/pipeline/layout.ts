// Places the dataflow's nodes in layers from sources to sinks and draws the edges between them.
import type { Dataflow, DataflowEdge, DataflowNode } from "../api/types";
import { columnsOf, layersOf, type Slot, wayOf } from "./layers";

export interface PlacedNode extends DataflowNode {
  x: number;
  y: number;
  width: number;
}

export interface PlacedEdge {
  edge: DataflowEdge;
  path: string;
  /** Where the rate is written. */
  labelX: number;
  labelY: number;
}

export interface Drawing {
  nodes: PlacedNode[];
  edges: PlacedEdge[];
  width: number;
  height: number;
}

export const nodeHeight = 52;
const layerGap = 136;
const rowGap = 30;
const margin = 14;
/** Room at both sides and below for edges that run back. */
const backMargin = 46;
const backGap = 26;

interface Box {
  x: number;
  y: number;
  width: number;
}

/** A node is as wide as its longest line of text, within reason; a lane has no width of its own. */
function widthOf({ node }: Slot): number {
  if (!node) return 0;
  return Math.min(260, Math.max(112, Math.max(node.id.length * 7.6, node.kind.length * 6.6) + 32));
}

export function draw(flow: Dataflow): Drawing {
  const columns = columnsOf(flow);
  const tallest = Math.max(0, ...columns.map((column) => column.length));
  const height = Math.max(0, tallest * (nodeHeight + rowGap) - rowGap) + 2 * margin;
  const boxes = new Map<string, Box>();
  const nodes: PlacedNode[] = [];
  const layers = layersOf(flow);
  const back = flow.edges.filter((edge) => runsBack(edge, layers));
  const side = back.length > 0 ? backMargin : margin;
  let x = side;
  for (const column of columns) {
    const width = Math.max(...column.map(widthOf));
    const top = (height - (column.length * (nodeHeight + rowGap) - rowGap)) / 2;
    column.forEach((slot, row) => {
      const box = { x, y: top + row * (nodeHeight + rowGap), width };
      boxes.set(slot.key, box);
      if (slot.node) nodes.push({ ...slot.node, ...box });
    });
    x += width + layerGap;
  }
  const edges = placeEdges(flow, layers, boxes);
  back.forEach((edge, lane) => {
    const [from, to] = [boxes.get(edge.from), boxes.get(edge.to)];
    if (from && to) edges.push(placeBackEdge(edge, from, to, height + lane * backGap));
  });
  return { nodes, edges, width: Math.max(0, x - layerGap) + side, height: height + back.length * backGap };
}

/** Whether an edge leads to its own layer or one before it. */
function runsBack(edge: DataflowEdge, layers: ReadonlyMap<string, number>): boolean {
  const [from, to] = [layers.get(edge.from), layers.get(edge.to)];
  return from !== undefined && to !== undefined && to <= from;
}

/** Round the outside, below all nodes: through them it could not be followed. */
function placeBackEdge(edge: DataflowEdge, from: Box, to: Box, laneY: number): PlacedEdge {
  const [right, left] = [from.x + from.width, to.x];
  const [fromY, toY] = [from.y + nodeHeight / 2, to.y + nodeHeight / 2];
  const path =
    `M${right} ${fromY}C${right + backMargin} ${fromY} ${right + backMargin} ${laneY} ${right} ${laneY}` +
    `L${left} ${laneY}C${left - backMargin} ${laneY} ${left - backMargin} ${toY} ${left - 7} ${toY}`;
  return { edge, path, labelX: (left + right) / 2, labelY: laneY };
}

function placeEdges(flow: Dataflow, layers: ReadonlyMap<string, number>, boxes: ReadonlyMap<string, Box>): PlacedEdge[] {
  return flow.edges.flatMap((edge) => {
    if (runsBack(edge, layers)) return [];
    const way = wayOf(edge, layers).flatMap((key) => boxes.get(key) ?? []);
    if (way.length < 2 || !boxes.has(edge.from) || !boxes.has(edge.to)) return [];
    // Labels stay apart when they stand where the edges do: fanning out, near the target.
    const fansOut = flow.edges.filter((other) => other.from === edge.from).length > 1;
    return [placeEdge(edge, way, fansOut)];
  });
}

type Point = readonly [x: number, y: number];

/** A curve from gap to gap; through a lane it runs straight. */
function placeEdge(edge: DataflowEdge, way: readonly Box[], fansOut: boolean): PlacedEdge {
  const middle = (box: Box) => box.y + nodeHeight / 2;
  const legs = way.slice(1).map((to, index): [Point, Point] => {
    const from = way[index] ?? to;
    const tip = index === way.length - 2 ? 7 : 0;
    return [[from.x + from.width, middle(from)], [to.x - tip, middle(to)]];
  });
  const path = legs.map(([from, to], index) => `${index === 0 ? "M" : "L"}${from[0]} ${from[1]}${curve(from, to)}`).join("");
  const leg = fansOut ? legs.at(-1) : legs[0];
  const [labelX, labelY] = leg ? onCurve(leg[0], leg[1], fansOut ? 0.66 : 0.34) : [0, 0];
  return { edge, path, labelX, labelY };
}

/** How far out the control points lie. */
const bend = ([fromX]: Point, [toX]: Point) => Math.max(40, Math.abs(toX - fromX) / 2);

function curve(from: Point, to: Point): string {
  const out = bend(from, to);
  return `C${from[0] + out} ${from[1]} ${to[0] - out} ${to[1]} ${to[0]} ${to[1]}`;
}

/** The point of the cubic curve at `t` in 0–1. */
function onCurve(from: Point, to: Point, t: number): Point {
  const out = bend(from, to);
  const at = (a: number, b: number, c: number, d: number) =>
    (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t ** 2 * c + t ** 3 * d;
  return [at(from[0], from[0] + out, to[0] - out, to[0]), at(from[1], from[1], to[1], to[1])];
}
