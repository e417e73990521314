/** What the address of the page holds: order and filters of the results, and a run to repeat. */

import type { ResultFilter } from "../../api/queries";
import type { RunStatus } from "../../api/types";

export const STATUSES: readonly RunStatus[] = ["ok", "error", "cancelled", "timeout", "killed"];
export const NEWEST_FIRST = "-created_at";

export interface BacktestsSearch extends ResultFilter {
  /** The run whose request fills the form. */
  again?: string | undefined;
  /** The form asks for a sweep. */
  sweep?: boolean | undefined;
}

/** Whatever else an address says is left out. */
export function readBacktestsSearch(given: Record<string, unknown>): BacktestsSearch {
  const text = (name: string) => {
    const value = given[name];
    return typeof value === "string" && value ? { [name]: value } : {};
  };
  const status = STATUSES.find((one) => one === given.status);
  return {
    ...text("sort"),
    ...text("strategy"),
    ...text("instrument_id"),
    ...text("again"),
    ...(given.sweep === true ? { sweep: true } : {}),
    ...(status ? { status } : {}),
  };
}
