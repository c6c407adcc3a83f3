// Alerting rules as the page lists them: worst first, counted, filtered.
import type { AlertingRule, AlertState, RuleGroup } from "../api/types";

export interface ListedRule {
  group: string;
  file: string;
  rule: AlertingRule;
}

export const states: readonly AlertState[] = ["firing", "pending", "unknown", "inactive"];

/** All alerting rules, the firing ones first; within a state in the files' order. */
export function listRules(groups: readonly RuleGroup[]): ListedRule[] {
  const listed = groups.flatMap((group) =>
    group.rules
      .filter((rule): rule is AlertingRule => rule.type === "alerting")
      .map((rule) => ({ group: group.name, file: group.file, rule })),
  );
  return listed.sort((a, b) => states.indexOf(a.rule.state) - states.indexOf(b.rule.state));
}

export function countStates(rules: readonly ListedRule[]): Record<AlertState, number> {
  const counts: Record<AlertState, number> = { firing: 0, pending: 0, unknown: 0, inactive: 0 };
  for (const { rule } of rules) counts[rule.state] += 1;
  return counts;
}

/** Matches names, groups, expressions and the labels of a rule and its alerts. */
export function matches({ group, rule }: ListedRule, search: string): boolean {
  const labels = [rule.labels ?? {}, ...(rule.alerts ?? []).map((alert) => alert.labels)];
  const texts = [rule.name, group, rule.query, ...labels.flatMap((set) => Object.entries(set).map(([k, v]) => `${k}=${v}`))];
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return words.every((word) => texts.some((text) => text.toLowerCase().includes(word)));
}
