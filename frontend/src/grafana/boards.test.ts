import { expect, it } from "vitest";

import type { Board, Panel } from "./model";
import { aboutPanel, unsupported } from "./support";

const BOARDS = import.meta.glob<Board>("../../../dashboards/generated/*.json", {
  eager: true,
  import: "default",
});

it("finds the generated boards", () => {
  expect(Object.keys(BOARDS).length).toBeGreaterThan(8);
});

it.each(Object.entries(BOARDS))("draws all that %s uses", (_, board) => {
  expect(board.panels.length).toBeGreaterThan(5);
  expect(unsupported(board)).toEqual([]);
});

const PANEL: Panel = { id: 1, type: "stat", title: "t", gridPos: { x: 0, y: 0, w: 1, h: 1 } };

it.each<[string, Partial<Panel>, string]>([
  ["a type", { type: "geomap" }, "Panels of type geomap are not drawn."],
  ["a unit", { fieldConfig: { defaults: { unit: "celsius" } } }, "unit celsius"],
  ["a transformation", { transformations: [{ id: "joinByField", options: {} }] }, "joinByField"],
  ["a calculation", { options: { legend: { calcs: ["diff"] } } }, "calculation diff"],
  ["a source", { targets: [{ refId: "A", datasource: { type: "loki", uid: "" } }] }, "loki"],
])("says that it cannot draw %s", (_, changed, said) => {
  expect(aboutPanel({ ...PANEL, ...changed }).join(" ")).toContain(said);
});

it("says which names no query can be filled with", () => {
  const panels = [{ ...PANEL, targets: [{ refId: "A", expr: 'up{a="$other"}' }] }];
  expect(unsupported({ uid: "u", title: "t", panels })).toEqual([
    "The variable other is not drawn.",
  ]);
});
