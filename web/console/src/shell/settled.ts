// Tells the outside when a page's first load is done: <html data-settled> and window.__weir.
import { useEffect } from "react";

/** What a panel shows: data, the absence of it, a failure, or that it is still waiting. */
export type PanelState = "loading" | "ready" | "empty" | "error";

declare global {
  interface Window {
    /** `settled` counts the pages that finished their first load. */
    __weir?: { settled: number };
  }
}

const panels = new Map<string, PanelState>();
let frame = 0;

/** A page was entered: nothing of it is loaded yet. */
export function startPage(): void {
  document.documentElement.dataset.settled = "false";
  review();
}

/** Announces a panel's state for as long as it is on the page. */
export function useSettled(id: string, state: PanelState): void {
  useEffect(() => {
    panels.set(id, state);
    review();
  }, [id, state]);
  useEffect(() => () => void panels.delete(id), [id]);
}

/** Waits two frames so that charts, which draw after React's commit, are on the screen. */
function review(): void {
  cancelAnimationFrame(frame);
  frame = requestAnimationFrame(() => {
    frame = requestAnimationFrame(() => {
      const { dataset } = document.documentElement;
      const done = panels.size > 0 && [...panels.values()].every((state) => state !== "loading");
      if (!done || dataset.settled === "true") return;
      dataset.settled = "true";
      window.__weir = { settled: (window.__weir?.settled ?? 0) + 1 };
    });
  });
}
