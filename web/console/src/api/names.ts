// Label names, label values and series, as completion and pickers need them.
import { get, post } from "./client";
import type { Labels } from "./types";

interface Scope {
  /** Series selectors; none means all series. */
  matchers?: readonly string[];
  startMs?: number;
  endMs?: number;
}

const params = ({ matchers, startMs, endMs }: Scope) => ({
  "match[]": matchers,
  start: startMs === undefined ? undefined : startMs / 1000,
  end: endMs === undefined ? undefined : endMs / 1000,
});

export async function labelNames(scope: Scope = {}, signal?: AbortSignal): Promise<string[]> {
  return (await post<string[]>("labels", params(scope), signal)).data;
}

export async function labelValues(label: string, scope: Scope = {}, signal?: AbortSignal): Promise<string[]> {
  return (await get<string[]>(`label/${encodeURIComponent(label)}/values`, params(scope), signal)).data;
}

export async function series(scope: Scope, signal?: AbortSignal): Promise<Labels[]> {
  return (await post<Labels[]>("series", params(scope), signal)).data;
}
