// A choice among durations; one that is not on the list (from an address) is offered too.
import { formatDuration, parseDuration } from "../data/duration";
import { Select } from "./Select";

interface Props {
  label: string;
  /** Durations in milliseconds, 0 meaning never. */
  choices: readonly number[];
  valueMs: number;
  onChange: (ms: number) => void;
}

const spell = (ms: number) => (ms === 0 ? "off" : formatDuration(ms));

export function DurationSelect({ label, choices, valueMs, onChange }: Props) {
  const offered = choices.includes(valueMs) ? choices : [...choices, valueMs];
  return (
    <Select
      label={label}
      value={spell(valueMs)}
      options={offered.map((ms) => [spell(ms), spell(ms)])}
      onChange={(text) => onChange(parseDuration(text) ?? 0)}
    />
  );
}
