// A router on the history API: the location as state, links that are real addresses.
import { type AnchorHTMLAttributes, type MouseEvent, useSyncExternalStore } from "react";
import { address, pathWithin } from "./base";
import { startPage } from "./settled";

export interface Place {
  /** Without the prefix; null when the browser stands outside it. */
  path: string | null;
  search: string;
}

const navigated = "weir:navigated";

function subscribe(notify: () => void): () => void {
  window.addEventListener("popstate", notify);
  window.addEventListener(navigated, notify);
  return () => {
    window.removeEventListener("popstate", notify);
    window.removeEventListener(navigated, notify);
  };
}

let last: Place = { path: "/", search: "" };

/** The same object as long as the location stays the same, as useSyncExternalStore demands. */
function current(): Place {
  const path = pathWithin(window.location.pathname);
  const { search } = window.location;
  if (path !== last.path || search !== last.search) last = { path, search };
  return last;
}

export function usePlace(): Place {
  return useSyncExternalStore(subscribe, current);
}

/** Goes to a path of the application; `replace` leaves no entry in the history. */
export function navigate(to: string, how: "push" | "replace" = "push"): void {
  const before = current().path;
  window.history[how === "push" ? "pushState" : "replaceState"](null, "", address(to));
  if (current().path !== before) {
    startPage();
    window.scrollTo(0, 0);
  }
  window.dispatchEvent(new Event(navigated));
}

type LinkProps = AnchorHTMLAttributes<HTMLAnchorElement> & { to: string };

/** A link to a page of the application; modified clicks stay the browser's. */
export function Link({ to, ...rest }: LinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to);
  };
  return <a {...rest} href={address(to)} onClick={follow} />;
}
