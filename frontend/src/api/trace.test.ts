import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { beginAction, traced, watchActions } from "./trace";

const HEADER = /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/;

beforeEach(() => {
  vi.useFakeTimers();
  beginAction();
});
afterEach(() => vi.useRealTimers());

function traceOf({ traceparent }: { traceparent: string }): string {
  return HEADER.exec(traceparent)?.[1] ?? "no trace";
}

it("follows W3C Trace Context", () => {
  expect(traced().traceparent).toMatch(HEADER);
});

it("puts all requests of an action into one trace", () => {
  const first = traced();
  first.end();
  vi.advanceTimersByTime(900);
  expect(traceOf(traced())).toBe(traceOf(first));
});

it("keeps an action open while a request of it is under way", () => {
  const first = traced();
  vi.advanceTimersByTime(10_000);
  expect(traceOf(traced())).toBe(traceOf(first));
});

it("gives what asks on its own a trace of its own", () => {
  const first = traced();
  first.end();
  vi.advanceTimersByTime(1_100);
  expect(traceOf(traced())).not.toBe(traceOf(first));
});

it("ends an action after half a minute, whatever is under way", () => {
  const first = traced();
  vi.advanceTimersByTime(30_100);
  expect(traceOf(traced())).not.toBe(traceOf(first));
});

it("begins an action with each click, before handlers ask for anything", () => {
  const stop = watchActions(window);
  const button = document.body.appendChild(document.createElement("button"));
  const seen: string[] = [];
  button.addEventListener("click", () => seen.push(traceOf(traced())));
  const before = traceOf(traced());
  button.click();
  button.click();
  stop();
  button.click();
  expect(new Set([before, ...seen]).size).toBe(3);
  expect(seen[2]).toBe(seen[1]);
});
