// The query page's address: Prometheus's `g0.expr`, `g0.tab` … for each panel, old spellings included.
import { formatDuration, parseDuration } from "../data/duration";
import { fromAddress, toAddress } from "../data/time";
import { densities, type Resolution } from "./resolution";

export type Tab = "table" | "graph";

export interface PanelQuery {
  expr: string;
  tab: Tab;
  rangeMs: number;
  /** Where the range ends and the table looks; null is the moment of execution. */
  endMs: number | null;
  resolution: Resolution;
  stacked: boolean;
}

export const standardPanel: PanelQuery = {
  expr: "",
  tab: "table",
  rangeMs: 3_600_000,
  endMs: null,
  resolution: { density: "medium" },
  stacked: false,
};

/** More panels than this in an address are a mistake, and each asks the server. */
const panelsMax = 20;

/** The panels of an address, numbered from 0 without holes; at least one. */
export function parsePanels(search: string): PanelQuery[] {
  const byIndex = new Map<number, Map<string, string>>();
  for (const [key, value] of new URLSearchParams(search)) {
    const match = /^g(\d+)\.(\w+)$/.exec(key);
    if (!match?.[1] || !match[2]) continue;
    const index = Number(match[1]);
    if (!byIndex.has(index)) byIndex.set(index, new Map());
    byIndex.get(index)?.set(match[2], value);
  }
  const sorted = [...byIndex.entries()].sort(([a], [b]) => a - b).slice(0, panelsMax);
  return sorted.length === 0 ? [standardPanel] : sorted.map(([, fields]) => parsePanel(fields));
}

function parsePanel(fields: ReadonlyMap<string, string>): PanelQuery {
  const tab = fields.get("tab");
  const range = parseDuration(fields.get("range_input") ?? "");
  return {
    expr: fields.get("expr") ?? standardPanel.expr,
    tab: tab === "graph" || tab === "0" ? "graph" : "table",
    rangeMs: range !== null && range > 0 ? range : standardPanel.rangeMs,
    endMs: fromAddress(fields.get("end_input") ?? fields.get("moment_input") ?? ""),
    resolution: parseResolution(fields),
    stacked: fields.get("display_mode") === "stacked" || fields.get("stacked") === "1",
  };
}

function parseResolution(fields: ReadonlyMap<string, string>): Resolution {
  const type = fields.get("res_type");
  const stepMs = parseStep(fields.get("res_step") ?? fields.get("step_input") ?? "");
  if (type !== "auto" && stepMs !== null) return { stepMs };
  const density = densities.find((name) => name === fields.get("res_density"));
  return density ? { density } : standardPanel.resolution;
}

/** Seconds, as Prometheus writes them, or a duration. */
export function parseStep(text: string): number | null {
  const seconds = Number(text.trim());
  const ms = text.trim() !== "" && Number.isFinite(seconds) ? seconds * 1000 : parseDuration(text);
  return ms !== null && ms > 0 ? ms : null;
}

export function panelsAddress(panels: readonly PanelQuery[]): string {
  const params = new URLSearchParams();
  panels.forEach((panel, index) => {
    const set = (name: string, value: string) => params.set(`g${index}.${name}`, value);
    set("expr", panel.expr);
    set("tab", panel.tab);
    set("range_input", formatDuration(panel.rangeMs));
    if (panel.endMs !== null) set("end_input", toAddress(panel.endMs));
    if ("stepMs" in panel.resolution) {
      set("res_type", "custom");
      set("res_step", String(panel.resolution.stepMs / 1000));
    } else {
      set("res_type", "auto");
      set("res_density", panel.resolution.density);
    }
    set("display_mode", panel.stacked ? "stacked" : "lines");
  });
  return `/query?${params.toString()}`;
}
