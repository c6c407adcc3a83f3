// What the editor's completion asks the server, remembered for a short while.
import type { PrometheusClient } from "@prometheus-io/codemirror-promql";
import { labelNames, labelValues, series } from "../api/names";
import { quote } from "../data/labels";

/** Names that were last seen longer ago are not offered. */
const lookbackMs = 12 * 3_600_000;
/** Typing asks often, names change seldom. */
const keptMs = 60_000;

/** Keeps each answer for a while; failures are not kept. */
export function remembered<T>(nowMs: () => number, load: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const answers = new Map<string, { untilMs: number; answer: Promise<T> }>();
  return (key) => {
    const known = answers.get(key);
    if (known && known.untilMs > nowMs()) return known.answer;
    const answer = load(key);
    answers.set(key, { untilMs: nowMs() + keptMs, answer });
    answer.catch(() => answers.delete(key));
    return answer;
  };
}

const scope = (metric: string | undefined) => ({
  startMs: Date.now() - lookbackMs,
  ...(metric && { matchers: [`{__name__=${quote(metric)}}`] }),
});

/** Completion without an answer offers nothing; the query itself will say what is wrong. */
const orNothing = <T>(answer: Promise<T[]>): Promise<T[]> => answer.catch(() => []);

export function completionClient(): PrometheusClient {
  const names = remembered(Date.now, (metric) => labelNames(scope(metric)));
  const values = remembered(Date.now, (key) => {
    const [label = "", metric] = JSON.parse(key) as [string, string?];
    return labelValues(label, scope(metric));
  });
  const sets = remembered(Date.now, (metric) => series(scope(metric)));
  return {
    labelNames: (metric) => orNothing(names(metric ?? "")),
    labelValues: (label, metric) => orNothing(values(JSON.stringify([label, metric]))),
    metricNames: () => orNothing(values(JSON.stringify(["__name__"]))),
    series: async (metric) => (await orNothing(sets(metric))).map((labels) => new Map(Object.entries(labels))),
    // Types, help texts and flags are not part of the server's API yet.
    metricMetadata: () => Promise.resolve({}),
    flags: () => Promise.resolve({}),
  };
}
