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

interface Then {
  keys?: string[];
  /** The runs that there are one after the other, the newest first. */
  runs?: string[][];
}

const BEGUN = [["run-3", "run-2", "run-1"]];

/** Where Enter leads after these keys, when runs have begun since. */
async function opened({ keys = [], runs: then = BEGUN }: Then = {}): Promise<string> {
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
  for (const ids of then) {
    act(() => void runs(...ids));
    await screen.findByText(new RegExp(`^${ids[0] ?? ""}`));
  }
  fireEvent.keyDown(field, { key: "Enter" });
  await screen.findByText("A run");
  return router.state.location.pathname;
}

it("keeps the choice where it is when a run begins meanwhile", async () => {
  expect(await opened({ keys: ["ArrowDown"] })).toBe("/runs/run-1");
});

it("opens what was shown first, though a run comes before it now", async () => {
  expect(await opened()).toBe("/runs/run-2");
});

it("keeps what it shows as chosen once the list has no room for the last choice", async () => {
  const newest = (count: number) => Array.from({ length: count }, (_, at) => `run-${count - at}`);
  expect(await opened({ runs: [newest(14), newest(15)] })).toBe("/runs/run-14");
});
