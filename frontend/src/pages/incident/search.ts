/** What the address of the page holds: the time, as boards have it. */

import type { TextRange } from "../../grafana/range";

export type IncidentSearch = { [K in keyof TextRange]?: string | undefined };

/** Whatever else an address says is left out. */
export function readIncidentSearch(given: Record<string, unknown>): IncidentSearch {
  const text = (name: "from" | "to") => {
    const value = given[name];
    return typeof value === "string" && value ? { [name]: value } : {};
  };
  return { ...text("from"), ...text("to") };
}
