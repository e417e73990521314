import { createMemoryHistory } from "@tanstack/react-router";
import { afterEach, expect, it, vi } from "vitest";

import { router } from "./router";

afterEach(() => vi.unstubAllGlobals());

it("lets a frame pass between what is pressed and the page that it leads to", async () => {
  router.update({ ...router.options, history: createMemoryHistory({ initialEntries: ["/"] }) });
  const frames: FrameRequestCallback[] = [];
  vi.stubGlobal("requestAnimationFrame", (callback: FrameRequestCallback) => frames.push(callback));
  await router.load();
  expect(frames).toHaveLength(0);
  expect(router.state.matches.at(-1)?.routeId).toBe("/");

  void router.navigate({ to: "/sweeps" });
  await vi.waitFor(() => expect(frames).toHaveLength(1));
  expect(router.state.matches.at(-1)?.routeId).toBe("/");

  frames[0]?.(0);
  await vi.waitFor(() => expect(router.state.matches.at(-1)?.routeId).toBe("/sweeps"));
});
