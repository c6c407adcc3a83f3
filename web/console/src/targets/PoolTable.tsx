// The targets of one scrape pool.
import type { Target } from "../api/types";
import { roughDuration } from "../data/duration";
import { ago } from "../data/time";
import { formatter } from "../gd";
import { Badge, type Tone } from "../ui/Badge";
import { LabelSet } from "../ui/LabelSet";
import type { Pool } from "./pools";

const tones: Record<Target["health"], Tone> = { up: "good", down: "bad", unknown: "quiet" };
const seconds = formatter("s");

export function PoolTable({ pool, nowMs }: { pool: Pool; nowMs: number }) {
  return (
    <section className="pool">
      <h2>
        {pool.name}
        <Badge tone={pool.up === pool.total ? "good" : "bad"}>
          {pool.up} of {pool.total} up
        </Badge>
      </h2>
      <div className="table-scroll">
        <table className="table pool-table">
          <thead>
            <tr>
              <th>Health</th>
              <th>Endpoint</th>
              <th>Labels</th>
              <th className="number">Last scrape</th>
              <th className="number">Took</th>
              <th className="number">Every</th>
            </tr>
          </thead>
          <tbody>
            {pool.targets.map((target) => (
              <TargetRow key={`${target.scrapeUrl} ${JSON.stringify(target.labels)}`} target={target} nowMs={nowMs} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function TargetRow({ target, nowMs }: { target: Target; nowMs: number }) {
  return (
    <tr data-target={target.scrapeUrl} data-health={target.health}>
      <td>
        <Badge tone={tones[target.health]}>{target.health}</Badge>
      </td>
      <td className="endpoint">
        <a href={target.globalUrl || target.scrapeUrl} rel="noreferrer">
          {target.scrapeUrl}
        </a>
        {target.lastError && <p className="notice error">{target.lastError}</p>}
      </td>
      <td>
        <LabelSet labels={target.labels} />
      </td>
      <td className="number">{ago(target.lastScrape, nowMs, roughDuration)}</td>
      <td className="number">{seconds(target.lastScrapeDuration)}</td>
      <td className="number">{target.scrapeInterval}</td>
    </tr>
  );
}
