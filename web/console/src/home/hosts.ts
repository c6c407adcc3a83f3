// Which machines have host metrics, and how often each is scraped.
import { labelValues } from "../api/names";
import { activeTargets } from "../api/status";
import type { Target } from "../api/types";
import { formatDuration, parseDuration } from "../data/duration";
import type { Subject } from "./definitions";

export interface Hosts {
  instances: string[];
  targets: Target[];
}

export async function loadHosts(startMs: number, endMs: number, signal: AbortSignal): Promise<Hosts> {
  const scope = { matchers: ["node_cpu_seconds_total"], startMs, endMs };
  const [instances, targets] = await Promise.all([labelValues("instance", scope, signal), activeTargets(signal)]);
  return { instances, targets };
}

/** Prometheus's usual minute, for machines whose samples are pushed and have no target. */
const windowMinMs = 60_000;

/** The machine asked for, else the first; undefined while there is none. */
export function subjectOf({ instances, targets }: Hosts, wanted: string): Subject | undefined {
  const instance = wanted === "" ? instances[0] : wanted;
  if (instance === undefined) return undefined;
  const intervals = targets
    .filter((target) => target.labels.instance === instance)
    .map((target) => parseDuration(target.scrapeInterval) ?? 0);
  return { instance, window: formatDuration(Math.max(windowMinMs, ...intervals.map((interval) => 4 * interval))) };
}
