/** Arrow's stream format, read while it arrives: https://arrow.apache.org/docs/format/Columnar.html */

import { tableFromIPC } from "@uwdata/flechette";

const CONTINUATION = 0xff_ff_ff_ff;
const PREFIX = 8;
/** Bodies begin at multiples of this, and numbers in them are read in place. */
const ALIGNED = 8;
/** Place of `bodyLength` in the table `Message` of Arrow's Message.fbs, and of the first field. */
const BODY_LENGTH = 3;
const FIRST_FIELD = 4;

/** Cuts bytes, however they arrive, into Arrow's messages: a schema first, then batches of rows. */
export class Messages {
  #held: Uint8Array[] = [];
  #size = 0;
  #ended = false;

  /** Whether the stream said that it ended; one that did not was cut off. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The messages that are whole with these bytes. Throws where the bytes are no Arrow. */
  add(bytes: Uint8Array): Uint8Array[] {
    this.#held.push(bytes);
    this.#size += bytes.length;
    const whole: Uint8Array[] = [];
    for (let size = this.#next(); size !== null; size = this.#next()) whole.push(this.#take(size));
    return whole;
  }

  /** The length of the first message; null until it is all here. */
  #next(): number | null {
    if (this.#ended || this.#size < PREFIX) return null;
    const start = view(this.#peek(PREFIX));
    if (start.getUint32(0, true) !== CONTINUATION) throw new Error("the answer is no Arrow stream");
    const metadata = start.getInt32(4, true);
    if (metadata === 0) {
      this.#ended = true;
      return null;
    }
    if (this.#size < PREFIX + metadata) return null;
    const size = PREFIX + metadata + bodyLength(this.#peek(PREFIX + metadata).subarray(PREFIX));
    return this.#size < size ? null : size;
  }

  /** The first bytes, in one piece; they stay. */
  #peek(size: number): Uint8Array {
    const [first] = this.#held;
    if (first && first.length >= size) return first.subarray(0, size);
    const joined = this.#take(size);
    this.#held.unshift(joined);
    this.#size += size;
    return joined;
  }

  /** The first bytes, in one piece of their own; they are gone then. */
  #take(size: number): Uint8Array {
    const taken = new Uint8Array(size);
    let filled = 0;
    let used = 0;
    while (filled < size) {
      const part = this.#held[used];
      if (!part) break;
      const left = size - filled;
      taken.set(part.length > left ? part.subarray(0, left) : part, filled);
      filled += Math.min(part.length, left);
      if (part.length > left) this.#held[used] = part.subarray(left);
      else used += 1;
    }
    this.#held.splice(0, used);
    this.#size -= size;
    return taken;
  }
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** How many bytes follow a message's metadata: a field of a FlatBuffers table. */
function bodyLength(metadata: Uint8Array): number {
  const data = view(metadata);
  const table = data.getInt32(0, true);
  const fields = table - data.getInt32(table, true);
  const place = FIRST_FIELD + 2 * BODY_LENGTH;
  const offset = place < data.getInt16(fields, true) ? data.getInt16(fields + place, true) : 0;
  const length = offset === 0 ? 0 : Number(data.getBigInt64(table + offset, true));
  return Math.ceil(length / ALIGNED) * ALIGNED;
}

/** One column of a batch; `int64` comes as pairs of 32 bits, the lower first. */
export type Numbers = Float64Array | BigInt64Array;

/** Columns of one batch of rows by name, after its schema. Throws for columns that are no numbers. */
export function columnsOf(schema: Uint8Array, batch: Uint8Array): Map<string, Numbers> {
  const table = tableFromIPC([schema, batch], { useBigInt: true });
  return new Map(
    table.names.map((name, index) => {
      const values: unknown = table.getChildAt(index).toArray();
      if (values instanceof Float64Array || values instanceof BigInt64Array) return [name, values];
      throw new Error(`column ${name} holds no numbers`);
    }),
  );
}
