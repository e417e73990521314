import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { beginAction, hasActions, takeActions, traced, unwatched, watchActions } from "./trace";

const HEADER = /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/;

beforeEach(() => {
  vi.useFakeTimers();
  beginAction();
  takeActions(true, String);
});
afterEach(() => vi.useRealTimers());

function traceOf({ traceparent }: { traceparent: string }): string {
  return HEADER.exec(traceparent)?.[1] ?? "no trace";
}

it("follows W3C Trace Context", () => {
  expect(traced().traceparent).toMatch(HEADER);
});

it("names questions of the console's own, which no store keeps", () => {
  expect(unwatched()).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  expect(hasActions()).toBe(false);
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

it("keeps what a person did and asked for until it is told, each once", () => {
  beginAction("submit");
  const request = traced();
  vi.advanceTimersByTime(200);
  request.end();
  expect(hasActions()).toBe(false);
  vi.advanceTimersByTime(1_800);
  expect(hasActions()).toBe(true);
  const { actions, traceparent } = takeActions(false, (path) => `page of ${path}`);
  expect(actions.map(({ action }) => action)).toEqual(["submit", "report"]);
  expect(actions[0]).toMatchObject({
    trace_id: traceOf(request),
    page: `page of ${location.pathname}`,
    ago_seconds: 2,
    duration_seconds: 0.2,
  });
  expect(traceOf({ traceparent })).toBe(actions[1]?.trace_id);
  expect(takeActions(true, String).actions.map(({ action }) => action)).toEqual(["report"]);
});

it("tells nothing of clicks that asked for nothing, and of what is under way when all must go", () => {
  beginAction("keydown");
  beginAction("click");
  traced();
  vi.advanceTimersByTime(500);
  expect(takeActions(false, String).actions).toHaveLength(1);
  const [click] = takeActions(true, String).actions;
  expect(click).toMatchObject({ action: "click", duration_seconds: 0.5 });
});

it("says which requests came by themselves, and keeps no more than can be told", () => {
  for (let n = 0; n < 60; n += 1) {
    traced().end();
    vi.advanceTimersByTime(1_100);
  }
  const { actions } = takeActions(false, String);
  expect(actions).toHaveLength(40);
  expect(new Set(actions.slice(0, -1).map(({ action }) => action))).toEqual(new Set(["refresh"]));
});
