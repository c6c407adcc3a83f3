// Sample values come as text; charts want numbers and gaps.

/** Reads a sample value as the API spells it. */
export function parseValue(text: string): number {
  if (text === "+Inf") return Infinity;
  if (text === "-Inf") return -Infinity;
  return Number(text);
}

/** What a chart can draw: NaN and the infinities have no place on an axis and become gaps. */
export function drawable(text: string): number | null {
  const value = parseValue(text);
  return Number.isFinite(value) ? value : null;
}
