// Two counts that open their own pages: targets that answer, alerts that fire.
import { activeTargets, alerts } from "../api/status";
import { Link } from "../shell/router";
import { Panel, panelState } from "../ui/Panel";
import { useResource } from "../ui/useResource";

export function TargetsTile({ nowMs }: { nowMs: number }) {
  const resource = useResource("targets", nowMs, activeTargets);
  const targets = resource.data ?? [];
  const count = (health: string) => targets.filter((target) => target.health === health).length;
  const [up, down] = [count("up"), count("down")];
  return (
    <Panel
      id="targets"
      className="tile"
      title={<TileLink to="/targets" title="Targets up" />}
      state={panelState(resource, (data) => data.length === 0)}
      error={resource.error}
      empty="No targets are configured."
    >
      {resource.data && (
        <>
          <p className="tile-value">
            {up}
            <small> of {targets.length}</small>
          </p>
          <p className={down > 0 ? "tile-note bad" : "tile-note"}>{down > 0 ? `${down} down` : note(targets.length - up)}</p>
        </>
      )}
    </Panel>
  );
}

const note = (waiting: number) => (waiting > 0 ? `${waiting} not scraped yet` : "all answer");

export function AlertsTile({ nowMs }: { nowMs: number }) {
  const resource = useResource("alerts", nowMs, alerts);
  const active = resource.data ?? [];
  const firing = active.filter((alert) => alert.state === "firing");
  const pending = active.filter((alert) => alert.state === "pending").length;
  const names = [...new Set(firing.map((alert) => alert.labels.alertname))].join(", ");
  return (
    <Panel
      id="alerts"
      className="tile"
      title={<TileLink to="/alerts" title="Alerts firing" />}
      state={panelState(resource)}
      error={resource.error}
    >
      {resource.data && (
        <>
          <p className={firing.length > 0 ? "tile-value bad" : "tile-value"}>
            {firing.length}
            {pending > 0 && <small> and {pending} pending</small>}
          </p>
          <p className="tile-note" title={names}>
            {names || "no rule fires"}
          </p>
        </>
      )}
    </Panel>
  );
}

function TileLink({ to, title }: { to: string; title: string }) {
  return (
    <Link to={to} className="panel-link">
      {title}
      <span aria-hidden="true"> →</span>
    </Link>
  );
}
