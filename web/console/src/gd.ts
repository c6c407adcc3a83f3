// The only file that imports @grafana/data, so that it can be replaced piece by piece.
import { formattedValueToString, getValueFormat } from "@grafana/data";

/** Formats numbers of one unit as dashboards do: `formatter("bytes")(1536)` is "1.50 KiB". */
export function formatter(unit: string): (value: number, decimals?: number) => string {
  const format = getValueFormat(unit);
  return (value, decimals) => formattedValueToString(format(value, decimals));
}
