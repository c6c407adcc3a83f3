import { render } from "@testing-library/react";
import { expect, test } from "vitest";
import { Panel, panelState } from "./Panel";

const resource = { data: undefined, error: undefined, loadMs: undefined, loading: false };

test.each([
  [{ ...resource, loading: true }, "loading"],
  [{ ...resource, data: [] as number[] }, "empty"],
  [{ ...resource, data: [1] }, "ready"],
  [{ ...resource, data: [1], error: "down" }, "error"],
  [{ ...resource, data: [1], loading: true }, "ready"],
])("panelState(%j)", (given, expected) => {
  expect(panelState<number[]>(given, (data) => data.length === 0)).toBe(expected);
});

test("an error stands above what was loaded before", () => {
  const { container } = render(
    <Panel id="p" title="T" state="error" error="it broke">
      <b>old</b>
    </Panel>,
  );
  const panel = container.querySelector('[data-panel="p"]');
  expect(panel?.getAttribute("data-state")).toBe("error");
  expect(panel?.textContent).toBe("Tit brokeold");
});
