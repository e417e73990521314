/** Ticks as plain numbers: one array a column, filled while they arrive. */

import type { Numbers } from "./arrow";

const NS = 1e9;
const HIGH = 2 ** 32;
const FIRST_ROOM = 65_536;

export class TickStore {
  /** Unix seconds, ascending; the resolution is that of the number: 0.24 µs. */
  times = new Float64Array(0);
  columns: Float64Array[];
  rows = 0;
  readonly #time: string;
  readonly #names: readonly string[];

  /** `room`: how many rows will come, where it is known. */
  constructor(time: string, names: readonly string[], room = FIRST_ROOM) {
    this.#time = time;
    this.#names = names;
    this.columns = names.map(() => new Float64Array(0));
    this.#grow(room);
  }

  /** Appends a batch. Throws where a column is missing. */
  add(batch: ReadonlyMap<string, Numbers>): void {
    const times = batch.get(this.#time);
    if (!(times instanceof BigInt64Array)) throw new Error(`column ${this.#time} is missing`);
    const end = this.rows + times.length;
    if (end > this.times.length) this.#grow(Math.max(end, 2 * this.times.length));
    seconds(times, this.times.subarray(this.rows, end));
    this.#names.forEach((name, place) => {
      const values = batch.get(name);
      if (!(values instanceof Float64Array)) throw new Error(`column ${name} is missing`);
      this.columns[place]?.set(values, this.rows);
    });
    this.rows = end;
  }

  #grow(room: number): void {
    this.times = grown(this.times, this.rows, room);
    this.columns = this.columns.map((column) => grown(column, this.rows, room));
  }
}

function grown(values: Float64Array, used: number, room: number) {
  const larger = new Float64Array(room);
  larger.set(values.subarray(0, used));
  return larger;
}

/** Nanoseconds as seconds. Halves are read apart: making a number of each BigInt takes 20 times as long. */
function seconds(ns: BigInt64Array, into: Float64Array): void {
  const halves = new Uint32Array(ns.buffer, ns.byteOffset, 2 * ns.length);
  for (let row = 0; row < into.length; row += 1) {
    const [low, high] = [halves[2 * row] as number, halves[2 * row + 1] as number];
    into[row] = (high * HIGH + low) / NS;
  }
}
