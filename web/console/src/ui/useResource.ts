// Loads something for a component, again when asked, and never lets a late answer win.
import { useEffect, useRef, useState } from "react";
import { ApiError } from "../api/client";

export interface Resource<T> {
  /** The newest answer for this identity; it stays while a refresh runs or fails. */
  data: T | undefined;
  /** Why the newest attempt failed. */
  error: string | undefined;
  /** How long the newest successful load took. */
  loadMs: number | undefined;
  loading: boolean;
}

const nothing = { data: undefined, error: undefined, loadMs: undefined, loading: true };

/**
 * `identity` says what is loaded: another one drops the data at hand. `version` asks for it anew;
 * while a load runs, any number of new versions lead to one more load after it. A null identity
 * loads nothing.
 */
export function useResource<T>(identity: string | null, version: number, load: (signal: AbortSignal) => Promise<T>) {
  const [state, setState] = useState<{ identity: string | null; resource: Resource<T> }>({
    identity: null,
    resource: nothing,
  });
  const latest = useRef({ load, version });
  latest.current = { load, version };
  const again = useRef<() => void>(() => {});

  useEffect(() => {
    if (identity === null) return;
    const abort = new AbortController();
    let running = false;
    let loaded = -1;
    const run = async () => {
      if (running || loaded === latest.current.version) return;
      running = true;
      loaded = latest.current.version;
      setState((old) => withLoading(old, identity));
      const started = performance.now();
      try {
        const data = await latest.current.load(abort.signal);
        if (abort.signal.aborted) return;
        const loadMs = performance.now() - started;
        setState({ identity, resource: { data, error: undefined, loadMs, loading: false } });
      } catch (error) {
        if (abort.signal.aborted) return;
        setState((old) => withError(old, identity, errorText(error)));
      } finally {
        running = false;
      }
      void run();
    };
    again.current = () => void run();
    void run();
    return () => abort.abort();
  }, [identity]);

  useEffect(() => again.current(), [version]);

  return state.identity === identity ? state.resource : (nothing as Resource<T>);
}

type Held<T> = { identity: string | null; resource: Resource<T> };

function withLoading<T>(old: Held<T>, identity: string): Held<T> {
  return { identity, resource: old.identity === identity ? { ...old.resource, loading: true } : nothing };
}

function withError<T>(old: Held<T>, identity: string, error: string): Held<T> {
  const kept = old.identity === identity ? old.resource : nothing;
  return { identity, resource: { ...kept, error, loading: false } };
}

/** The words of a failure, with the API's class of error in front where there is one. */
export function errorText(error: unknown): string {
  if (error instanceof ApiError) {
    return error.kind === "http" || error.kind === "network" ? error.message : `${error.kind}: ${error.message}`;
  }
  return error instanceof Error ? error.message : String(error);
}
