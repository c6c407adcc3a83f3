// Fields for the range, the end and the step of a query.
import { useEffect, useState } from "react";
import { formatDuration, parseDuration } from "../data/duration";
import { fromInput, toInput } from "../data/time";
import { Select } from "../ui/Select";
import { parseStep } from "./address";
import { densities, type Density, longerRange, type Resolution, shorterRange, stepOf } from "./resolution";

interface TextFieldProps {
  label: string;
  value: string;
  width: string;
  /** Returns whether the text makes sense; what does not is put back. */
  onCommit: (text: string) => boolean;
}

/** A field that takes effect with Enter or when it is left. */
function TextField({ label, value, width, onCommit }: TextFieldProps) {
  const [draft, setDraft] = useState(value);
  useEffect(() => setDraft(value), [value]);
  const commit = () => {
    if (draft !== value && !onCommit(draft)) setDraft(value);
  };
  return (
    <input
      aria-label={label}
      style={{ width }}
      value={draft}
      spellCheck={false}
      onChange={(event) => setDraft(event.target.value)}
      onBlur={commit}
      onKeyDown={(event) => event.key === "Enter" && commit()}
    />
  );
}

interface RangeProps {
  rangeMs: number;
  onChange: (rangeMs: number) => void;
}

export function RangeControl({ rangeMs, onChange }: RangeProps) {
  const commit = (text: string) => {
    const ms = parseDuration(text);
    if (ms === null || ms <= 0) return false;
    onChange(ms);
    return true;
  };
  return (
    <div className="joined" role="group" aria-label="Range">
      <button type="button" className="button square" title="Shorter range" onClick={() => onChange(shorterRange(rangeMs))}>
        −
      </button>
      <span className="field">
        <TextField label="Range" value={formatDuration(rangeMs)} width="76px" onCommit={commit} />
      </span>
      <button type="button" className="button square" title="Longer range" onClick={() => onChange(longerRange(rangeMs))}>
        +
      </button>
    </div>
  );
}

interface EndProps {
  label: string;
  endMs: number | null;
  /** How far ◀ and ▶ go. */
  stepMs: number;
  onChange: (endMs: number | null) => void;
}

export function EndControl({ label, endMs, stepMs, onChange }: EndProps) {
  const move = (direction: number) => onChange(wholeSecond((endMs ?? Date.now()) + direction * stepMs));
  return (
    <div className="joined" role="group" aria-label={label}>
      <button type="button" className="button square" title="Earlier" onClick={() => move(-1)}>
        ‹
      </button>
      {endMs === null ? (
        <button type="button" className="button" title="Choose a time" onClick={() => onChange(wholeSecond(Date.now()))}>
          <span className="muted">{label}</span> now
        </button>
      ) : (
        <>
          <label className="field">
            <span>{label}</span>
            <input
              type="datetime-local"
              step="1"
              value={toInput(endMs)}
              onChange={(event) => onChange(fromInput(event.target.value))}
            />
          </label>
          <button type="button" className="button" title="Follow the present" onClick={() => onChange(null)}>
            now
          </button>
        </>
      )}
      <button type="button" className="button square" title="Later" onClick={() => move(1)}>
        ›
      </button>
    </div>
  );
}

/** Addresses carry whole seconds. */
const wholeSecond = (ms: number) => Math.round(ms / 1000) * 1000;

interface ResolutionProps {
  resolution: Resolution;
  rangeMs: number;
  onChange: (resolution: Resolution) => void;
}

export function ResolutionControl({ resolution, rangeMs, onChange }: ResolutionProps) {
  const stepMs = stepOf(resolution, rangeMs);
  const fixed = "stepMs" in resolution;
  const options = densities.map((density) => [density, `${density} (${formatDuration(stepOf({ density }, rangeMs))})`] as const);
  const choose = (value: string) => onChange(value === "fixed" ? { stepMs } : { density: value as Density });
  const commit = (text: string) => {
    const ms = parseStep(text);
    if (ms !== null) onChange({ stepMs: ms });
    return ms !== null;
  };
  return (
    <div className="joined" role="group" aria-label="Resolution">
      <Select label="Res." value={fixed ? "fixed" : resolution.density} options={[...options, ["fixed", "fixed step"]]} onChange={choose} />
      {fixed && (
        <span className="field">
          <TextField label="Step" value={formatDuration(stepMs)} width="70px" onCommit={commit} />
        </span>
      )}
    </div>
  );
}
