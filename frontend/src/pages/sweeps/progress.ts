/** How far a sweep is. */

import type { SweepSummary } from "../../api/types";

export interface Counts {
  ended: number;
  failed: number;
  running: number;
  waiting: number;
}

export function countsOf({ counts, total }: Pick<SweepSummary, "counts" | "total">): Counts {
  const number = (status: keyof SweepSummary["counts"]) => counts[status] ?? 0;
  const [running, waiting] = [number("running"), number("queued")];
  return {
    ended: total - running - waiting,
    failed: number("error") + number("timeout") + number("killed"),
    running,
    waiting,
  };
}
