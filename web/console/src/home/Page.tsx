// Home: this machine now, and how the server itself is doing.
import { formatDuration } from "../data/duration";
import { navigate, usePlace } from "../shell/router";
import { DurationSelect } from "../ui/DurationSelect";
import { Panel } from "../ui/Panel";
import { Select } from "../ui/Select";
import { useResource } from "../ui/useResource";
import { useTick } from "../ui/useTick";
import { AlertsTile, TargetsTile } from "./CountTiles";
import { hostGraphs, ownTiles } from "./definitions";
import { FilesystemPanel } from "./FilesystemPanel";
import { GraphPanel } from "./GraphPanel";
import "./home.css";
import { HostLine } from "./HostLine";
import { type Hosts, loadHosts, subjectOf } from "./hosts";
import { StatTile } from "./StatTile";
import { parseView, ranges, refreshes, type View, viewAddress } from "./view";

export default function HomePage() {
  const view = parseView(usePlace().search);
  const { rangeMs } = view;
  const nowMs = useTick(view.refreshMs);
  const hosts = useResource(`hosts ${rangeMs}`, nowMs, (signal) => loadHosts(nowMs - rangeMs, nowMs, signal));
  const subject = hosts.data && subjectOf(hosts.data, view.instance);
  return (
    <div className="page">
      <div className="page-head">
        <div>
          <h1>This machine</h1>
          {subject ? <HostLine instance={subject.instance} nowMs={nowMs} /> : <p>&nbsp;</p>}
        </div>
        <Toolbar view={view} hosts={hosts.data} instance={subject?.instance ?? ""} />
      </div>
      <div className="tiles">
        {ownTiles.map((tile) => (
          <StatTile key={tile.id} tile={tile} rangeMs={rangeMs} nowMs={nowMs} />
        ))}
        <TargetsTile nowMs={nowMs} />
        <AlertsTile nowMs={nowMs} />
      </div>
      {subject ? (
        <div className="graphs">
          {hostGraphs(subject).map((graph) => (
            <GraphPanel key={graph.id} graph={graph} rangeMs={rangeMs} nowMs={nowMs} />
          ))}
          <FilesystemPanel instance={subject.instance} rangeMs={rangeMs} nowMs={nowMs} />
        </div>
      ) : (
        <Panel
          id="host"
          state={hosts.error !== undefined ? "error" : hosts.data ? "empty" : "loading"}
          error={hosts.error}
          empty={`No machine has host metrics (node_cpu_seconds_total) in the last ${formatDuration(rangeMs)}.`}
        />
      )}
    </div>
  );
}

interface ToolbarProps {
  view: View;
  hosts: Hosts | undefined;
  instance: string;
}

function Toolbar({ view, hosts, instance }: ToolbarProps) {
  const change = (part: Partial<View>) => navigate(viewAddress({ ...view, ...part }), "replace");
  const instances = hosts?.instances ?? [];
  const known = instances.includes(instance) ? instances : [...instances, instance];
  return (
    <div className="toolbar">
      {instance !== "" && known.length > 1 && (
        <Select
          label="Machine"
          value={instance}
          options={known.map((name) => [name, name])}
          onChange={(name) => change({ instance: name })}
        />
      )}
      <DurationSelect label="Last" choices={ranges} valueMs={view.rangeMs} onChange={(rangeMs) => change({ rangeMs })} />
      <DurationSelect
        label="Refresh"
        choices={refreshes}
        valueMs={view.refreshMs}
        onChange={(refreshMs) => change({ refreshMs })}
      />
    </div>
  );
}
