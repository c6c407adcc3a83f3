// One request to the HTTP API: the envelope in, data and annotations or an error out.
import { address } from "../shell/base";

/** A failed request: `kind` is the API's errorType, or "network" or "http" where there was none. */
export class ApiError extends Error {
  readonly kind: string;

  constructor(kind: string, message: string) {
    super(message);
    this.kind = kind;
  }
}

export interface Answer<T> {
  data: T;
  warnings: string[];
  infos: string[];
}

/** Parameters by name; a list repeats the name, an absent value leaves it out. */
export type Params = Record<string, string | number | readonly string[] | undefined>;

export function encode(params: Params): URLSearchParams {
  const encoded = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined) continue;
    for (const item of typeof value === "object" ? value : [value]) encoded.append(name, String(item));
  }
  return encoded;
}

export function get<T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<Answer<T>> {
  const query = encode(params).toString();
  return request(query === "" ? path : `${path}?${query}`, { method: "GET" }, signal);
}

/** A form-encoded POST: reads whose expression may be longer than an address can be. */
export function post<T>(path: string, params: Params, signal?: AbortSignal): Promise<Answer<T>> {
  return request(path, { method: "POST", body: encode(params) }, signal);
}

async function request<T>(path: string, init: RequestInit, signal?: AbortSignal): Promise<Answer<T>> {
  let response: Response;
  try {
    response = await fetch(address(`api/v1/${path}`), { ...init, ...(signal && { signal }) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError("network", "the server cannot be reached");
  }
  return envelope(response.status, await response.text());
}

/** Reads the body of an answer. Errors carry the server's own words wherever it sent some. */
export function envelope<T>(status: number, body: string): Answer<T> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    const text = body.trim().slice(0, 300);
    throw new ApiError("http", text === "" ? `HTTP status ${status}` : `HTTP status ${status}: ${text}`);
  }
  const answer = (parsed ?? {}) as Partial<Answer<T>> & { status?: string; errorType?: string; error?: string };
  if (answer.status !== "success") {
    throw new ApiError(answer.errorType ?? "http", answer.error ?? `HTTP status ${status}`);
  }
  return { data: answer.data as T, warnings: answer.warnings ?? [], infos: answer.infos ?? [] };
}
