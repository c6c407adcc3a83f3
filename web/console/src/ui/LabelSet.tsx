// Labels as small boxes, and a series as PromQL spells it with its parts told apart.
import type { Labels } from "../api/types";
import { otherLabels, quote } from "../data/labels";
import "./labels.css";

export function LabelSet({ labels, without = [] }: { labels: Labels; without?: readonly string[] }) {
  return (
    <span className="label-set">
      {otherLabels(labels)
        .filter(([name]) => !without.includes(name))
        .map(([name, value]) => (
          <span className="label" key={name}>
            <span className="label-name">{name}</span>={quote(value)}
          </span>
        ))}
    </span>
  );
}

export function SeriesName({ labels }: { labels: Labels }) {
  const inside = otherLabels(labels);
  return (
    <span className="series">
      {labels.__name__}
      {(inside.length > 0 || labels.__name__ === undefined) && "{"}
      {inside.map(([name, value], index) => (
        <span key={name}>
          {index > 0 && ", "}
          <span className="label-name">{name}</span>=<span className="label-value">{quote(value)}</span>
        </span>
      ))}
      {(inside.length > 0 || labels.__name__ === undefined) && "}"}
    </span>
  );
}
