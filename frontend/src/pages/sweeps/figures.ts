/** The figures of a sweep's runs: how they are called, written, and which way is better. */

import type { SweepFigures, SweepRequest, SweepRun } from "../../api/types";
import { amount, count, duration, NOTHING, percent, plain } from "../../lib/format";

export type Objective = NonNullable<SweepRequest["objective"]>;
export type FigureName = Objective | "duration_seconds" | "orders" | "positions";

interface About {
  title: string;
  text: (value: number) => string;
  lowerIsBetter?: boolean;
}

const ratio = (value: number) => plain(value, 4);
const share = (value: number) => percent(value, 3);

export const FIGURES: Readonly<Record<FigureName, About>> = {
  pnl: { title: "PnL", text: amount },
  total_return: { title: "Return", text: share },
  sharpe_ratio: { title: "Sharpe", text: ratio },
  sortino_ratio: { title: "Sortino", text: ratio },
  max_drawdown: { title: "Drawdown", text: share, lowerIsBetter: true },
  win_rate: { title: "Win rate", text: share },
  profit_factor: { title: "Profit factor", text: ratio },
  turnover: { title: "Turnover", text: ratio, lowerIsBetter: true },
  exposure: { title: "Exposure", text: share, lowerIsBetter: true },
  orders: { title: "Orders", text: count },
  positions: { title: "Positions", text: count },
  duration_seconds: { title: "Took", text: duration, lowerIsBetter: true },
};

export const FIGURE_NAMES = Object.keys(FIGURES) as FigureName[];
export const OBJECTIVES = FIGURE_NAMES.filter(
  (name): name is Objective => !["orders", "positions", "duration_seconds"].includes(name),
);

export function figureNamed(text: string | undefined): FigureName | undefined {
  return FIGURE_NAMES.find((name) => name === text);
}

/** A figure of a run that ended well; null where it has none. */
export function figureOf(run: SweepRun, name: FigureName): number | null {
  const figures: SweepFigures | null | undefined = run.status === "ok" ? run.figures : null;
  return figures?.[name] ?? null;
}

export function figureText(value: number | null, name: FigureName): string {
  return value === null ? NOTHING : FIGURES[name].text(value);
}

/** Whether `a` is the better of two values. */
export function isBetter(name: FigureName, a: number, b: number): boolean {
  return FIGURES[name].lowerIsBetter ? a < b : a > b;
}

/** The order that brings the best first. */
export function bestFirst(name: FigureName): string {
  return FIGURES[name].lowerIsBetter ? name : `-${name}`;
}
