import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { followJob } from "./events";
import { job } from "./queries";
import type { Job } from "./types";

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

  tell(update: Partial<Job>): void {
    const data = JSON.stringify({ job_id: "job-1", ...update });
    this.dispatchEvent(new MessageEvent("job", { data }));
  }
}

const asked = vi.fn<(request: Request | string) => Promise<Response>>();
const known = () => client.getQueryData(job("job-1").queryKey);
let client: QueryClient;

beforeEach(() => {
  vi.useFakeTimers();
  Stream.all = [];
  client = new QueryClient();
  vi.stubGlobal("EventSource", Stream);
  vi.stubGlobal("fetch", asked);
  asked.mockImplementation(() =>
    Promise.resolve(Response.json({ job_id: "job-1", status: "running" })),
  );
});
afterEach(() => vi.useRealTimers());

it("puts each event into the cache, and ends with the job", () => {
  followJob("job-1", client);
  const [stream] = Stream.all;
  stream?.tell({ status: "running", progress: 0.5 });
  expect(known()).toMatchObject({ progress: 0.5 });
  expect(stream?.closed).toBe(false);
  stream?.tell({ status: "ok" });
  expect(known()).toMatchObject({ status: "ok" });
  expect(stream?.closed).toBe(true);
});

it("opens a stream that broke again, later each time", async () => {
  followJob("job-1", client);
  for (const wait of [500, 1_000, 2_000]) {
    const before = Stream.all.length;
    Stream.all.at(-1)?.onerror?.();
    await vi.advanceTimersByTimeAsync(wait - 1);
    expect(Stream.all).toHaveLength(before);
    await vi.advanceTimersByTimeAsync(2);
    expect(Stream.all).toHaveLength(before + 1);
  }
});

it("gives up a job that the service does not know any more", async () => {
  const detail = { title: "x", status: 404, detail: "no job" };
  const gone = () => new Response(JSON.stringify(detail), { status: 404 });
  asked.mockImplementation(() => Promise.resolve(gone()));
  followJob("job-1", client);
  Stream.all[0]?.onerror?.();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(Stream.all).toHaveLength(1);
  expect(client.getQueryState(job("job-1").queryKey)?.error?.message).toBe("no job");
});

it("stops when it is told to", async () => {
  const stop = followJob("job-1", client);
  Stream.all[0]?.onerror?.();
  stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(Stream.all).toHaveLength(1);
  expect(Stream.all[0]?.closed).toBe(true);
});
