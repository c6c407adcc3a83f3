// The machine in one line: name, system, processors, time since boot.
import { queryInstant } from "../api/query";
import type { VectorSeries } from "../api/types";
import { roughDuration } from "../data/duration";
import { quote } from "../data/labels";
import { parseValue } from "../data/number";
import { useResource } from "../ui/useResource";

interface Props {
  instance: string;
  nowMs: number;
}

export function HostLine({ instance, nowMs }: Props) {
  const { data } = useResource(instance, nowMs, async (signal) => {
    const host = `{instance=${quote(instance)}}`;
    const [uname, boot] = await Promise.all(
      [`node_uname_info${host}`, `node_boot_time_seconds${host}`].map((expr) => queryInstant(expr, nowMs, signal)),
    );
    return { uname: firstOf(uname?.data), boot: firstOf(boot?.data) };
  });
  const uname = data?.uname?.metric;
  const bootSeconds = parseValue(data?.boot?.value?.[1] ?? "NaN");
  const parts = [
    uname?.nodename ?? instance,
    uname && `${uname.sysname} ${uname.release} ${uname.machine}`,
    Number.isFinite(bootSeconds) && `up ${roughDuration(nowMs - bootSeconds * 1000)}`,
  ];
  return <p>{parts.filter(Boolean).join(" · ")}</p>;
}

function firstOf(result: { resultType: string; result: unknown } | undefined): VectorSeries | undefined {
  return result?.resultType === "vector" ? (result.result as VectorSeries[])[0] : undefined;
}
