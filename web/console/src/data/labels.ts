// Label sets as text: series names, selectors and legend templates.
import type { Labels } from "../api/types";

const plainLabel = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const plainMetric = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** A PromQL string literal. */
export function quote(text: string): string {
  return `"${text.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n")}"`;
}

/** The labels besides the name, sorted, as `[name, value]`. */
export function otherLabels(labels: Labels): [string, string][] {
  return Object.entries(labels)
    .filter(([name]) => name !== "__name__")
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The series as PromQL spells it: `up{job="node"}`, `{"with space",job="node"}`. */
export function seriesText(labels: Labels): string {
  const name = labels.__name__ ?? "";
  const inside = otherLabels(labels).map(
    ([label, value]) => `${plainLabel.test(label) ? label : quote(label)}=${quote(value)}`,
  );
  if (name !== "" && !plainMetric.test(name)) return `{${[quote(name), ...inside].join(", ")}}`;
  return inside.length === 0 && name !== "" ? name : `${name}{${inside.join(", ")}}`;
}

/** Fills `{{label}}` of a legend template; without a template, the series itself. */
export function legendText(template: string | undefined, labels: Labels): string {
  if (template === undefined) return seriesText(labels);
  return template.replace(/\{\{\s*([^{}]+?)\s*\}\}/g, (_, label: string) => labels[label] ?? "");
}
