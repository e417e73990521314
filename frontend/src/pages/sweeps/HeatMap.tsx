import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useRef, useState } from "react";

import { isActive } from "../../api/queries";
import type { SweepRun } from "../../api/types";
import styles from "./Heat.module.css";
import { type FigureName, FIGURES, figureText } from "./figures";
import { type Cell, type Heat, textOf } from "./heat";

interface Props {
  heat: Heat;
  x: string;
  y: string | undefined;
  figure: FigureName;
  best: SweepRun | null;
}

type Place = readonly [row: number, column: number];

const MOVES: Partial<Record<string, Place>> = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
};
/** Columns up to which values are written into the cells. */
const WRITTEN = 14;
/** The strongest colour, percent: texts stand out from it in light and in dark. */
const STRONGEST = 60;

/** A map that is walked with arrows; Enter opens the run of a cell. */
export function HeatMap({ heat, x, y, figure, best }: Props) {
  const navigate = useNavigate();
  const grid = useRef<HTMLTableElement>(null);
  const [last, setAt] = useState<Place>([0, 0]);
  // Other axes may have fewer values: there is always a cell for the tab key.
  const at: Place = [clamp(last[0], heat.ys.length), clamp(last[1], heat.xs.length)];
  const [seen, setSeen] = useState<Place | null>(null);
  const written = heat.xs.length <= WRITTEN;

  function open(cell: Cell | undefined): void {
    if (!cell?.run) return;
    void navigate({ to: "/runs/$runId", params: { runId: cell.run.run_id } });
  }
  function onKeyDown(event: KeyboardEvent): void {
    const move = MOVES[event.key];
    if (event.key === "Enter") open(heat.cells[at[0]]?.[at[1]]);
    if (!move) return;
    event.preventDefault();
    const row = clamp(at[0] + move[0], heat.ys.length);
    const column = clamp(at[1] + move[1], heat.xs.length);
    setAt([row, column]);
    const cell = grid.current?.querySelector<HTMLElement>(`[data-cell="${row} ${column}"]`);
    cell?.focus();
  }

  const shown = seen ?? at;
  const cell = heat.cells[shown[0]]?.[shown[1]];
  const title = FIGURES[figure].title;
  return (
    <>
      <div className={styles.scroll}>
        <table
          ref={grid}
          // A table whose cells are walked is a grid (WAI-ARIA).
          // eslint-disable-next-line jsx-a11y/no-noninteractive-element-to-interactive-role
          role="grid"
          className={styles.map}
          aria-label={`${title} by ${x}${y ? ` and ${y}` : ""}`}
          onKeyDown={onKeyDown}
          onMouseLeave={() => setSeen(null)}
        >
          <thead>
            <tr>
              <th scope="col" className={styles.corner}>
                <span>{x} →</span>
                {y && <span>{y} ↓</span>}
              </th>
              {heat.xs.map((value) => (
                <th key={textOf(value)} scope="col">
                  {textOf(value)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {heat.ys.map((down, row) => (
              <tr key={textOf(down)}>
                <th scope="row">{y === undefined ? title : textOf(down)}</th>
                {heat.cells[row]?.map((one, column) => (
                  <td
                    key={textOf(heat.xs[column] ?? null)}
                    role="gridcell"
                    data-cell={`${row} ${column}`}
                    tabIndex={at[0] === row && at[1] === column ? 0 : -1}
                    aria-label={spoken(one, figure)}
                    className={one.run && one.run.run_id === best?.run_id ? styles.best : undefined}
                    style={colourOf(one, heat)}
                    onFocus={() => {
                      setAt([row, column]);
                      setSeen(null);
                    }}
                    onMouseEnter={() => setSeen([row, column])}
                    onClick={() => open(one)}
                  >
                    {written ? mark(one, figure) : one.value === null && mark(one, figure)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className={styles.said} aria-live="polite">
        {cell && (
          <>
            {x} <strong>{textOf(heat.xs[shown[1]] ?? null)}</strong>
            {y && (
              <>
                , {y} <strong>{textOf(heat.ys[shown[0]] ?? null)}</strong>
              </>
            )}
            : {title} <strong>{spoken(cell, figure)}</strong>
            {cell.runs > 1 && `, the best of ${cell.runs} runs`}
          </>
        )}
      </p>
    </>
  );
}

function clamp(place: number, count: number): number {
  return Math.max(0, Math.min(count - 1, place));
}

/** A value, or why there is none. */
function spoken(cell: Cell, figure: FigureName): string {
  if (cell.value !== null) return figureText(cell.value, figure);
  if (!cell.run) return "no run";
  return cell.run.status === "ok" ? "no figure" : cell.run.status;
}

function mark(cell: Cell, figure: FigureName): string {
  if (cell.value !== null) return figureText(cell.value, figure);
  if (!cell.run) return "";
  if (isActive(cell.run)) return "…";
  return cell.run.status === "ok" ? "–" : "×";
}

function colourOf({ value }: Cell, { low, high }: Heat): React.CSSProperties | undefined {
  if (value === null || low === null || high === null) return undefined;
  const part = high > low ? (value - low) / (high - low) : 0.5;
  const percent = (part * STRONGEST).toFixed(1);
  return { background: `color-mix(in srgb, var(--heat-2) ${percent}%, var(--surface))` };
}
