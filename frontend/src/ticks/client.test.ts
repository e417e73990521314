import { beforeEach, expect, it, vi } from "vitest";

import { ApiError, Unreachable } from "../api/problem";
import { addressOf, type Heard, TickClient } from "./client";
import type { Drawn, FromWorker, Loaded, ToWorker } from "./protocol";

const WANTED = { instrument: "EUR/USD.SIM", kind: "quote", limit: 100 } as const;
const LOADED: Loaded = { type: "loaded", load: 1, rows: 5, inWindow: 9, from: 1, to: 2 };

class Beside extends EventTarget {
  readonly posted: ToWorker[] = [];
  terminated = false;

  postMessage(message: ToWorker): void {
    this.posted.push(message);
  }

  terminate(): void {
    this.terminated = true;
  }

  say(message: FromWorker): void {
    this.dispatchEvent(new MessageEvent("message", { data: message }));
  }
}

let worker: Beside;
let heard: Heard[];
let client: TickClient;

beforeEach(() => {
  worker = new Beside();
  heard = [];
  client = new TickClient(worker as never, (message) => heard.push(message));
});

function view(number: number, load = 1): Drawn {
  const none = new Float64Array(0);
  return {
    type: "view", load, view: number, from: 1, to: 2, times: none, columns: [], inside: 0, whole: true,
  }; // prettier-ignore
}

it("asks for nothing but what is drawn", () => {
  const address = new URL(addressOf({ ...WANTED, start: "2024-01-02T00:00:00Z" }), "http://x");
  expect(address.searchParams.get("instrument_id")).toBe("EUR/USD.SIM");
  expect(address.searchParams.getAll("columns")).toEqual(["ts_init", "ask_price", "bid_price"]);
  expect(address.searchParams.get("start")).toBe("2024-01-02T00:00:00Z");
  expect(address.searchParams.has("bar_type")).toBe(false);
  const bars = addressOf({ ...WANTED, kind: "bar", bar_type: "1-MINUTE-MID" });
  expect(bars).toContain("&bar_type=1-MINUTE-MID&");
});

it("carries the trace of the click", () => {
  client.load(WANTED);
  expect(worker.posted[0]).toMatchObject({ load: 1, lines: 2, limit: 100 });
  expect(worker.posted[0]).toHaveProperty(
    "traceparent",
    expect.stringMatching(/^00-.{32}-.{16}-01$/),
  );
});

it("asks for what is seen now, and again when all is there", () => {
  client.load(WANTED);
  client.show({ from: 1, to: 2 }, 300);
  worker.say(LOADED);
  const asked = worker.posted.filter((one) => one.type === "view");
  expect(asked).toMatchObject([
    { view: 1, window: { from: 1, to: 2 }, pixels: 300 },
    { view: 2, window: { from: 1, to: 2 }, pixels: 300 },
  ]);
});

it("leaves out what comes late, or from another load", () => {
  client.load(WANTED);
  worker.say(view(2));
  worker.say(view(1));
  client.load(WANTED);
  worker.say(view(3, 1));
  worker.say({ ...LOADED, load: 1 });
  expect(heard).toEqual([view(2)]);
});

it("draws what has arrived after half a second, not before", () => {
  const clock = vi.spyOn(performance, "now").mockReturnValue(1_000);
  client.load(WANTED);
  client.show(null, 300);
  const progress = { type: "progress", load: 1, rows: 1, expected: 5 } as const;
  for (const now of [1_499, 1_501, 1_600, 2_002]) {
    clock.mockReturnValue(now);
    worker.say(progress);
  }
  expect(worker.posted.filter((one) => one.type === "view")).toHaveLength(1 + 2);
  expect(heard).toHaveLength(4);
});

it("says what failed as the rest of the console does", () => {
  const problem = { title: "Invalid", status: 422, detail: "no ticks" };
  client.load(WANTED);
  worker.say({ type: "failed", load: 1, problem, message: "no ticks" });
  worker.say({ type: "failed", load: 1, message: "The service does not answer" });
  worker.dispatchEvent(new Event("error"));
  const errors = heard.map((one) => (one.type === "failed" ? one.error : null));
  expect(errors[0]).toBeInstanceOf(ApiError);
  expect(errors[1]).toBeInstanceOf(Unreachable);
  expect(errors[2]?.message).toContain("load the page again");
});

it("ends the worker", () => {
  client.load(WANTED);
  client.close();
  expect(worker.terminated).toBe(true);
});
