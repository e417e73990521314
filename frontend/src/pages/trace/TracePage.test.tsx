import { act, fireEvent, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";

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

beforeEach(() => {
  // There is no canvas here.
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);
  vi.stubGlobal("matchMedia", () => ({
    matches: false,
    addEventListener: vi.fn(),
    removeEventListener: vi.fn(),
  }));
});

it("seeks nothing in a trace that was sought in another", async () => {
  const client = noRetries();
  for (const id of [FIRST, SECOND]) {
    const span = { ...BLANK, id: id.slice(16), name: `of ${id}` };
    const whole: Trace = { began: 0n, length: 10, spans: [span] };
    client.setQueryData(trace(id).queryKey, whole);
  }
  const place = {
    path: "/traces/$traceId",
    component: TracePage,
    validateSearch: readTraceSearch,
  };
  const router = routed(`/traces/${FIRST}`, [place], client);
  await screen.findByRole("searchbox", { name: "Find spans" });
  await act(() => router.navigate({ to: `/traces/${SECOND}` } as never));
  await screen.findByText(SECOND);
  const search = screen.getByRole("searchbox", { name: "Find spans" });
  fireEvent.change(search, { target: { value: "tick" } });
  act(() => router.history.back());
  await screen.findByText(FIRST);
  expect(screen.getByRole("searchbox", { name: "Find spans" })).toHaveProperty("value", "");
});
