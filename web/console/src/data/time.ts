// Instants as people read them (local time) and as addresses carry them (UTC).

const pad = (value: number, width = 2) => String(value).padStart(width, "0");

const clock = (time: Date, seconds: boolean) =>
  `${pad(time.getHours())}:${pad(time.getMinutes())}${seconds ? `:${pad(time.getSeconds())}` : ""}`;

const day = (time: Date) => `${time.getFullYear()}-${pad(time.getMonth() + 1)}-${pad(time.getDate())}`;

/** "2026-11-22 15:04:05" in local time. */
export function localTime(ms: number): string {
  const time = new Date(ms);
  return `${day(time)} ${clock(time, true)}`;
}

/** The value of an <input type="datetime-local"> with seconds. */
export function toInput(ms: number): string {
  return localTime(ms).replace(" ", "T");
}

/** The instant that such an input names, or null when it is empty or unreadable. */
export function fromInput(text: string): number | null {
  const ms = text === "" ? NaN : new Date(text).getTime();
  return Number.isNaN(ms) ? null : ms;
}

/** "2026-11-22 15:04:05" in UTC, the form of `g0.end_input`. */
export function toAddress(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}

/** Reads `g0.end_input`: UTC with or without seconds, or any ISO 8601 instant. */
export function fromAddress(text: string): number | null {
  const plain = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}(?::\d{2})?)$/.exec(text.trim());
  const ms = new Date(plain ? `${plain[1]}T${plain[2]}Z` : text.trim()).getTime();
  return text.trim() === "" || Number.isNaN(ms) ? null : ms;
}

/** Labels of a time axis whose ticks are `stepSeconds` apart; midnight shows the date. */
export function tickLabels(ticks: readonly number[], stepSeconds: number): string[] {
  return ticks.map((tick) => {
    const time = new Date(tick * 1000);
    if (stepSeconds >= 86_400 || (time.getHours() === 0 && time.getMinutes() === 0 && time.getSeconds() === 0)) {
      return day(time).slice(5);
    }
    return clock(time, stepSeconds < 60);
  });
}

/** "4 s ago"; empty for an instant that never was (the API sends year 1). */
export function ago(iso: string | undefined, nowMs: number, rough: (ms: number) => string): string {
  const ms = iso === undefined ? NaN : Date.parse(iso);
  if (Number.isNaN(ms) || ms <= 0) return "never";
  return `${rough(nowMs - ms)} ago`;
}
