import { createMemoryHistory } from "@tanstack/react-router";
import { afterEach, expect, it, vi } from "vitest";

import { afterPaint } from "./lib/afterPaint";
import { router } from "./router";
import { until } from "./testing/until";

afterEach(() => vi.unstubAllGlobals());

function startAt(address: string): void {
  router.update({ ...router.options, history: createMemoryHistory({ initialEntries: [address] }) });
}

/** Frames that are waited for, from now on. */
function framesOf(): FrameRequestCallback[] {
  const frames: FrameRequestCallback[] = [];
  vi.stubGlobal("requestAnimationFrame", (callback: FrameRequestCallback) => frames.push(callback));
  return frames;
}

it("lets a frame pass between what is pressed and the page that it leads to", async () => {
  startAt("/");
  const frames = framesOf();
  await router.load();
  expect(frames).toHaveLength(0);
  expect(router.state.matches.at(-1)?.routeId).toBe("/");

  void router.navigate({ to: "/sweeps" });
  await until(() => expect(frames).toHaveLength(1));
  expect(router.state.matches.at(-1)?.routeId).toBe("/");

  frames[0]?.(0);
  await until(() => expect(router.state.matches.at(-1)?.routeId).toBe("/sweeps"));
});

it("lets one pass as well where only what a page shows changes", async () => {
  startAt("/traces");
  await router.load();
  const frames = framesOf();
  void router.navigate({ to: "/traces", search: { q: "{ status = error }" } });
  await until(() => expect(frames).toHaveLength(1));
  expect(router.state.matches.at(-1)?.search).toEqual({});

  frames[0]?.(0);
  await until(() => expect(router.state.matches.at(-1)?.search).toHaveProperty("q"));
  expect(frames).toHaveLength(1);
});

it("lets none pass for what has waited for one already", async () => {
  startAt("/traces");
  await router.load();
  const frames = framesOf();
  afterPaint(() => void router.navigate({ to: "/traces", search: { q: "{ }" } }));
  frames[0]?.(0);
  await until(() => expect(router.state.matches.at(-1)?.search).toHaveProperty("q"));
  expect(frames).toHaveLength(1);
  void router.navigate({ to: "/sweeps" });
  await until(() => expect(frames).toHaveLength(2));
});
