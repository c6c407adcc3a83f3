// Stacked columns: each the sum of itself and those below it.
import type { Column } from "./grid";

/** A gap stays a gap and adds nothing to what lies above it. */
export function stack(columns: readonly Column[]): Column[] {
  const totals: number[] = new Array<number>(columns[0]?.length ?? 0).fill(0);
  return columns.map((column) =>
    column.map((value, step) => {
      if (value === null) return null;
      const total = (totals[step] ?? 0) + value;
      totals[step] = total;
      return total;
    }),
  );
}
