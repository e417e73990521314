/** What the address of the page holds: the time, as boards have it. */

import type { TextRange } from "../../grafana/range";

export type IncidentSearch = { [K in keyof TextRange]?: string | undefined };

/** What is no text is undefined, not left out: the router would keep what the address says. */
export function readIncidentSearch(given: Record<string, unknown>): IncidentSearch {
  const text = (value: unknown) => (typeof value === "string" && value ? value : undefined);
  return { from: text(given.from), to: text(given.to) };
}
