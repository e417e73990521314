/** A stream that the service has sent: five quotes in two batches. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

export const STREAM = new Uint8Array(readFileSync(join(import.meta.dirname, "quotes.arrow")));

export const TIMES = [
  1_741_737_600, 1_741_737_600.000_000_001, 1_741_737_602, 1_741_737_605.5, 1_741_824_000,
];
export const ASKS = [1.5, 2.5, 3.5, 1e9, 0.25];
export const BIDS = [1, 2, -3, 4, 0];

/** An answer of these parts, one after the other. */
export function answerOf(parts: Uint8Array[], headers: Record<string, string> = {}): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const part of parts) controller.enqueue(part);
      controller.close();
    },
  });
  return new Response(body as BodyInit, { headers });
}
