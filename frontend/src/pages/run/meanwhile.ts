/** Panels of the generated boards that tell what the platform did while a run went on. */

import type { Board, Panel } from "../../grafana/model";
import type { TextRange, Window } from "../../grafana/range";
import type { BacktestResult } from "../../api/types";

/** By board and title: a test holds them to the boards as generated. */
export const CHOSEN: readonly (readonly [uid: string, titles: readonly string[]])[] = [
  ["nautobs-runtime", ["Resident memory", "CPU", "Pauses", "Waiting jobs"]],
  ["nautobs-backtest", ["Data points", "GC share of run time"]],
];

const LEAST_MARGIN_SECONDS = 60;

/** The time around a run, Unix seconds: as much again on both sides, a minute at least. */
export function around(run: Pick<BacktestResult, "created_at" | "finished_at">): Window {
  const from = new Date(run.created_at).getTime() / 1000;
  const to = new Date(run.finished_at).getTime() / 1000;
  const margin = Math.max(LEAST_MARGIN_SECONDS, (to - from) / 2);
  return { from: from - margin, to: to + margin };
}

export function rangeOf({ from, to }: Window): TextRange {
  return { from: String(Math.round(from * 1000)), to: String(Math.round(to * 1000)) };
}

/** The chosen panels of a board, in the order in which they were chosen. */
export function chosenOf(board: Board, titles: readonly string[]): Panel[] {
  return titles.flatMap((title) => board.panels.find((panel) => panel.title === title) ?? []);
}
