// Instant and range queries.
import type { Grid } from "../data/grid";
import { type Answer, post } from "./client";
import type { MatrixSeries, QueryResult } from "./types";

/** Evaluates at `timeMs`, or at the server's now. */
export function queryInstant(query: string, timeMs?: number, signal?: AbortSignal): Promise<Answer<QueryResult>> {
  return post("query", { query, time: timeMs === undefined ? undefined : timeMs / 1000 }, signal);
}

export async function queryRange(query: string, grid: Grid, signal?: AbortSignal): Promise<Answer<MatrixSeries[]>> {
  const params = { query, start: grid.startMs / 1000, end: grid.endMs / 1000, step: grid.stepMs / 1000 };
  const answer = await post<{ resultType: "matrix"; result: MatrixSeries[] }>("query_range", params, signal);
  return { ...answer, data: answer.data.result };
}
