import { act, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";

import { routed } from "../../testing/routed";
import { TraceView } from "./TraceView";

const NOT_FOUND = { title: "Not Found", status: 404, detail: "no trace" };

afterEach(() => void vi.useRealTimers());

it("goes on to say that there is no trace while it looks again", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const ask = vi.fn<typeof fetch>();
  ask.mockResolvedValueOnce(Response.json(NOT_FOUND, { status: 404 }));
  ask.mockReturnValue(new Promise(() => undefined));
  vi.stubGlobal("fetch", ask);
  const ended = Date.now();
  const view = () => <TraceView id="a" endedAt={ended} chosen={undefined} onChoose={vi.fn()} />;
  routed("/", [{ path: "/", component: view }]);
  const again = await screen.findByRole("button", { name: "Look again" });
  await act(() => vi.advanceTimersByTimeAsync(3_100));
  expect(ask).toHaveBeenCalledTimes(2);
  expect(screen.queryByRole("button", { name: "Look again" })).toBe(again);
});
