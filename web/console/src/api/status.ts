// What the server says about itself: targets, rules, alerts, its dataflow, readiness.
import { address } from "../shell/base";
import { get } from "./client";
import type { Alert, Dataflow, RuleGroup, Target } from "./types";

export async function activeTargets(signal?: AbortSignal): Promise<Target[]> {
  return (await get<{ activeTargets: Target[] }>("targets", { state: "active" }, signal)).data.activeTargets;
}

export async function alerts(signal?: AbortSignal): Promise<Alert[]> {
  return (await get<{ alerts: Alert[] }>("alerts", {}, signal)).data.alerts;
}

export async function alertingRules(signal?: AbortSignal): Promise<RuleGroup[]> {
  return (await get<{ groups: RuleGroup[] }>("rules", { type: "alert" }, signal)).data.groups;
}

export async function dataflow(signal?: AbortSignal): Promise<Dataflow> {
  return (await get<Dataflow>("status/graph", {}, signal)).data;
}

export type Readiness = "ready" | "starting" | "unreachable";

export async function readiness(signal?: AbortSignal): Promise<Readiness> {
  try {
    const response = await fetch(address("-/ready"), { cache: "no-store", ...(signal && { signal }) });
    return response.ok ? "ready" : "starting";
  } catch {
    return "unreachable";
  }
}
