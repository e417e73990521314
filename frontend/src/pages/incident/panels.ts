import type { Panel } from "../../grafana/model";
import type { Section } from "../dashboards/layout";

const DRAWN = ["timeseries", "state-timeline"];

/** Panels that show how things went, with the rows they stand under; a row without any is left out. */
export function keyPanels(sections: readonly Section[]): Panel[] {
  return sections.flatMap(({ row, panels }) => {
    const drawn = panels.filter(({ type }) => DRAWN.includes(type));
    if (!drawn.length) return [];
    // Those that stood beside a table get its place too.
    const moved = drawn.length === 1 ? drawn.map(wide) : drawn;
    return row ? [row, ...moved] : moved;
  });
}

function wide(panel: Panel): Panel {
  return { ...panel, gridPos: { ...panel.gridPos, x: 0, w: 24 } };
}
