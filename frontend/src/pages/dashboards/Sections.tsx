import { use, useState } from "react";

import type { Panel } from "../../grafana/model";
import { RowsContext, type Shown, useBoard } from "./BoardContext";
import { useMarks } from "./marks";
import { PanelFrame } from "./PanelFrame";
import styles from "./Sections.module.css";
import { sectionsOf, type Section } from "./layout";
import { chosenTrace } from "./traceLink";

const SMALL = ["stat"];
/** A line of text takes less room than the trace that may be chosen. */
const LINE_ROWS = 3;

/** The panels, in the rows of the board. */
export function Sections({ panels, alone }: { panels: readonly Panel[]; alone: boolean }) {
  return (
    <div className={styles.board}>
      {sectionsOf(panels).map((section) => (
        <Part key={section.row?.id ?? "first"} section={section} alone={alone} />
      ))}
    </div>
  );
}

function Part({ section, alone }: { section: Section; alone: boolean }) {
  const { row, panels, top } = section;
  const [open, turn] = useOpen(row);
  const marks = useMarks();
  const shown = useBoard();
  return (
    <section className={styles.section} aria-label={row?.title ?? "Panels"}>
      {row && (
        <h2>
          <button type="button" className={styles.row} aria-expanded={open} onClick={turn}>
            <span aria-hidden>{open ? "▾" : "▸"}</span> {row.title}
            {!open && <small> {panels.length} panels</small>}
          </button>
        </h2>
      )}
      {open && (
        <div className={alone ? styles.alone : styles.grid}>
          {panels.map((panel) => (
            <div
              key={panel.id}
              className={[styles.cell, panel.type === "text" ? styles.text : ""].join(" ")}
              data-small={SMALL.includes(panel.type) && panel.gridPos.w <= 8 ? "" : undefined}
              style={place(panel, top, isEmptyTrace(panel, shown))}
            >
              <PanelFrame panel={panel} marks={marks} alone={alone} />
            </div>
          ))}
        </div>
      )}
    </section>
  );
}

/** Whether a row is open, and what turns it over. */
function useOpen(row: Panel | null): readonly [boolean, () => void] {
  const rows = use(RowsContext);
  const [alone, setAlone] = useState(false);
  const turned = rows && row ? rows.turned.includes(row.id) : alone;
  const turn = () => (rows && row ? rows.turn(row.id) : setAlone(!alone));
  return [turned === (row?.collapsed ?? false), turn];
}

function isEmptyTrace(panel: Panel, shown: Shown): boolean {
  return panel.type === "traces" && chosenTrace(panel, shown) === null;
}

/** Where Grafana puts it, for the style sheet to follow where there is room. */
function place({ gridPos }: Panel, top: number, isLine: boolean): React.CSSProperties {
  const { x, y, w } = gridPos;
  const h = isLine ? LINE_ROWS : gridPos.h;
  return { "--x": x + 1, "--y": y - top + 1, "--w": w, "--h": h } as React.CSSProperties;
}
