import { act, cleanup, fireEvent, screen } from "@testing-library/react";
import { useState } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";

import { noRetries, routed } from "../../testing/routed";
import { sweep } from "../../api/runQueries";
import type { Sweep, SweepRun } from "../../api/types";
import { sorted } from "../../lib/sorted";
import { bestFirst, figureOf } from "./figures";
import { heatOf, variedOf } from "./heat";
import { HeatMap } from "./HeatMap";
import { countsOf } from "./progress";
import { readSweepSearch } from "./search";
import SweepPage from "./SweepPage";

const run = (params: SweepRun["params"], pnl: number | null, status = "ok") =>
  ({
    run_id: `run-${Object.values(params).join("-")}`,
    job_id: "job",
    trace_id: "",
    params,
    status,
    figures: status === "ok" ? { pnl, max_drawdown: pnl, currency: "USD" } : null,
  }) as SweepRun;

const RUNS = [
  run({ fast: 10, slow: 30, side: "long", size: 1 }, 3),
  run({ fast: 5, slow: 30, side: "long", size: 1 }, 1),
  run({ fast: 5, slow: 30, side: "short", size: 1 }, 7),
  run({ fast: 5, slow: 60, side: "long", size: 1 }, null, "error"),
  run({ fast: 10, slow: 60, side: "short", size: 1 }, null, "queued"),
];

afterEach(cleanup);

describe("the map of a sweep", () => {
  it("knows which parameters vary, their values in order", () => {
    expect([...variedOf(RUNS)]).toEqual([
      ["fast", [5, 10]],
      ["slow", [30, 60]],
      ["side", ["long", "short"]],
    ]);
  });

  it("shows the best run of each cell", () => {
    const heat = heatOf(RUNS, "fast", "slow", "pnl");
    expect(heat.xs).toEqual([5, 10]);
    expect(heat.cells.map((row) => row.map((cell) => [cell.value, cell.runs]))).toEqual([
      [[7, 2], [3, 1]],
      [[null, 1], [null, 1]],
    ]); // prettier-ignore
    expect([heat.low, heat.high]).toEqual([3, 7]);
  });

  it("takes the least of figures that are better when lower", () => {
    expect(heatOf(RUNS, "fast", "slow", "max_drawdown").cells[0]?.[0]?.value).toBe(1);
  });

  it("holds other parameters to a value", () => {
    expect(heatOf(RUNS, "fast", "slow", "pnl", { side: "long" }).cells[0]?.[0]?.value).toBe(1);
  });

  it("has one row when one parameter varies", () => {
    expect(heatOf(RUNS, "fast", undefined, "pnl").cells).toHaveLength(1);
  });
});

function draw() {
  const map = () => (
    <HeatMap
      heat={heatOf(RUNS, "fast", "slow", "pnl")}
      x="fast"
      y="slow"
      figure="pnl"
      best={RUNS[2] ?? null}
    />
  );
  return routed("/", [
    { path: "/", component: map },
    { path: "/runs/$runId", component: () => <p>the run</p> },
  ]);
}

it("walks the map by arrows, and opens the run of a cell", async () => {
  const router = draw();
  const grid = await screen.findByRole("grid", { name: "PnL by fast and slow" });
  const [first] = screen.getAllByRole("gridcell");
  first?.focus();
  fireEvent.keyDown(document.activeElement ?? grid, { key: "ArrowRight" });
  expect(document.activeElement?.getAttribute("aria-label")).toBe("3.00");
  fireEvent.keyDown(document.activeElement ?? grid, { key: "ArrowDown" });
  expect(document.activeElement?.getAttribute("aria-label")).toBe("queued");
  fireEvent.keyDown(document.activeElement ?? grid, { key: "ArrowUp" });
  fireEvent.keyDown(document.activeElement ?? grid, { key: "Enter" });
  expect(await screen.findByText("the run")).toBeTruthy();
  expect(router.state.location.pathname).toBe("/runs/run-10-30-long-1");
});

it("opens a run that waits as well", async () => {
  const router = draw();
  const waiting = await screen.findByRole("gridcell", { name: "queued" });
  fireEvent.click(waiting);
  expect(await screen.findByText("the run")).toBeTruthy();
  expect(router.state.location.pathname).toBe("/runs/run-10-60-short-1");
});

it("can be gone to by the tab key when another axis has fewer values", async () => {
  function Turned() {
    const [y, setY] = useState<string | undefined>("slow");
    const heat = heatOf(RUNS, "fast", y, "pnl");
    return (
      <>
        <button onClick={() => setY(undefined)}>turn</button>
        <HeatMap heat={heat} x="fast" y={y} figure="pnl" best={null} />
      </>
    );
  }
  routed("/", [{ path: "/", component: Turned }]);
  fireEvent.focus(await screen.findByRole("gridcell", { name: "queued" }));
  fireEvent.click(screen.getByRole("button", { name: "turn" }));
  const stops = screen.getAllByRole("gridcell").map(({ tabIndex }) => tabIndex);
  expect(stops).toEqual([-1, 0]);
});

const WINDOW = { start: "2024-01-02T00:00:00Z", end: "2024-01-02T01:00:00Z" };
const SWEEP = {
  sweep_id: "sweep-1",
  status: "ok",
  created_at: WINDOW.start,
  finished_at: WINDOW.end,
  total: RUNS.length,
  counts: { ok: RUNS.length },
  best: null,
  runs: RUNS,
  request: { ...WINDOW, strategy: "idle", instrument_id: "EUR/USD.SIM", objective: "pnl" },
};
const PAGE = {
  path: "/sweeps/$sweepId",
  component: SweepPage,
  validateSearch: readSweepSearch,
};

it("keeps the map when the sweep cannot be asked for again, and says so", async () => {
  const problem = { title: "Unavailable", status: 503, detail: "it is down" };
  let answer = Response.json(SWEEP);
  vi.stubGlobal("fetch", () => Promise.resolve(answer));
  const client = noRetries();
  routed("/sweeps/sweep-1", [PAGE], client);
  const map = await screen.findByRole("grid", { name: /PnL by fast/ });
  answer = Response.json(problem, { status: 503 });
  await act(() => client.invalidateQueries({ queryKey: ["sweep"] }));
  expect((await screen.findByText(/As of/)).textContent).toContain("it is down");
  expect(screen.getByRole("grid", { name: /PnL by fast/ })).toBe(map);
});

it("holds no parameter of one sweep that was held in another", async () => {
  const client = noRetries();
  for (const sweep_id of ["sweep-1", "sweep-2"]) {
    client.setQueryData(sweep(sweep_id).queryKey, { ...SWEEP, sweep_id } as unknown as Sweep);
  }
  const router = routed("/sweeps/sweep-1", [PAGE], client);
  const side = await screen.findByRole("combobox", { name: "side" });
  fireEvent.change(side, { target: { value: "long" } });
  await act(() => router.navigate({ to: "/sweeps/sweep-2" } as never));
  await screen.findByText("sweep-2");
  expect(screen.getByRole("combobox", { name: "side" })).toHaveProperty("value", "");
});

it("orders runs by a figure, those without it last, whichever way", () => {
  const by = (order: string) =>
    sorted(RUNS, order, (one) => figureOf(one, "pnl")).map((one) => figureOf(one, "pnl"));
  expect(by(bestFirst("pnl"))).toEqual([7, 3, 1, null, null]);
  expect(by("pnl")).toEqual([1, 3, 7, null, null]);
  expect(bestFirst("max_drawdown")).toBe("max_drawdown");
});

it("tells how far a sweep is", () => {
  expect(
    countsOf({ total: 9, counts: { ok: 3, error: 1, killed: 1, queued: 3, running: 1 } }),
  ).toEqual({ ended: 5, failed: 2, running: 1, waiting: 3 });
});

it("reads what its address holds, and nothing else", () => {
  expect(readSweepSearch({ x: "fast", y: 3, sort: "-pnl", other: "z" })).toEqual({
    x: "fast",
    sort: "-pnl",
  });
});
