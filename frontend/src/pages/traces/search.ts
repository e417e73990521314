/** What the address of the traces holds: the query, its time, and the order of what was found. */

export interface TracesSearch {
  /** TraceQL, in one line. */
  q?: string | undefined;
  /** `now-1h` or Unix milliseconds, as on boards. */
  from?: string | undefined;
  to?: string | undefined;
  /** A column, with `-` before it when it goes down. */
  sort?: string | undefined;
}

export const ALL = "{ }";
/** Failed ones first, equal ones newest first. */
export const ERRORS_FIRST = "-errors";

export function readTracesSearch(given: Record<string, unknown>): TracesSearch {
  const search: TracesSearch = {};
  const { q, from, to, sort } = given;
  if (typeof q === "string" && q.trim()) search.q = oneLine(q);
  if (typeof from === "string") search.from = from;
  if (typeof to === "string") search.to = to;
  if (typeof sort === "string") search.sort = sort;
  return search;
}

/** A query of many lines, as alerts may have it, means the same in one. */
export function oneLine(query: string): string {
  return query.replace(/\s*\n\s*/g, " ").trim();
}
