import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, it, type MockInstance, vi } from "vitest";

import { followJobs } from "./events";
import { unlessLive } from "./live";
import { activeJobs, job } from "./queries";
import type { Job, JobsMessage } from "./types";

class Stream extends EventTarget {
  static all: Stream[] = [];
  onerror: (() => void) | null = null;
  closed = false;

  constructor(readonly address: string) {
    super();
    Stream.all.push(this);
  }

  close(): void {
    this.closed = true;
  }

  tell(kind: JobsMessage["kind"], ...jobs: Partial<Job>[]): void {
    const data = JSON.stringify({ kind, jobs: jobs.map(made), queued: 0, running: 0 });
    this.dispatchEvent(new MessageEvent("jobs", { data }));
  }
}

const made = (fields: Partial<Job>) =>
  ({ job_id: "a", created_at: "2026-01-05", ...fields }) as Job;
const active = () => client.getQueryData(activeJobs.queryKey)?.map((one) => one.job_id);
const asked = () => invalidated.mock.calls.map(([filter]) => filter?.queryKey?.join(" "));
let client: QueryClient;
let invalidated: MockInstance<QueryClient["invalidateQueries"]>;
let stream: Stream;
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  Stream.all = [];
  vi.stubGlobal("EventSource", Stream);
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json({})));
  client = new QueryClient();
  invalidated = vi.spyOn(client, "invalidateQueries");
  stop = followJobs(client);
  stream = Stream.all[0] as Stream;
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

it("keeps the list of what goes on, the newest first", () => {
  stream.tell("state", { job_id: "a", status: "running" }, { job_id: "b", status: "queued" });
  stream.tell("changes", { job_id: "c", status: "queued", created_at: "2026-01-06" });
  expect(active()).toEqual(["c", "a", "b"]);
  stream.tell("changes", { job_id: "a", status: "ok" });
  expect(active()).toEqual(["c", "b"]);
});

it("keeps the list while nobody looks at it", async () => {
  stream.tell("state", { job_id: "a", status: "running" }, { job_id: "b", status: "queued" });
  await vi.advanceTimersByTimeAsync(60 * 60_000);
  stream.tell("changes", { job_id: "a", status: "running", progress: 0.5 });
  expect(active()).toEqual(["b", "a"]);
});

it("tells whoever looks at a job, and keeps no other", () => {
  client.setQueryData(job("a").queryKey, made({ status: "queued" }));
  stream.tell("changes", { status: "running", progress: 0.5 }, { job_id: "b", status: "running" });
  expect(client.getQueryData(job("a").queryKey)).toMatchObject({ progress: 0.5 });
  expect(client.getQueryState(job("b").queryKey)).toBeUndefined();
});

it("asks for results at once when a run ends, and then not again for a while", async () => {
  const lists = () => asked().filter((key) => key === "results").length;
  stream.tell("changes", { status: "ok", run_id: "run-a" });
  expect(asked()).toContain("result run-a");
  for (const job_id of ["b", "c", "d"]) stream.tell("changes", { job_id, status: "ok" });
  expect(lists()).toBe(1);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(lists()).toBe(2);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(lists()).toBe(2);
});

it("asks for what ended while nothing was told", () => {
  stream.tell("state", { job_id: "a", status: "running", run_id: "run-a" });
  stream.onerror?.();
  invalidated.mockClear();
  stream.tell("state", { job_id: "b", status: "running" });
  expect(asked()).toEqual(["jobs a", "result run-a", "results"]);
});

it("asks for what was followed and is not told of, as after a restart of the service", () => {
  for (const job_id of ["a", "c"]) {
    client.setQueryData(job(job_id).queryKey, made({ job_id, status: "running" }));
  }
  client.setQueryData(job("b").queryKey, made({ job_id: "b", status: "ok" }));
  stream.onerror?.();
  client.setQueryData(activeJobs.queryKey, [made({ job_id: "c", status: "running" })]);
  invalidated.mockClear();
  stream.tell("state");
  expect(asked()).toEqual(["jobs c", "jobs a", "results"]);
});

it("opens a stream that broke again, later each time, and asks meanwhile", async () => {
  stream.tell("state");
  expect(unlessLive(2_000)).toBe(false);
  for (const wait of [500, 1_000, 2_000]) {
    const before = Stream.all.length;
    Stream.all.at(-1)?.onerror?.();
    expect(unlessLive(2_000)).toBe(2_000);
    await vi.advanceTimersByTimeAsync(wait - 1);
    expect(Stream.all).toHaveLength(before);
    await vi.advanceTimersByTimeAsync(2);
    expect(Stream.all).toHaveLength(before + 1);
  }
});

it("stops when it is told to", async () => {
  stream.onerror?.();
  stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(Stream.all).toHaveLength(1);
  expect(stream.closed).toBe(true);
});
