import { describe, expect, it } from "vitest";

import { columnsOf, Messages } from "./arrow";
import { TickStore } from "./store";
import { ASKS, BIDS, STREAM, TIMES } from "./testing/stream";

const NAMES = ["ask_price", "bid_price"];

/** The stream in pieces of a size. */
function pieces(size: number): Uint8Array[] {
  const count = Math.ceil(STREAM.length / size);
  return Array.from({ length: count }, (_, n) => STREAM.slice(n * size, (n + 1) * size));
}

function read(parts: Uint8Array[]) {
  const messages = new Messages();
  const [schema, ...batches] = parts.flatMap((part) => messages.add(part));
  if (!schema) throw new Error("no schema came");
  const store = new TickStore("ts_init", NAMES, 1);
  const sizes = batches.map((batch) => {
    store.add(columnsOf(schema, batch));
    return store.rows;
  });
  return { messages, store, sizes };
}

describe("a stream of the service", () => {
  it.each([1, 7, 64, 1_000_000])("is read in pieces of %i bytes", (size) => {
    const { messages, store, sizes } = read(pieces(size));
    expect(messages.ended).toBe(true);
    expect(sizes).toEqual([2, 5]);
    expect([...store.times.subarray(0, 5)]).toEqual(TIMES);
    expect(store.columns.map((column) => [...column.subarray(0, 5)])).toEqual([ASKS, BIDS]);
  });

  it("gives a batch as soon as it is whole", () => {
    const messages = new Messages();
    const whole = pieces(8).map((part) => messages.add(part).length);
    const places = whole.flatMap((count, place) => (count ? [place] : []));
    expect(places).toHaveLength(3);
    expect(places[1]).toBeLessThan(whole.length - 10);
  });

  it("has not ended when it was cut off", () => {
    expect(read([STREAM.slice(0, -8)]).messages.ended).toBe(false);
  });

  it("says so when a column is missing, or holds no numbers", () => {
    const messages = new Messages();
    const [schema, batch] = messages.add(STREAM);
    if (!schema || !batch) throw new Error("nothing came");
    const columns = columnsOf(schema, batch);
    expect(() => new TickStore("ts_event", []).add(columns)).toThrow("column ts_event is missing");
    expect(() => new TickStore("ts_init", ["price"]).add(columns)).toThrow("column price");
  });
});

it("refuses what is no Arrow", () => {
  const text = new TextEncoder().encode('{"detail": "an answer in JSON"}');
  expect(() => new Messages().add(text)).toThrow("no Arrow stream");
});
