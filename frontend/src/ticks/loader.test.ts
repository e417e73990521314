import { beforeEach, expect, it, vi } from "vitest";

import { until } from "../testing/until";
import { Loader } from "./loader";
import type { FromWorker, LoadRequest } from "./protocol";
import { answerOf, ASKS, BIDS, STREAM, TIMES } from "./testing/stream";

const HELD = { "Ticks-In-Window": "9" };
const REQUEST: LoadRequest = {
  type: "load",
  load: 1,
  address: "/api/catalog/ticks?x",
  traceparent: "00-a-b-01",
  time: "ts_init",
  columns: ["ask_price", "bid_price"],
  lines: 2,
  limit: 5,
};
const VIEW = { type: "view", load: 1, view: 7, window: null, pixels: 100 } as const;

const asked = vi.fn<typeof fetch>();
let said: FromWorker[];
let moved: Transferable[];
let loader: Loader;

beforeEach(() => {
  said = [];
  moved = [];
  loader = new Loader((message, transfer = []) => {
    said.push(message);
    moved.push(...transfer);
  }, asked);
});

it("tells how far it is, then how much there is", async () => {
  asked.mockResolvedValue(answerOf([STREAM.slice(0, 700), STREAM.slice(700)], HELD));
  await loader.handle(REQUEST);
  expect(asked.mock.lastCall?.[1]?.headers).toEqual({ traceparent: "00-a-b-01" });
  expect(said).toEqual([
    { type: "progress", load: 1, rows: 2, expected: 5 },
    { type: "progress", load: 1, rows: 5, expected: 5 },
    { type: "loaded", load: 1, rows: 5, inWindow: 9, from: TIMES[0], to: TIMES[4] },
  ]);
});

it("hands a view over, and keeps what it was made of", async () => {
  asked.mockResolvedValue(answerOf([STREAM], HELD));
  await loader.handle(REQUEST);
  said = [];
  await loader.handle(VIEW);
  await loader.handle({ ...VIEW, view: 8, window: { from: 1_741_737_601, to: 1_741_737_606 } });
  expect(said).toMatchObject([
    { view: 7, inside: 5, whole: true, from: TIMES[0], to: TIMES[4] },
    { view: 8, inside: 2, from: 1_741_737_601, to: 1_741_737_606 },
  ]);
  const [first] = said;
  if (first?.type !== "view") throw new Error("no view came");
  expect(first.columns.map((column) => [...column])).toEqual([ASKS, BIDS]);
  expect(moved).toHaveLength(6);
  expect(moved).toContain(first.times.buffer);
});

it("draws what has arrived before the rest has", async () => {
  let go: (() => void) | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(STREAM.slice(0, 700));
      go = () => {
        controller.enqueue(STREAM.slice(700));
        controller.close();
      };
    },
  });
  asked.mockResolvedValue(new Response(body as BodyInit, { headers: HELD }));
  const done = loader.handle(REQUEST);
  await until(() => expect(said).toHaveLength(1));
  await loader.handle(VIEW);
  expect(said[1]).toMatchObject({ type: "view", inside: 2, whole: false });
  go?.();
  await done;
  expect(said.at(-1)?.type).toBe("loaded");
});

it("answers nothing about a load that is no longer", async () => {
  asked.mockResolvedValue(answerOf([STREAM], HELD));
  await loader.handle(REQUEST);
  const before = said.length;
  await loader.handle({ ...VIEW, load: 2 });
  expect(said).toHaveLength(before);
});

it("ends a load when another begins", async () => {
  const signals: AbortSignal[] = [];
  asked.mockImplementationOnce(
    (_, init) =>
      new Promise((_resolve, reject) => {
        const signal = init?.signal;
        if (!signal) return;
        signals.push(signal);
        signal.addEventListener("abort", () => reject(new DOMException("left", "AbortError")));
      }),
  );
  const first = loader.handle(REQUEST);
  asked.mockResolvedValueOnce(answerOf([STREAM], HELD));
  await loader.handle({ ...REQUEST, load: 2 });
  await first;
  expect(signals[0]?.aborted).toBe(true);
  expect(new Set(said.map((one) => one.load))).toEqual(new Set([2]));
});

it("gives the problem of a refusal", async () => {
  const problem = { title: "Invalid", status: 422, detail: "no ticks", field: "start" };
  asked.mockResolvedValue(Response.json(problem, { status: 422 }));
  await loader.handle(REQUEST);
  expect(said).toEqual([{ type: "failed", load: 1, problem, message: "no ticks" }]);
});

it("says that no answer came, or not all of it", async () => {
  asked.mockRejectedValueOnce(new TypeError("Failed to fetch"));
  await loader.handle(REQUEST);
  asked.mockResolvedValueOnce(answerOf([STREAM.slice(0, -8)], HELD));
  await loader.handle(REQUEST);
  const failures = said.filter((one) => one.type === "failed");
  expect(failures).toEqual([
    { type: "failed", load: 1, message: "The service does not answer" },
    { type: "failed", load: 1, message: "The service does not answer" },
  ]);
});

it("says that nothing came for long", async () => {
  vi.useFakeTimers();
  asked.mockImplementationOnce(
    (_, init) =>
      new Promise((_resolve, reject) => {
        const left = () => reject(new DOMException("left", "AbortError"));
        init?.signal?.addEventListener("abort", left);
      }),
  );
  const done = loader.handle(REQUEST);
  await vi.advanceTimersByTimeAsync(30_000);
  await done;
  vi.useRealTimers();
  expect(said).toEqual([{ type: "failed", load: 1, message: "Nothing came for 30 s" }]);
});

it("names what cannot be read as a failure of the answer", async () => {
  asked.mockResolvedValue(new Response("this is a text", { status: 200 }));
  await loader.handle(REQUEST);
  expect(said[0]).toMatchObject({ type: "failed", message: "the answer is no Arrow stream" });
});
