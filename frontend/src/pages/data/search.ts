/** What the addresses of these pages hold. */

import { type Kind, KINDS } from "../../ticks/kinds";

export interface DataSearch {
  /** The raw day that is open: `2024-01-02`. */
  day?: string | undefined;
  /** The file of it that is open. */
  file?: string | undefined;
}

export interface TicksSearch {
  instrument?: string | undefined;
  kind: Kind;
  /** Of bars: `1-MINUTE-MID`. */
  bar_type?: string | undefined;
  /** What is loaded, ISO 8601; everything held without them. */
  start?: string | undefined;
  end?: string | undefined;
  limit: number;
  /** What is seen of it, Unix milliseconds. */
  from?: string | undefined;
  to?: string | undefined;
}

/** How many ticks are loaded at most. The last is what the service gives at once. */
export const LIMITS = [1_000_000, 2_000_000, 5_000_000] as const;

type Given = Record<string, unknown>;

function texts<T extends string>(given: Given, names: readonly T[]): { [K in T]?: string } {
  const found: { [K in T]?: string } = {};
  for (const name of names) {
    const value = given[name];
    if (typeof value === "string" && value) found[name] = value;
  }
  return found;
}

export function readDataSearch(given: Given): DataSearch {
  return texts(given, ["day", "file"]);
}

export function readTicksSearch(given: Given): TicksSearch {
  const window = texts(given, ["from", "to"]);
  const seen = Number(window.from) < Number(window.to) ? window : {};
  return {
    ...texts(given, ["instrument", "bar_type", "start", "end"]),
    ...seen,
    kind: KINDS.find((one) => one === given.kind) ?? "quote",
    limit: LIMITS.find((one) => one === given.limit) ?? LIMITS[0],
  };
}
