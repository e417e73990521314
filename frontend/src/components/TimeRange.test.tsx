import { render, screen } from "@testing-library/react";
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

it("has nothing to add to one that moves with the time", () => {
  expect(titleOf({ from: "now-1h", to: "now" })).toBe("");
});
