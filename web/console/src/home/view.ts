// What the home page's address says: machine, range, refresh.
import { formatDuration, parseDuration } from "../data/duration";

export interface View {
  /** Empty: the first machine that has host metrics. */
  instance: string;
  rangeMs: number;
  /** 0: only when the page is loaded. */
  refreshMs: number;
}

const minute = 60_000;
export const ranges = [5, 15, 30, 60, 180, 360, 720, 1440].map((minutes) => minutes * minute);
export const refreshes = [5000, 15_000, minute, 0];

const standard: View = { instance: "", rangeMs: 15 * 60_000, refreshMs: 5000 };

/** Reads the address; what it does not say, or says wrongly, is as standard. */
export function parseView(search: string): View {
  const params = new URLSearchParams(search);
  const range = parseDuration(params.get("range") ?? "");
  const refresh = parseDuration(params.get("refresh") ?? "");
  return {
    instance: params.get("instance") ?? standard.instance,
    rangeMs: range !== null && range >= 60_000 ? range : standard.rangeMs,
    refreshMs: refresh !== null && (refresh === 0 || refresh >= 1000) ? refresh : standard.refreshMs,
  };
}

export function viewAddress(view: View): string {
  const params = new URLSearchParams();
  if (view.instance !== standard.instance) params.set("instance", view.instance);
  if (view.rangeMs !== standard.rangeMs) params.set("range", formatDuration(view.rangeMs));
  if (view.refreshMs !== standard.refreshMs) params.set("refresh", view.refreshMs === 0 ? "0" : formatDuration(view.refreshMs));
  const query = params.toString();
  return query === "" ? "/" : `/?${query}`;
}

const steps = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];

/** A round step that gives some 200 points: about as many as a small graph can show. */
export function stepFor(rangeMs: number): number {
  return (steps.find((seconds) => rangeMs / (seconds * 1000) <= 200) ?? 3600) * 1000;
}
