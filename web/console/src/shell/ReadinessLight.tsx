// A light in the header: is the server there, and has it all its data back?
import { readiness } from "../api/status";
import { type Tone } from "../ui/Badge";
import { useResource } from "../ui/useResource";
import { useTick } from "../ui/useTick";

const lights = {
  ready: { tone: "good", text: "Ready", title: "The server answers and everything it acknowledged can be read" },
  starting: { tone: "warn", text: "Starting", title: "The server is reading back what it stored before it stopped" },
  unreachable: { tone: "bad", text: "Unreachable", title: "The server does not answer" },
} satisfies Record<string, { tone: Tone; text: string; title: string }>;

export function ReadinessLight() {
  const now = useTick(5000);
  const { data } = useResource("ready", now, readiness);
  if (data === undefined) return null;
  const light = lights[data];
  return (
    <span className={`readiness ${light.tone}`} role="status" title={light.title} data-readiness={data}>
      {light.text}
    </span>
  );
}
