// Alerts, by rule.
import { useState } from "react";
import { alertingRules } from "../api/status";
import { Panel, panelState } from "../ui/Panel";
import { SearchField } from "../ui/SearchField";
import { Segments } from "../ui/Segments";
import { useResource } from "../ui/useResource";
import { useTick } from "../ui/useTick";
import "./alerts.css";
import { RuleRow } from "./RuleRow";
import { countStates, listRules, matches, states } from "./summary";

export default function AlertsPage() {
  const nowMs = useTick(5000);
  const [state, setState] = useState<string>("all");
  const [search, setSearch] = useState("");
  const resource = useResource("rules", nowMs, alertingRules);
  const rules = listRules(resource.data ?? []);
  const counts = countStates(rules);
  const shown = rules.filter((listed) => (state === "all" || listed.rule.state === state) && matches(listed, search));
  const present = states.filter((name) => counts[name] > 0 || name === "firing" || name === state);
  return (
    <div className="page">
      <div className="page-head">
        <h1>Alerts</h1>
        <div className="toolbar">
          <Segments
            label="State"
            options={[["all", `All ${rules.length}`], ...present.map((name) => [name, `${name} ${counts[name]}`] as const)]}
            value={state}
            onChange={setState}
          />
          <SearchField label="Search rules and labels" value={search} onChange={setSearch} />
        </div>
      </div>
      <Panel
        id="rules"
        state={panelState(resource, (groups) => listRules(groups).length === 0)}
        error={resource.error}
        empty="No alerting rules are configured."
      >
        {shown.map((listed) => (
          <RuleRow key={`${listed.file} ${listed.group} ${listed.rule.name} ${listed.rule.query}`} listed={listed} nowMs={nowMs} />
        ))}
        {resource.data && shown.length === 0 && <p className="panel-empty">No rule matches the filter.</p>}
      </Panel>
    </div>
  );
}
