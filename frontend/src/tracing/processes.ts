import type { Trace } from "./model";

const COLOURS = 8;

/** The processes of a trace and the colour of each, by the order in which they appear. */
export function processColours(trace: Trace): ReadonlyMap<string, string> {
  const all = [...new Set(trace.spans.map(({ process }) => process))].sort();
  return new Map(all.map((process, place) => [process, `var(--series-${(place % COLOURS) + 1})`]));
}
