// The query page: any number of expressions; the address is their state.
import { navigate, usePlace } from "../shell/router";
import "../ui/controls.css";
import { panelsAddress, type PanelQuery, parsePanels, standardPanel } from "./address";
import "./query.css";
import { QueryPanel } from "./QueryPanel";

export default function QueryPage() {
  const panels = parsePanels(usePlace().search);
  const show = (next: PanelQuery[]) => navigate(panelsAddress(next));
  return (
    <div className="page">
      <h1 className="visually-hidden">Query</h1>
      {panels.map((query, index) => (
        <QueryPanel
          key={index}
          index={index}
          query={query}
          onChange={(changed) => show(panels.with(index, changed))}
          onRemove={panels.length > 1 ? () => show(panels.toSpliced(index, 1)) : undefined}
        />
      ))}
      <div>
        <button type="button" className="button" onClick={() => show([...panels, { ...standardPanel, tab: panels.at(-1)?.tab ?? "table" }])}>
          Add query
        </button>
      </div>
    </div>
  );
}
