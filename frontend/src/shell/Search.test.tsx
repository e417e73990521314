import { act, fireEvent, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";

import { lastRuns } from "../api/queries";
import { noRetries, routed } from "../testing/routed";
import Search from "./Search";

const run = (run_id: string) => ({
  run_id,
  status: "ok",
  request: { strategy: "idle", instrument_id: "EUR/USD.SIM" },
});

/** Where Enter leads after these keys, when a run has begun since. */
async function opened(...keys: string[]): Promise<string> {
  HTMLDialogElement.prototype.showModal = vi.fn();
  const client = noRetries();
  const runs = (...ids: string[]) =>
    client.setQueryData(lastRuns(100).queryKey, { items: ids.map(run) } as never);
  runs("run-2", "run-1");
  const router = routed(
    "/",
    [
      { path: "/", component: () => <Search onClose={vi.fn()} /> },
      { path: "/runs/$runId", component: () => "A run" },
    ],
    client,
  );
  const field = await screen.findByRole("combobox", { hidden: true });
  fireEvent.change(field, { target: { value: "idle" } });
  for (const key of keys) fireEvent.keyDown(field, { key });
  act(() => void runs("run-3", "run-2", "run-1"));
  await screen.findByText(/^run-3/);
  fireEvent.keyDown(field, { key: "Enter" });
  await screen.findByText("A run");
  return router.state.location.pathname;
}

it("keeps the choice where it is when a run begins meanwhile", async () => {
  expect(await opened("ArrowDown")).toBe("/runs/run-1");
});

it("opens what was shown first, though a run comes before it now", async () => {
  expect(await opened()).toBe("/runs/run-2");
});
