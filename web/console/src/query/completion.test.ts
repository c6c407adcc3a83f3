import { expect, test, vi } from "vitest";
import { remembered } from "./completion";

test("asks once a while and does not remember failures", async () => {
  let now = 0;
  const load = vi.fn((key: string) => (key === "bad" ? Promise.reject(new Error("no")) : Promise.resolve(key)));
  const ask = remembered(() => now, load);
  await ask("a");
  await ask("a");
  expect(load).toHaveBeenCalledTimes(1);
  now = 60_001;
  await ask("a");
  expect(load).toHaveBeenCalledTimes(2);
  await expect(ask("bad")).rejects.toThrow("no");
  await expect(ask("bad")).rejects.toThrow("no");
  expect(load).toHaveBeenCalledTimes(4);
});
