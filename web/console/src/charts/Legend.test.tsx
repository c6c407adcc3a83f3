import { fireEvent, render, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { alone, Legend, toggled } from "./Legend";

const lines = ["a", "b", "c"].map((name, color) => ({ name, color, values: [1, 2, null] }));

test("hides, shows and isolates", () => {
  expect([...toggled(new Set(), "a")]).toEqual(["a"]);
  expect([...toggled(new Set(["a"]), "a")]).toEqual([]);
  expect([...alone(lines, new Set(), "b")]).toEqual(["a", "c"]);
  expect([...alone(lines, new Set(["a", "c"]), "b")]).toEqual([]);
});

test("a click reports the new set and shows the newest value", () => {
  const onChange = vi.fn();
  render(<Legend lines={lines} hidden={new Set(["c"])} onChange={onChange} format={(value) => `${value} B`} />);
  expect(screen.getAllByText("2 B")).toHaveLength(3);
  fireEvent.click(screen.getByText("a"));
  expect(onChange).toHaveBeenLastCalledWith(new Set(["c", "a"]));
  fireEvent.click(screen.getByText("a"), { ctrlKey: true });
  expect(onChange).toHaveBeenLastCalledWith(new Set(["b", "c"]));
});
