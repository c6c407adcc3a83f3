import { act, render } from "@testing-library/react";
import { expect, test } from "vitest";
import { type Resource, useResource } from "./useResource";

interface Props {
  identity: string | null;
  version: number;
}

/** A component whose loads are answered by hand. */
function harness() {
  const calls: { resolve: (value: string) => void; reject: (error: Error) => void; signal: AbortSignal }[] = [];
  let seen: Resource<string> | undefined;
  const load = (signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => calls.push({ resolve, reject, signal }));
  function Probe({ identity, version }: Props) {
    seen = useResource(identity, version, load);
    return null;
  }
  return { calls, Probe, seen: () => seen };
}

test("keeps the data through refreshes and failures, drops it with another identity", async () => {
  const { calls, Probe, seen } = harness();
  const { rerender } = render(<Probe identity="a" version={1} />);
  expect(seen()).toMatchObject({ data: undefined, loading: true });
  await act(async () => calls[0]?.resolve("one"));
  expect(seen()).toMatchObject({ data: "one", loading: false });
  rerender(<Probe identity="a" version={2} />);
  await act(async () => calls[1]?.reject(new Error("down")));
  expect(seen()).toMatchObject({ data: "one", error: "down", loading: false });
  rerender(<Probe identity="b" version={2} />);
  expect(seen()).toMatchObject({ data: undefined, error: undefined, loading: true });
});

test("a slow load is not cut off by refreshes and is followed by just one", async () => {
  const { calls, Probe } = harness();
  const { rerender } = render(<Probe identity="a" version={1} />);
  for (const version of [2, 3, 4]) rerender(<Probe identity="a" version={version} />);
  expect(calls).toHaveLength(1);
  expect(calls[0]?.signal.aborted).toBe(false);
  await act(async () => calls[0]?.resolve("one"));
  expect(calls).toHaveLength(2);
  await act(async () => calls[1]?.resolve("two"));
  expect(calls).toHaveLength(2);
});

test("an answer to a question no longer asked is ignored", async () => {
  const { calls, Probe, seen } = harness();
  const { rerender } = render(<Probe identity="a" version={1} />);
  rerender(<Probe identity="b" version={1} />);
  expect(calls[0]?.signal.aborted).toBe(true);
  await act(async () => calls[1]?.resolve("b"));
  await act(async () => calls[0]?.resolve("a"));
  expect(seen()?.data).toBe("b");
});

test("a null identity loads nothing", () => {
  const { calls, Probe } = harness();
  render(<Probe identity={null} version={1} />);
  expect(calls).toHaveLength(0);
});
