// The colours of what is drawn on canvases; CSS cannot reach them.
import type { Scheme } from "../shell/theme";

interface Palette {
  series: readonly string[];
  axis: string;
  grid: string;
}

/** Neighbours differ in hue and lightness, so that they stay apart for the colour-blind too. */
const palettes: Record<Scheme, Palette> = {
  dark: {
    series: [
      "#2dd4bf", "#f5a524", "#7aa2ff", "#f472b6", "#a3e635", "#c084fc",
      "#38bdf8", "#fb7185", "#facc15", "#34d399", "#fb923c", "#a5b4fc",
    ],
    axis: "#8b98a7",
    grid: "rgba(139, 152, 167, 0.14)",
  },
  light: {
    series: [
      "#0d9488", "#c2710c", "#3b63d9", "#c02777", "#5c8a0a", "#8b3fd1",
      "#0878b0", "#d02b46", "#a17a06", "#0a8f5f", "#c8500f", "#5a5fc7",
    ],
    axis: "#5f6b7a",
    grid: "rgba(70, 85, 105, 0.14)",
  },
};

export function palette(scheme: Scheme): Palette {
  return palettes[scheme];
}

export function seriesColor(scheme: Scheme, index: number): string {
  const { series } = palettes[scheme];
  return series[index % series.length] ?? "#888888";
}

/** A `#rrggbb` colour with an opacity. */
export function withAlpha(color: string, alpha: number): string {
  return `${color}${Math.round(alpha * 255).toString(16).padStart(2, "0")}`;
}
