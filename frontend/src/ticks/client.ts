/** The page's side: one worker, which loads one window of ticks at a time. */

import { ApiError, Unreachable } from "../api/problem";
import { reportAnswer, reportSilence } from "../api/reachability";
import { traced } from "../api/trace";
import { columnsFor, DRAWINGS, type Kind, TIME } from "./kinds";
import type { Drawn, FromWorker, Loaded, Progress, ToWorker, ViewRequest } from "./protocol";

/** From then on what has arrived is drawn while the rest is on its way, again after as long. */
const PREVIEW_MS = 500;
/** All times that the catalog can hold. */
const [EVER, FOREVER] = ["1970-01-01T00:00:00Z", "2261-12-31T23:59:59Z"];

export interface Wanted {
  instrument: string;
  kind: Kind;
  bar_type?: string | undefined;
  /** ISO 8601; all that is held without them. */
  start?: string | undefined;
  end?: string | undefined;
  limit: number;
}

export type Heard = Progress | Loaded | Drawn | { type: "failed"; error: Error };
export type Window = ViewRequest["window"];

/** What is used of a Worker. */
export type Beside = Pick<Worker, "postMessage" | "addEventListener" | "terminate">;

export function startWorker(): Beside {
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
}

export class TickClient {
  readonly #worker: Beside;
  readonly #listen: (heard: Heard) => void;
  #load = 0;
  #asked = 0;
  #answered = 0;
  #previewed = 0;
  #window: Window = null;
  #pixels = 0;
  #end: () => void = nothing;
  /** When the load began, by the clock of `performance`. */
  began = 0;

  constructor(worker: Beside, listen: (heard: Heard) => void) {
    this.#worker = worker;
    this.#listen = listen;
    worker.addEventListener("message", (event) =>
      this.#hear((event as MessageEvent<FromWorker>).data),
    );
    worker.addEventListener("error", () =>
      this.#fail(new Error("The part that reads ticks could not be run; load the page again")),
    );
  }

  /** Begins to load; what was loaded or asked for before is forgotten. */
  load(wanted: Wanted): void {
    this.#end();
    this.#load += 1;
    this.#answered = this.#asked;
    this.began = this.#previewed = performance.now();
    const { traceparent, end } = traced();
    this.#end = end;
    this.#post({
      type: "load",
      load: this.#load,
      address: addressOf(wanted),
      traceparent,
      time: TIME,
      columns: columnsFor(wanted.kind),
      lines: DRAWINGS[wanted.kind].lines.length,
      limit: wanted.limit,
    });
  }

  /** Asks for what is seen of it: Unix seconds, null for all; `pixels` from left to right. */
  show(window: Window, pixels: number): void {
    this.#window = window;
    this.#pixels = pixels;
    this.#ask();
  }

  /** Ends the worker and whatever it reads. */
  close(): void {
    this.#end();
    this.#worker.terminate();
  }

  #ask(): void {
    if (this.#pixels < 1 || this.#load === 0) return;
    const [window, pixels] = [this.#window, this.#pixels];
    this.#asked += 1;
    this.#post({ type: "view", load: this.#load, view: this.#asked, window, pixels });
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #hear(message: FromWorker): void {
    if (message.load !== this.#load) return;
    if (message.type === "failed") {
      if (message.problem) reportAnswer();
      else reportSilence();
      this.#fail(
        message.problem ? new ApiError(message.problem) : new Unreachable(message.message),
      );
      return;
    }
    if (message.type === "view") {
      // One that was asked for later may have been answered before.
      if (message.view <= this.#answered) return;
      this.#answered = message.view;
    }
    this.#listen(message);
    if (message.type === "loaded") {
      reportAnswer();
      this.#end();
      this.#ask();
    } else if (message.type === "progress" && performance.now() - this.#previewed > PREVIEW_MS) {
      this.#previewed = performance.now();
      this.#ask();
    }
  }

  #fail(error: Error): void {
    this.#end();
    this.#listen({ type: "failed", error });
  }
}

function nothing(): void {
  return;
}

/** Only what is drawn is asked for. */
export function addressOf({ instrument, kind, bar_type, start, end, limit }: Wanted): string {
  const query = new URLSearchParams({
    instrument_id: instrument,
    kind,
    ...(bar_type ? { bar_type } : {}),
    start: start ?? EVER,
    end: end ?? FOREVER,
    limit: String(limit),
    format: "arrow",
  });
  for (const column of [TIME, ...columnsFor(kind)]) query.append("columns", column);
  return `/api/catalog/ticks?${query}`;
}
