// Scrape targets and their health.
import { useState } from "react";
import { activeTargets } from "../api/status";
import { Panel, panelState } from "../ui/Panel";
import { SearchField } from "../ui/SearchField";
import { Segments } from "../ui/Segments";
import { useResource } from "../ui/useResource";
import { useTick } from "../ui/useTick";
import { PoolTable } from "./PoolTable";
import { pools } from "./pools";
import "./targets.css";

export default function TargetsPage() {
  const nowMs = useTick(5000);
  const [health, setHealth] = useState<string>("all");
  const [search, setSearch] = useState("");
  const resource = useResource("targets", nowMs, activeTargets);
  const targets = resource.data ?? [];
  const count = (name: string) => targets.filter((target) => target.health === name).length;
  const shown = pools(targets, health, search);
  return (
    <div className="page">
      <div className="page-head">
        <h1>Targets</h1>
        <div className="toolbar">
          <Segments
            label="Health"
            options={[
              ["all", `All ${targets.length}`],
              ["up", `up ${count("up")}`],
              ["down", `down ${count("down")}`],
              ["unknown", `unknown ${count("unknown")}`],
            ]}
            value={health}
            onChange={setHealth}
          />
          <SearchField label="Search targets and labels" value={search} onChange={setSearch} />
        </div>
      </div>
      <Panel
        id="targets"
        state={panelState(resource, (data) => data.length === 0)}
        error={resource.error}
        empty="No targets are configured."
      >
        {shown.map((pool) => (
          <PoolTable key={pool.name} pool={pool} nowMs={nowMs} />
        ))}
        {resource.data && shown.length === 0 && <p className="panel-empty">No target matches the filter.</p>}
      </Panel>
    </div>
  );
}
