/** What the address of a sweep holds: order of its runs, and what its map shows. */

export interface SweepSearch {
  sort?: string | undefined;
  /** Parameters across and down. */
  x?: string | undefined;
  y?: string | undefined;
  figure?: string | undefined;
}

const NAMES = ["sort", "x", "y", "figure"] as const;

/** Whatever else an address says is left out. */
export function readSweepSearch(given: Record<string, unknown>): SweepSearch {
  const texts = NAMES.map((name) => [name, given[name]] as const);
  return Object.fromEntries(texts.filter(([, value]) => typeof value === "string" && value));
}
