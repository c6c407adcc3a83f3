// The one list of pages: address, name in the navigation, and the code, loaded when it is entered.
import { type ComponentType, lazy } from "react";

export interface PageEntry {
  path: string;
  name: string;
  Page: ComponentType;
}

export const pages: readonly PageEntry[] = [
  { path: "/", name: "Home", Page: lazy(() => import("../home/Page")) },
  { path: "/query", name: "Query", Page: lazy(() => import("../query/Page")) },
  { path: "/alerts", name: "Alerts", Page: lazy(() => import("../alerts/Page")) },
  { path: "/targets", name: "Targets", Page: lazy(() => import("../targets/Page")) },
  { path: "/pipeline", name: "Pipeline", Page: lazy(() => import("../pipeline/Page")) },
];

/** Addresses that Prometheus's links use for our pages. */
const aliases: Readonly<Record<string, string>> = { "/graph": "/query" };

export function pageAt(path: string | null): PageEntry | undefined {
  if (path === null) return undefined;
  const plain = path === "/" ? path : path.replace(/\/+$/, "");
  const wanted = aliases[plain] ?? plain;
  return pages.find((page) => page.path === wanted);
}
