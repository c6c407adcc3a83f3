// How full the machine's filesystems are.
import { queryInstant } from "../api/query";
import { formatter } from "../gd";
import { Panel, panelState } from "../ui/Panel";
import { useResource } from "../ui/useResource";
import { filesystemQueries } from "./definitions";
import { type Filesystem, filesystems } from "./filesystems";
import { PanelTitle } from "./PanelTitle";

interface Props {
  instance: string;
  rangeMs: number;
  nowMs: number;
}

export function FilesystemPanel({ instance, rangeMs, nowMs }: Props) {
  const { size, available } = filesystemQueries(instance);
  const resource = useResource(instance, nowMs, async (signal) => {
    const [sizes, free] = await Promise.all([queryInstant(size, nowMs, signal), queryInstant(available, nowMs, signal)]);
    return filesystems(sizes.data, free.data);
  });
  const queries = [{ expr: available }, { expr: size }];
  return (
    <Panel
      id="filesystems"
      className="graph"
      title={<PanelTitle title="Filesystems" queries={queries} rangeMs={rangeMs} />}
      state={panelState(resource, (data) => data.length === 0)}
      error={resource.error}
      empty="No filesystem with space of its own."
    >
      {resource.data && (
        <ul className="filesystems">
          {resource.data.map((filesystem) => (
            <Row key={`${filesystem.device} ${filesystem.mountpoint}`} filesystem={filesystem} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

const bytes = formatter("bytes");
const percent = formatter("percentunit");

function Row({ filesystem }: { filesystem: Filesystem }) {
  const { mountpoint, device, sizeBytes, usedBytes } = filesystem;
  const share = usedBytes / sizeBytes;
  const tone = share >= 0.9 ? "bad" : share >= 0.75 ? "warn" : "";
  return (
    <li>
      <div className="filesystem-head">
        <b title={device}>{mountpoint}</b>
        <span>
          {bytes(usedBytes)} of {bytes(sizeBytes)}
        </span>
        <b className="filesystem-share">{percent(share, 0)}</b>
      </div>
      <div className="bar" role="img" aria-label={`${percent(share, 0)} used`}>
        <div className={tone} style={{ width: `${Math.min(100, share * 100)}%` }} />
      </div>
    </li>
  );
}
