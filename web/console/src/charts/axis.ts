// Numbers along the value axis: as many decimals as the distance of the ticks needs.
import { formatter } from "../gd";

/** Units whose prefix depends on the size (KiB, MB/s): decimals are chosen by each number. */
const scaled = /bytes|bits|bps|^s$|^ms$/i;

export function decimalsOf(tickStep: number): number {
  const text = Number(tickStep.toPrecision(6)).toString();
  if (text.includes("e-")) return Number(text.split("e-")[1]);
  return text.split(".")[1]?.length ?? 0;
}

/** Formats single values for legends and tooltips. */
export function valueText(unit: string, mirrored = false): (value: number) => string {
  const format = formatter(unit);
  // A hundredth of a percent is noise; other units choose their decimals by size.
  const decimals = unit === "percentunit" ? 1 : undefined;
  return (value) => format(mirrored ? Math.abs(value) : value, decimals);
}

/** Formats ticks; `mirrored` axes show the size of what is drawn downwards. */
export function axisText(unit: string, mirrored: boolean): (ticks: readonly number[], tickStep: number) => string[] {
  const format = formatter(unit);
  const factor = unit === "percentunit" ? 100 : 1;
  return (ticks, tickStep) => {
    const prefixed = unit === "short" && ticks.some((tick) => Math.abs(tick) >= 1000);
    const decimals = scaled.test(unit) || prefixed ? undefined : decimalsOf(tickStep * factor);
    return ticks.map((tick) => format(mirrored ? Math.abs(tick) : tick, tick === 0 ? 0 : decimals));
  };
}

/** Tick distances in powers of two for binary units, so that they read 1 GiB and not 954 MiB. */
export function tickSteps(unit: string): number[] | undefined {
  if (unit !== "bytes") return undefined;
  return Array.from({ length: 60 }, (_, power) => 2 ** power);
}
