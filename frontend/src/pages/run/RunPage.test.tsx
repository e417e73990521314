import type { QueryClient } from "@tanstack/react-query";
import { act, fireEvent, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { result } from "../../api/queries";
import type { BacktestResult, Job } from "../../api/types";
import { noRetries, routed } from "../../testing/routed";
import RunPage from "./RunPage";

const JOB: Partial<Job> = {
  job_id: "job-1",
  job_type: "sweep",
  run_id: "run-1",
  sweep_id: "sweep-1",
  status: "queued",
  created_at: "2026-01-05T12:00:00Z",
};
const NOT_FOUND = { title: "Not Found", status: 404, detail: "no result run-1" };
const WINDOW = { start: "2024-01-02T00:00:00Z", end: "2024-01-02T01:00:00Z" };
const ENDED = {
  status: "ok",
  created_at: "2026-01-05T12:00:00Z",
  finished_at: "2026-01-05T12:01:00Z",
  orders: 2,
  request: { ...WINDOW, strategy: "idle", instrument_id: "EUR/USD.SIM" },
  versions: {},
} as unknown as BacktestResult;

let job: Partial<Job> | undefined;
let asked: string[];
let results: () => Promise<Response>;

beforeEach(() => {
  job = JOB;
  asked = [];
  const headers = { "content-type": "application/problem+json" };
  results = () => Promise.resolve(Response.json(NOT_FOUND, { status: 404, headers }));
  vi.stubGlobal("fetch", ({ url }: Request) => {
    const { pathname, search } = new URL(url);
    asked.push(pathname + search);
    if (pathname === `/api/jobs/${job?.job_id}`) return Promise.resolve(Response.json(job));
    if (pathname === "/api/jobs") return Promise.resolve(Response.json(job ? [job] : []));
    return results();
  });
});

afterEach(() => void vi.useRealTimers());

function open(): QueryClient {
  const client = noRetries();
  routed("/runs/run-1", [{ path: "/runs/$runId", component: RunPage }], client);
  return client;
}

it("shows the job of a run that waits in a sweep", async () => {
  open();
  expect(await screen.findByText("Waiting")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Cancel" })).toBeTruthy();
  expect(screen.getByRole("link", { name: "sweep" }).getAttribute("href")).toBe("/sweeps/sweep-1");
  expect(asked).toContain("/api/jobs?run_id=run-1&limit=1");
});

it("follows it when it begins", async () => {
  const client = open();
  await screen.findByText("Waiting");
  job = { ...JOB, status: "running", stage: "run" };
  await act(() => client.invalidateQueries({ queryKey: ["jobs", "job-1"] }));
  expect(await screen.findByText("Running")).toBeTruthy();
});

it("follows the job that takes its place when the service starts again", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  open();
  await screen.findByText("Waiting");
  job = { ...JOB, job_id: "job-2", status: "running" };
  await act(() => vi.advanceTimersByTimeAsync(2_000));
  expect(await screen.findByText("Running")).toBeTruthy();
});

it("keeps the job that is shown while the result is asked for again", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  open();
  const cancel = await screen.findByRole("button", { name: "Cancel" });
  results = () => new Promise(() => undefined);
  const before = asked.filter((path) => path === "/api/backtest/results/run-1").length;
  await act(() => vi.advanceTimersByTimeAsync(3_100));
  const after = asked.filter((path) => path === "/api/backtest/results/run-1").length;
  expect([after - before, screen.queryByRole("button", { name: "Cancel" })]).toEqual([1, cancel]);
});

it("says what it is that nobody knows of", async () => {
  job = undefined;
  open();
  expect((await screen.findByRole("alert")).textContent).toContain("no result run-1");
});

it("goes on to say so while it is asked for again", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  job = undefined;
  open();
  const alert = await screen.findByRole("alert");
  results = () => new Promise(() => undefined);
  await act(() => vi.advanceTimersByTimeAsync(3_100));
  expect(screen.queryByRole("alert")).toBe(alert);
});

it("shows nothing of one run on the page of another", async () => {
  const client = noRetries();
  for (const run_id of ["run-1", "run-2"]) {
    client.setQueryData(result(run_id).queryKey, { ...ENDED, run_id });
  }
  const router = routed("/runs/run-1", [{ path: "/runs/$runId", component: RunPage }], client);
  await screen.findByText("run-1");
  await act(() => router.navigate({ to: "/runs/run-2" } as never));
  const shown = await screen.findByRole("combobox", { name: "Orders shown" });
  fireEvent.change(shown, { target: { value: "buys" } });
  act(() => router.history.back());
  await screen.findByText("run-1");
  const other = screen.getByRole("combobox", { name: "Orders shown" });
  expect(other).toHaveProperty("value", "all");
});
