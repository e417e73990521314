import { act, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";

import { routed } from "../../testing/routed";
import { TraceView } from "./TraceView";

const NOT_FOUND = { title: "Not Found", status: 404, detail: "no trace" };

afterEach(() => void vi.useRealTimers());

it("goes on to say that there is no trace while it looks again", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  let asked = 0;
  vi.stubGlobal("fetch", ({ url }: Request) => {
    if (!url.endsWith("/api/traces/a")) return Promise.resolve(Response.json([]));
    asked += 1;
    if (asked > 1) return new Promise(() => undefined);
    return Promise.resolve(Response.json(NOT_FOUND, { status: 404 }));
  });
  const ended = Date.now();
  const view = () => <TraceView id="a" endedAt={ended} chosen={undefined} onChoose={vi.fn()} />;
  routed("/", [{ path: "/", component: view }]);
  const again = await screen.findByRole("button", { name: "Look again" });
  await act(() => vi.advanceTimersByTimeAsync(3_100));
  expect(asked).toBe(2);
  expect(screen.queryByRole("button", { name: "Look again" })).toBe(again);
});
