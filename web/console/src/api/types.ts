// The shapes of the Prometheus HTTP API that the console reads.

/** A label set; a missing label equals an empty one. */
export type Labels = Record<string, string>;

/** Unix seconds and the value as text ("NaN", "+Inf" and "-Inf" included). */
export type Sample = [time: number, value: string];

/** Boundary rule 0 = (low, high], 1 = [low, high), 2 = open, 3 = closed. */
export type Bucket = [rule: number, low: string, high: string, count: string];

export interface Histogram {
  count: string;
  sum: string;
  buckets?: Bucket[];
}

export interface VectorSeries {
  metric: Labels;
  value?: Sample;
  histogram?: [time: number, histogram: Histogram];
}

export interface MatrixSeries {
  metric: Labels;
  values?: Sample[];
  histograms?: [time: number, histogram: Histogram][];
}

export type QueryResult =
  | { resultType: "vector"; result: VectorSeries[] }
  | { resultType: "matrix"; result: MatrixSeries[] }
  | { resultType: "scalar" | "string"; result: Sample };

export interface Target {
  discoveredLabels: Labels;
  labels: Labels;
  scrapePool: string;
  scrapeUrl: string;
  globalUrl: string;
  lastError: string;
  lastScrape: string;
  /** Seconds. */
  lastScrapeDuration: number;
  health: "up" | "down" | "unknown";
  scrapeInterval: string;
  scrapeTimeout: string;
}

export type AlertState = "firing" | "pending" | "inactive" | "unknown";

export interface Alert {
  labels: Labels;
  annotations: Labels;
  state: AlertState;
  activeAt?: string;
  keepFiringSince?: string;
  value: string;
}

export interface AlertingRule {
  type: "alerting";
  name: string;
  query: string;
  state: AlertState;
  /** Seconds. */
  duration: number;
  keepFiringFor?: number;
  labels?: Labels;
  annotations?: Labels;
  alerts?: Alert[];
  health: "ok" | "err" | "unknown";
  lastError?: string;
  lastEvaluation?: string;
}

export interface RecordingRule {
  type: "recording";
  name: string;
  query: string;
}

export interface RuleGroup {
  name: string;
  file: string;
  /** Seconds. */
  interval: number;
  rules: (AlertingRule | RecordingRule)[];
}

export interface DataflowNode {
  id: string;
  kind: string;
}

export interface DataflowEdge {
  from: string;
  to: string;
  batches_per_second: number;
  samples_per_second: number;
  depth: number;
  capacity: number;
  blocked_seconds: number;
}

export interface Dataflow {
  nodes: DataflowNode[];
  edges: DataflowEdge[];
}
