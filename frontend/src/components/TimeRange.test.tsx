import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it } from "vitest";

import { absolute } from "../grafana/range";
import { TimeRange } from "./TimeRange";

const WINDOW = { from: Date.UTC(2024, 0, 2, 9) / 1_000, to: Date.UTC(2024, 0, 2, 10) / 1_000 };

function titleOf(range: { from: string; to: string }): string {
  render(<TimeRange range={range} window={WINDOW} change={() => undefined} />);
  const [summary] = screen.getAllByLabelText(/^Time range: /);
  return summary?.title ?? "";
}

it("says a fixed time in UTC on hover", () => {
  expect(titleOf(absolute(WINDOW))).toBe("2024-01-02 09:00:00 UTC – 2024-01-02 10:00:00 UTC");
});

it("begins its fields with the range as it is when they are opened", () => {
  const later = { from: WINDOW.from + 7_200, to: WINDOW.to + 7_200 };
  const at = (window: typeof WINDOW) => (
    <TimeRange range={{ from: "now-1h", to: "now" }} window={window} change={() => undefined} />
  );
  const { container, rerender } = render(at(WINDOW));
  const menu = container.querySelector("details") as HTMLDetailsElement;
  const from = () => Date.parse(screen.getByLabelText<HTMLInputElement>("from").value) / 1_000;
  rerender(at(later));
  menu.open = true;
  fireEvent(menu, new Event("toggle"));
  expect(from()).toBe(later.from);
  // What is being typed stays.
  rerender(at(WINDOW));
  expect(from()).toBe(later.from);
});

it("has nothing to add to one that moves with the time", () => {
  expect(titleOf({ from: "now-1h", to: "now" })).toBe("");
});
