// One alerting rule; opened, its expression and each of its alerts.
import type { Alert, AlertState } from "../api/types";
import { formatDuration, roughDuration } from "../data/duration";
import { ago, localTime } from "../data/time";
import { panelsAddress, standardPanel } from "../query/address";
import { Link } from "../shell/router";
import { Badge, type Tone } from "../ui/Badge";
import { LabelSet } from "../ui/LabelSet";
import type { ListedRule } from "./summary";

const tones: Record<AlertState, Tone> = { firing: "bad", pending: "warn", inactive: "good", unknown: "quiet" };

interface Props {
  listed: ListedRule;
  nowMs: number;
}

export function RuleRow({ listed: { group, file, rule }, nowMs }: Props) {
  const alerts = rule.alerts ?? [];
  return (
    <details className="rule" open={rule.state === "firing"} data-rule={rule.name} data-rule-state={rule.state}>
      <summary>
        <Badge tone={tones[rule.state]}>{rule.state}</Badge>
        <b>{rule.name}</b>
        {alerts.length > 0 && <span className="muted">{alerts.length === 1 ? "1 alert" : `${alerts.length} alerts`}</span>}
        {rule.health === "err" && <Badge tone="bad">evaluation failed</Badge>}
        <span className="rule-group" title={file}>
          {group}
        </span>
      </summary>
      <div className="rule-body">
        {rule.lastError && <p className="notice error">{rule.lastError}</p>}
        <p className="rule-query">
          <Link to={panelsAddress([{ ...standardPanel, expr: rule.query }])}>
            <code>{rule.query}</code>
          </Link>
          {rule.duration > 0 && <span className="muted"> for {formatDuration(rule.duration * 1000)}</span>}
          <span className="muted"> · evaluated {ago(rule.lastEvaluation, nowMs, roughDuration)}</span>
        </p>
        {rule.labels && <LabelSet labels={rule.labels} />}
        {alerts.length > 0 && <AlertTable alerts={alerts} nowMs={nowMs} />}
      </div>
    </details>
  );
}

function AlertTable({ alerts, nowMs }: { alerts: readonly Alert[]; nowMs: number }) {
  return (
    <div className="table-scroll">
      <table className="table">
        <thead>
          <tr>
            <th>State</th>
            <th>Labels</th>
            <th>Since</th>
            <th className="number">Value</th>
          </tr>
        </thead>
        <tbody>
          {alerts.map((alert) => (
            <tr key={JSON.stringify(alert.labels)}>
              <td>
                <Badge tone={tones[alert.state]}>{alert.state}</Badge>
              </td>
              <td className="wide">
                <LabelSet labels={alert.labels} without={["alertname"]} />
                {Object.entries(alert.annotations).map(([name, text]) => (
                  <p className="annotation" key={name}>
                    <span className="muted">{name}</span> {text}
                  </p>
                ))}
              </td>
              <td className="number" title={alert.activeAt && localTime(Date.parse(alert.activeAt))}>
                {ago(alert.activeAt, nowMs, roughDuration)}
              </td>
              <td className="number">{shortValue(alert.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The API writes "1e+00"; infinities and NaN stay as they are. */
function shortValue(text: string): string {
  const value = Number(text);
  return Number.isFinite(value) ? String(value) : text;
}
