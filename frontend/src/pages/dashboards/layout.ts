import type { Panel } from "../../grafana/model";

export interface Section {
  /** Null above the first row. */
  row: Panel | null;
  panels: Panel[];
  /** Where its first panel begins, in Grafana's grid. */
  top: number;
}

/** Panels by the row that they stand under. */
export function sectionsOf(panels: readonly Panel[]): Section[] {
  const sections: Section[] = [];
  for (const panel of panels) {
    if (panel.type === "row") sections.push({ row: panel, panels: [], top: 0 });
    else {
      if (!sections.length) sections.push({ row: null, panels: [], top: 0 });
      sections.at(-1)?.panels.push(panel);
    }
  }
  return sections.map((section) => ({
    ...section,
    top: Math.min(...section.panels.map(({ gridPos }) => gridPos.y)),
  }));
}
