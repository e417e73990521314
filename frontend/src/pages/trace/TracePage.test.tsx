import { act, fireEvent, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { setLive } from "../../api/live";
import { activeJobs } from "../../api/queries";
import { trace } from "../../api/traceQueries";
import { noRetries, routed } from "../../testing/routed";
import type { Trace } from "../../tracing/model";
import { readTraceSearch } from "./search";
import TracePage from "./TracePage";

const BLANK = {
  ...{ kind: "", service: "s", process: "s", failed: false, message: "", attributes: {} },
  ...{ resource: {}, scope: "", events: [], links: [], parent: "", start: 0, end: 10 },
};
const [FIRST, SECOND] = ["a".repeat(32), "b".repeat(32)];

const PLACE = { path: "/traces/$traceId", component: TracePage, validateSearch: readTraceSearch };

beforeEach(() => {
  // There is no canvas here.
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);
  vi.stubGlobal("matchMedia", () => ({
    matches: false,
    addEventListener: vi.fn(),
    removeEventListener: vi.fn(),
  }));
});

afterEach(() => {
  vi.useRealTimers();
  setLive(false);
});

it("asks for the trace of a run as long as it goes on, and once more when it has ended", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const asked: string[] = [];
  vi.stubGlobal("fetch", ({ url }: Request) => {
    asked.push(new URL(url).pathname);
    return Promise.resolve(Response.json({}, { status: 503 }));
  });
  const client = noRetries();
  const span = { ...BLANK, id: "1", name: "request" };
  const began = BigInt(Date.now() - 600_000) * 1_000_000n;
  client.setQueryData(trace(FIRST).queryKey, { began, length: 10, spans: [span] });
  const jobs = (...ids: string[]) =>
    client.setQueryData(activeJobs.queryKey, ids.map((trace_id) => ({ trace_id })) as never);
  setLive(true);
  jobs(FIRST);
  routed(`/traces/${FIRST}`, [PLACE], client);
  await screen.findByRole("searchbox", { name: "Find spans" });
  expect(asked).toEqual([]);
  const times = () => asked.filter((path) => path === `/api/traces/${FIRST}`).length;
  await act(() => vi.advanceTimersByTimeAsync(40_000));
  expect(times()).toBeGreaterThan(9);

  act(() => void jobs());
  const before = times();
  await act(() => vi.advanceTimersByTimeAsync(4_000));
  expect(times()).toBe(before + 1);
  await act(() => vi.advanceTimersByTimeAsync(60_000));
  const after = times();
  await act(() => vi.advanceTimersByTimeAsync(60_000));
  expect(times()).toBe(after);
});

it("seeks nothing in a trace that was sought in another", async () => {
  const client = noRetries();
  for (const id of [FIRST, SECOND]) {
    const span = { ...BLANK, id: id.slice(16), name: `of ${id}` };
    const whole: Trace = { began: 0n, length: 10, spans: [span] };
    client.setQueryData(trace(id).queryKey, whole);
  }
  const router = routed(`/traces/${FIRST}`, [PLACE], client);
  await screen.findByRole("searchbox", { name: "Find spans" });
  await act(() => router.navigate({ to: `/traces/${SECOND}` } as never));
  await screen.findByText(SECOND);
  const search = screen.getByRole("searchbox", { name: "Find spans" });
  fireEvent.change(search, { target: { value: "tick" } });
  act(() => router.history.back());
  await screen.findByText(FIRST);
  expect(screen.getByRole("searchbox", { name: "Find spans" })).toHaveProperty("value", "");
});
