// A word with a colour for its meaning; the word alone says it too.
import "./badge.css";

export type Tone = "good" | "bad" | "warn" | "info" | "quiet";

export function Badge({ tone, children }: { tone: Tone; children: React.ReactNode }) {
  return <span className={`badge ${tone}`}>{children}</span>;
}
