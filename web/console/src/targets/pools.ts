// Targets by scrape pool, filtered, the failing ones first.
import type { Target } from "../api/types";

export interface Pool {
  name: string;
  targets: Target[];
  /** Of all its targets, whatever the filter leaves. */
  up: number;
  total: number;
}

const order: Record<Target["health"], number> = { down: 0, unknown: 1, up: 2 };

export function pools(targets: readonly Target[], health: string, search: string): Pool[] {
  const byName = new Map<string, Pool>();
  for (const target of targets) {
    const pool = byName.get(target.scrapePool) ?? { name: target.scrapePool, targets: [], up: 0, total: 0 };
    byName.set(target.scrapePool, pool);
    pool.total += 1;
    if (target.health === "up") pool.up += 1;
    if ((health === "all" || target.health === health) && matches(target, search)) pool.targets.push(target);
  }
  const shown = [...byName.values()].filter((pool) => pool.targets.length > 0);
  for (const pool of shown) {
    pool.targets.sort((a, b) => order[a.health] - order[b.health] || (a.scrapeUrl < b.scrapeUrl ? -1 : 1));
  }
  return shown.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function matches(target: Target, search: string): boolean {
  const labels = Object.entries(target.labels).map(([name, value]) => `${name}=${value}`);
  const texts = [target.scrapePool, target.scrapeUrl, target.lastError, ...labels].map((text) => text.toLowerCase());
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return words.every((word) => texts.some((text) => text.includes(word)));
}
