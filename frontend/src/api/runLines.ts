/** Runs as lines of a table, out of the compact form that they come in. */

import type { ResultTable, RunStatus } from "./types";

export interface RunLine {
  run_id: string;
  status: RunStatus;
  strategy: string;
  instrument_id: string;
  kind: string;
  window: string;
  created_at: string;
  finished_at: string;
  duration_seconds: number;
  data_points: number;
  data_points_per_second: number;
  peak_memory_bytes: number;
  gc_seconds: number;
  events: number;
  orders: number;
  positions: number;
  pnl: number;
  currency: string | null;
}

/** The lines of a table by the names of its columns, whatever their order. */
export function runLines(table: ResultTable): RunLine[] {
  return table.rows.map((row) => {
    const named = table.columns.map((column, place) => [column, row[place]] as const);
    return Object.fromEntries(named) as unknown as RunLine;
  });
}
