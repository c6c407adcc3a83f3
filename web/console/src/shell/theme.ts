// The colour scheme: the system's, or the one chosen here and remembered by the browser.
import { useSyncExternalStore } from "react";

export type Scheme = "dark" | "light";
export type Choice = Scheme | "system";

/** public/theme.js reads the same key before the first paint. */
const key = "weir.theme";
const changed = "weir:theme";
const systemDark = () => window.matchMedia("(prefers-color-scheme: dark)");

export function themeChoice(): Choice {
  const choice = document.documentElement.dataset.theme;
  return choice === "dark" || choice === "light" ? choice : "system";
}

export function chooseTheme(choice: Choice): void {
  const { dataset } = document.documentElement;
  if (choice === "system") delete dataset.theme;
  else dataset.theme = choice;
  try {
    if (choice === "system") localStorage.removeItem(key);
    else localStorage.setItem(key, choice);
  } catch {
    // Storage may be blocked; the choice then lasts until the page is left.
  }
  window.dispatchEvent(new Event(changed));
}

function subscribe(notify: () => void): () => void {
  const media = systemDark();
  window.addEventListener(changed, notify);
  media.addEventListener("change", notify);
  return () => {
    window.removeEventListener(changed, notify);
    media.removeEventListener("change", notify);
  };
}

export function useThemeChoice(): Choice {
  return useSyncExternalStore(subscribe, themeChoice);
}

/** The scheme in effect, for what CSS cannot colour (canvases). */
export function useScheme(): Scheme {
  return useSyncExternalStore(subscribe, () => {
    const choice = themeChoice();
    if (choice !== "system") return choice;
    return systemDark().matches ? "dark" : "light";
  });
}
