/** Sends what was measured: few requests, each with what has come together. */

import type { components } from "../api/schema";
import { traced } from "../api/trace";

export type Vital = components["schemas"]["Vital"];

const MOST = 20;
const LONGEST_SECONDS = 3_600;

/** Send measurements; they are lost when the service does not take them, and nobody is told. */
export function send(vitals: readonly Vital[]): void {
  const sound = vitals.filter(({ value }) => value >= 0 && value <= LONGEST_SECONDS).slice(0, MOST);
  if (!sound.length) return;
  const { traceparent, end } = traced();
  void fetch("/api/vitals", {
    method: "POST",
    headers: { "Content-Type": "application/json", traceparent },
    body: JSON.stringify({ vitals: sound }),
    // Goes on when the page is left.
    keepalive: true,
  })
    .catch(() => undefined)
    .finally(end);
}
