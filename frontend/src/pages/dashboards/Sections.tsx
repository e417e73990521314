import { useState } from "react";

import type { Panel } from "../../grafana/model";
import { useMarks } from "./marks";
import { PanelFrame } from "./PanelFrame";
import styles from "./Sections.module.css";
import { sectionsOf, type Section } from "./layout";

const SMALL = ["stat"];
/** A link takes less room than the trace that Grafana draws. */
const LINK_ROWS = 3;

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
  const [open, setOpen] = useState(!row?.collapsed);
  const marks = useMarks();
  return (
    <section className={styles.section} aria-label={row?.title ?? "Panels"}>
      {row && (
        <h2>
          <button
            type="button"
            className={styles.row}
            aria-expanded={open}
            onClick={() => setOpen(!open)}
          >
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
              style={place(panel, top)}
            >
              <PanelFrame panel={panel} marks={marks} alone={alone} />
            </div>
          ))}
        </div>
      )}
    </section>
  );
}

/** Where Grafana puts it, for the style sheet to follow where there is room. */
function place({ type, gridPos }: Panel, top: number): React.CSSProperties {
  const { x, y, w } = gridPos;
  const h = type === "traces" ? LINK_ROWS : gridPos.h;
  return { "--x": x + 1, "--y": y - top + 1, "--w": w, "--h": h } as React.CSSProperties;
}
