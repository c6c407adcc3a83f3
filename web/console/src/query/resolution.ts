// How far apart a graph's points are.

export const densities = ["low", "medium", "high"] as const;
export type Density = (typeof densities)[number];

/** A step chosen by the range, or one that was asked for. */
export type Resolution = { density: Density } | { stepMs: number };

/** Points over the range. The server refuses more than 11,000. */
const points: Record<Density, number> = { low: 100, medium: 250, high: 750 };

export function stepOf(resolution: Resolution, rangeMs: number): number {
  if ("stepMs" in resolution) return resolution.stepMs;
  return Math.max(1000, Math.floor(rangeMs / points[resolution.density] / 1000) * 1000);
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** Where the range's − and + go. */
const rangeSteps = [
  minute, 5 * minute, 15 * minute, 30 * minute, hour, 2 * hour, 6 * hour, 12 * hour,
  day, 2 * day, 7 * day, 14 * day, 28 * day, 56 * day, 112 * day, 365 * day, 730 * day,
];

export function shorterRange(rangeMs: number): number {
  return rangeSteps.findLast((step) => step < rangeMs) ?? rangeMs;
}

export function longerRange(rangeMs: number): number {
  return rangeSteps.find((step) => step > rangeMs) ?? rangeMs;
}
