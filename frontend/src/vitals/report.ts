/** Sends what was measured: few requests, each with what has come together. */

import type { components } from "../api/schema";
import { takeActions } from "../api/trace";
import { pageName } from "../lib/pageName";

export type Vital = components["schemas"]["Vital"];

const MOST = 20;
const LONGEST_SECONDS = 3_600;
const OLDEST_SECONDS = 600;
const REFUSED = 400;
const TOO_MANY = 429;

/** Until the service says that it makes no traces, or cannot take what is told. */
let tellsActions = true;

export function isTellingActions(): boolean {
  return tellsActions;
}

/**
 * Send measurements and the actions that are over, when a page is left all of them; they are lost
 * when the service does not take them, and nobody is told.
 */
export function send(vitals: readonly Vital[], isLeaving = false): void {
  const sound = vitals.filter(({ value }) => value >= 0 && value <= LONGEST_SECONDS).slice(0, MOST);
  const { traceparent, actions } = takeActions(isLeaving, pageName);
  const told = tellsActions ? actions.filter((one) => one.ago_seconds < OLDEST_SECONDS) : [];
  // The report alone is nothing to report.
  if (!sound.length && told.length < 2) return;
  void fetch("/api/vitals", {
    method: "POST",
    headers: { "Content-Type": "application/json", traceparent },
    body: JSON.stringify({ vitals: sound, actions: told }),
    // Goes on when the page is left.
    keepalive: true,
  })
    .then(({ status, headers }) => {
      const refused = status >= REFUSED && status !== TOO_MANY;
      if (refused || headers.get("X-Tracing") === "off") tellsActions = false;
    })
    .catch(() => undefined);
}
