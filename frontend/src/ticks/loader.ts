/** The worker's side: asks for ticks, keeps them, and answers with as many points as are seen. */

import { problemOf } from "../api/problem";
import { columnsOf, Messages } from "./arrow";
import { downsample } from "./downsample";
import type { FromWorker, LoadRequest, ToWorker, ViewRequest } from "./protocol";
import { TickStore } from "./store";

const IN_WINDOW = "Ticks-In-Window";
const SILENCE_MS = 30_000;
const MOST_PIXELS = 8_192;

type Post = (message: FromWorker, transfer?: Transferable[]) => void;

interface Held {
  request: LoadRequest;
  store: TickStore;
  whole: boolean;
}

/** Handles messages of the page; a new load ends the one before. */
export class Loader {
  readonly #post: Post;
  readonly #fetch: typeof fetch;
  #held: Held | null = null;
  #running: AbortController | null = null;

  constructor(post: Post, ask: typeof fetch = (...given) => fetch(...given)) {
    this.#post = post;
    this.#fetch = ask;
  }

  async handle(message: ToWorker): Promise<void> {
    if (message.type === "view") this.#view(message);
    else await this.#load(message);
  }

  async #load(request: LoadRequest): Promise<void> {
    this.#running?.abort();
    const running = (this.#running = new AbortController());
    this.#held = null;
    const { load } = request;
    try {
      await this.#read(request, running);
    } catch (error) {
      if (this.#running !== running) return;
      if (error instanceof Refused) {
        this.#post({ type: "failed", load, problem: error.problem, message: error.message });
        return;
      }
      const silent = running.signal.aborted || error instanceof TypeError;
      const said = error instanceof Error ? error.message : String(error);
      const late = `Nothing came for ${SILENCE_MS / 1_000} s`;
      const what = running.signal.aborted ? late : "The service does not answer";
      const problem = { title: "Unreadable", status: 200, detail: said };
      this.#post(
        silent
          ? { type: "failed", load, message: what }
          : { type: "failed", load, problem, message: said },
      );
    }
  }

  async #read(request: LoadRequest, running: AbortController): Promise<void> {
    let timer = setTimeout(() => running.abort(), SILENCE_MS);
    try {
      const headers = { traceparent: request.traceparent };
      const answer = await this.#fetch(request.address, { headers, signal: running.signal });
      if (!answer.ok || !answer.body) throw await refusal(answer);
      const inWindow = Number(answer.headers.get(IN_WINDOW) ?? NaN);
      const expected = Math.min(request.limit, Number.isNaN(inWindow) ? request.limit : inWindow);
      const store = new TickStore(request.time, request.columns, Math.max(1, expected));
      const held: Held = { request, store, whole: false };
      this.#held = held;
      const messages = new Messages();
      let schema: Uint8Array | undefined;
      const reader = answer.body.getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        clearTimeout(timer);
        timer = setTimeout(() => running.abort(), SILENCE_MS);
        const before = store.rows;
        for (const message of messages.add(part.value)) {
          if (schema) store.add(columnsOf(schema, message));
          else schema = message;
        }
        if (this.#running !== running) return;
        if (store.rows > before) {
          this.#post({ type: "progress", load: request.load, rows: store.rows, expected });
        }
      }
      if (!messages.ended) throw new TypeError("the stream was cut off");
      held.whole = true;
      this.#post(loaded(held, Number.isNaN(inWindow) ? store.rows : inWindow));
    } finally {
      clearTimeout(timer);
    }
  }

  #view({ load, view, window, pixels }: ViewRequest): void {
    const held = this.#held;
    if (held?.request.load !== load || held.store.rows === 0) return;
    const { store, request, whole } = held;
    const { from, to } = window ?? ends(store);
    const lines = Array.from({ length: request.lines }, (_, line) => line);
    const width = Math.min(MOST_PIXELS, Math.max(1, Math.floor(pixels)));
    const { times, columns, inside } = downsample(store, from, to, width, lines);
    this.#post(
      { type: "view", load, view, from, to, times, columns, inside, whole },
      [times, ...columns].map((array) => array.buffer as ArrayBuffer),
    );
  }
}

/** Of the first and the last tick; one tick alone stands in the middle of a second. */
function ends(store: TickStore): { from: number; to: number } {
  const [from, to] = [store.times[0] as number, store.times[store.rows - 1] as number];
  return from < to ? { from, to } : { from: from - 0.5, to: to + 0.5 };
}

function loaded({ request, store }: Held, inWindow: number): FromWorker {
  return { type: "loaded", load: request.load, rows: store.rows, inWindow, ...ends(store) };
}

class Refused extends Error {
  constructor(readonly problem: ReturnType<typeof problemOf>) {
    super(problem.detail);
  }
}

async function refusal(answer: Response): Promise<Refused> {
  const body: unknown = await answer.json().catch(() => null);
  return new Refused(problemOf(body, answer.status, "/api/catalog/ticks"));
}
