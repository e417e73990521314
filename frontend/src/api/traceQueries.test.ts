import { QueryObserver } from "@tanstack/react-query";
import { expect, it, vi } from "vitest";

import { noRetries } from "../testing/routed";
import type { Trace } from "../tracing/model";
import { trace } from "./traceQueries";

const MINUTE = 60_000;
const ID = "a".repeat(32);

/** How often a trace is asked for that was read a minute ago, when its last span was old. */
function asked(endedAt?: number): number {
  const fetched = vi.fn(() => Promise.resolve(Response.json({}, { status: 503 })));
  vi.stubGlobal("fetch", fetched);
  const client = noRetries();
  const now = Date.now();
  const part: Trace = { began: BigInt(now - 10 * MINUTE) * 1_000_000n, length: 10, spans: [] };
  client.setQueryData(trace(ID).queryKey, part, { updatedAt: now - MINUTE });
  new QueryObserver(client, trace(ID, endedAt)).subscribe(() => undefined)();
  return fetched.mock.calls.length;
}

it.each([
  ["ended since", 0, 1],
  ["had just ended", 1.2 * MINUTE, 1],
  ["had ended long before", 5 * MINUTE, 0],
])("asks again for a trace of a run that %s", (_, ago, times) => {
  expect(asked(Date.now() - ago)).toBe(times);
});

it("asks again for one of which nobody knows whether it has ended", () => {
  expect(asked()).toBe(1);
});
