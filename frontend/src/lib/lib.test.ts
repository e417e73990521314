import { renderHook } from "@testing-library/react";
import { expect, it } from "vitest";

import { pageName } from "./pageName";
import { pnlText } from "./pnl";
import { ownScript } from "./trustedTypes";
import { useSpeed } from "./useSpeed";

it.each([
  ["/", "home"],
  ["/backtests", "backtests"],
  ["/backtests/", "backtests"],
  ["/runs/run-0123", "run"],
  ["/runs", "other"],
  ["/runs/a/b", "other"],
  ["/nothing", "other"],
])("names the page at %s %s", (path, name) => {
  expect(pageName(path)).toBe(name);
});

it("writes each currency of a result", () => {
  expect(pnlText({ USD: 12.5, BTC: -3 })).toBe("12.50 USD, -3.00 BTC");
  expect(pnlText({})).toBe("–");
});

it("lets workers of the console be run, and nothing else", () => {
  expect(new URL(ownScript("/assets/worker-abc.js")).pathname).toBe("/assets/worker-abc.js");
  for (const other of [
    "https://elsewhere.test/assets/x.js",
    "/api/x.js",
    "data:text/javascript,1",
  ]) {
    expect(() => ownScript(other)).toThrow(TypeError);
  }
});

it("tells the speed between the last two counts", () => {
  const first: { points: number | null; at: number } = { points: 100, at: 1_000 };
  const { result, rerender } = renderHook(({ points, at }) => useSpeed(points, at), {
    initialProps: first,
  });
  expect(result.current).toBeNull();
  rerender({ points: 600, at: 1_500 });
  expect(result.current).toBe(1_000);
  rerender({ points: 600, at: 2_500 });
  expect(result.current).toBe(1_000);
  rerender({ points: null, at: 3_000 });
  expect(result.current).toBeNull();
});
