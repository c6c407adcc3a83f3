// A framed part of a page that loads on its own and says honestly what it has.
import type { ReactNode } from "react";
import { type PanelState, useSettled } from "../shell/settled";
import "./panel.css";
import type { Resource } from "./useResource";

interface Props {
  id: string;
  title?: ReactNode;
  /** Controls at the right of the title. */
  actions?: ReactNode;
  state: PanelState;
  /** Shown in the state "error"; what is below it is then older. */
  error?: string | undefined;
  /** Shown in the state "empty". */
  empty?: ReactNode;
  className?: string;
  children?: ReactNode;
}

export function Panel({ id, title, actions, state, error, empty, className = "", children }: Props) {
  useSettled(id, state);
  return (
    <section className={`panel ${className}`} data-panel={id} data-state={state} aria-busy={state === "loading"}>
      {(title !== undefined || actions !== undefined) && (
        <header className="panel-head">
          <h2>{title}</h2>
          {actions}
        </header>
      )}
      {state === "error" && (
        <p className="notice error" role="alert">
          {error}
        </p>
      )}
      {state === "loading" && <div className="skeleton" aria-label="loading" />}
      {state === "empty" && <div className="panel-empty">{empty ?? "Nothing here."}</div>}
      {(state === "ready" || state === "error") && children}
    </section>
  );
}

/** The state of a panel over one resource. A failed refresh is an error even while old data shows. */
export function panelState<T>(resource: Resource<T>, isEmpty: (data: T) => boolean = () => false): PanelState {
  if (resource.error !== undefined) return "error";
  if (resource.data === undefined) return "loading";
  return isEmpty(resource.data) ? "empty" : "ready";
}
