// One expression with its editor, its tabs and their controls.
import { lazy, Suspense, useEffect, useState } from "react";
import { Segments } from "../ui/Segments";
import type { PanelQuery } from "./address";
import { GraphTab } from "./GraphTab";
import { TableTab } from "./TableTab";
import { EndControl, RangeControl, ResolutionControl } from "./TimeControls";

const Editor = lazy(() => import("./Editor"));

interface Props {
  index: number;
  query: PanelQuery;
  onChange: (query: PanelQuery) => void;
  /** Absent for the last panel that is left. */
  onRemove?: (() => void) | undefined;
}

export function QueryPanel({ index, query, onChange, onRemove }: Props) {
  const [draft, setDraft] = useState(query.expr);
  const [version, setVersion] = useState(0);
  useEffect(() => setDraft(query.expr), [query.expr]);
  const change = (part: Partial<PanelQuery>) => onChange({ ...query, ...part });
  const execute = () => {
    setVersion(version + 1);
    if (draft !== query.expr) change({ expr: draft });
  };
  const zoom = (fromMs: number, toMs: number) => {
    const wholeSeconds = { endMs: Math.round(toMs / 1000) * 1000, rangeMs: Math.max(1000, Math.round((toMs - fromMs) / 1000) * 1000) };
    change(wholeSeconds);
  };
  const id = `g${index}`;
  return (
    <article className="query" data-query={id}>
      <div className="query-line">
        <Suspense fallback={<div className="editor waiting">{draft}</div>}>
          <Editor value={draft} onChange={setDraft} onExecute={execute} />
        </Suspense>
        <button type="button" className="button primary" title="Shift+Enter or Ctrl+Enter" onClick={execute}>
          Execute
        </button>
        {onRemove && (
          <button type="button" className="button quiet square" title="Remove this query" aria-label="Remove this query" onClick={onRemove}>
            ✕
          </button>
        )}
      </div>
      <div className="toolbar">
        <Segments label="Show as" options={tabs} value={query.tab} onChange={(tab) => change({ tab })} />
        {query.tab === "table" ? (
          <EndControl label="At" endMs={query.endMs} stepMs={query.rangeMs / 2} onChange={(endMs) => change({ endMs })} />
        ) : (
          <>
            <RangeControl rangeMs={query.rangeMs} onChange={(rangeMs) => change({ rangeMs })} />
            <EndControl label="End" endMs={query.endMs} stepMs={query.rangeMs / 2} onChange={(endMs) => change({ endMs })} />
            <ResolutionControl
              resolution={query.resolution}
              rangeMs={query.rangeMs}
              onChange={(resolution) => change({ resolution })}
            />
            <Segments
              label="Lines"
              options={modes}
              value={query.stacked ? "stacked" : "lines"}
              onChange={(mode) => change({ stacked: mode === "stacked" })}
            />
          </>
        )}
      </div>
      {query.tab === "table" ? (
        <TableTab id={id} query={query} version={version} />
      ) : (
        <GraphTab id={id} query={query} version={version} onZoom={zoom} />
      )}
    </article>
  );
}

const tabs = [
  ["table", "Table"],
  ["graph", "Graph"],
] as const;

const modes = [
  ["lines", "Lines"],
  ["stacked", "Stacked"],
] as const;
